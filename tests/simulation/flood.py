"""A flood of made-up ids beside genuine webhooks, second by second: the gate, the queues and their consumers.

What is decided is decided by the product: its connectors, `receive_webhook`, `capture_event`, its limiter, over twins
in memory. What takes time is a constant here, and what limits it is read from the template.
"""

import heapq
import itertools
import json
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from afterbill.answers.rate_limit import RateLimiter
from afterbill.connectors import registry, standard_webhooks
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import CaptureDeps, Outcome
from afterbill.intake.receive_webhook import Answer, Inboxes, receive_webhook
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.memory.queues import MemoryDeadLetters, MemoryInbox, MemorySendQueue, MemoryTimer
from afterbill_cli.memory.table import MemoryTable
from tests.contract.template import template
from tests.factories import NOON, hash_address, policy

ROOT = Path(__file__).resolve().parents[2]
MINUTE, HOUR = 60.0, 3600.0
TAKING, TURNING_AWAY = 0.020, 0.004
"""Seconds of receive_webhook: one SendMessage within a region takes 10 to 20 ms; turned away is what calls nothing."""
FROM_THE_QUEUE = 0.05
"""Seconds until a poller of Lambda, which waits at the queue, has a message."""
CAPTURING, ASKING = 0.08, 0.2
"""Seconds of capture_event for a fact: four calls of 20 ms (docs/budgets.md); one question to an API far away."""
ACCOUNT = 10
"""Executions at once in a new account (docs/deploy.md); two of them are with sending and mail events here."""
OTHERS = 2
WINDOW_MINUTES = 5
"""As in functions/receive_webhook."""
BATCH = 10
_LOOKED_AT = 100
"""Of this many made-up ids one goes all the way through the product; the others are like it."""
AGAIN_SIGNED = [5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR]
"""Pauses before the next try, as Standard Webhooks recommends them."""
AGAIN_MOLLIE = [MINUTE * 2**tries for tries in range(9)]
"""Ten tries that end after less than 26 hours, as Mollie says; the pauses themselves are in no document."""
SECRET = "whsec_" + "YSBrZXkgb2YgdGhlIGdlbmVyaWMgc291cmNlLCAzMmI="
_SOURCES = {"shop": Source("shop", "mollie"), "events": Source("events", "standard_webhooks")}


def parameter(name: str) -> int:
    """A limit as it is shipped."""
    return int(template()["Parameters"][name]["Default"])


class Secrets:
    """One signing secret."""

    def of(self, source: str) -> list[str]:
        return [SECRET] if source == "events" else []

    def refresh(self) -> bool:
        return False


@dataclass
class Sent:
    """A webhook on its way: what it is, when it was sent first, and how often it was tried since."""

    kind: str
    webhook: Webhook
    first: float
    tries: int = 0
    #: made up like those before it, so that only the limiter has to decide
    alike: bool = False


@dataclass
class Waiting:
    """A queue with its consumers: how many of them may run, and how many do."""

    most: int
    messages: deque[Sent] = field(default_factory=deque)
    running: int = 0


@dataclass
class Receiver:
    """One copy of receive_webhook, with a limiter of its own."""

    limiter: RateLimiter
    free_at: float = 0


class Flood:
    """`run` lets everything come in and be taken; the rest tells what became of it."""

    def __init__(self, seed: int, *, made_up: float, signed: float, genuine: float, shared: bool = False) -> None:
        self.luck, self.shared = random.Random(seed), shared
        self.now, self.turns = 0.0, itertools.count()
        self.agenda: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self.counts: Counter[str] = Counter()
        self.delays: dict[str, list[float]] = {"signed": [], "genuine": [], "made up": []}
        self.receivers: list[Receiver] = []
        self.rate, self.burst = parameter("ThrottleRate"), float(parameter("ThrottleBurst"))
        self.tokens, self.filled_at = self.burst, 0.0
        unsigned = parameter("UnsignedConcurrency")
        self.queues = {"signed": Waiting(parameter("CaptureConcurrency")), "unsigned": Waiting(unsigned)}
        self.most_waiting: Counter[str] = Counter()
        self.apis = MemoryApis()
        self.rates = {"made up": made_up, "signed": signed, "genuine": genuine}
        self.capture = self._capture()

    def _capture(self) -> CaptureDeps:
        ids = map("customer-{}".format, itertools.count())
        return CaptureDeps(
            policy=replace(policy(), sources=_SOURCES),
            load=registry.load,
            facts=MemoryTable(),
            timer=MemoryTimer(),
            queue=MemorySendQueue(),
            apis=self.apis,
            inbox=MemoryInbox(),
            dead_letters=MemoryDeadLetters(),
            hash_address=hash_address,
            hash_alias=str,
            new_id=lambda: next(ids),
        )

    def run(self, seconds: float) -> "Flood":
        self.until = seconds
        for kind, rate in self.rates.items():
            if rate:
                self._make_later(kind)
        while self.agenda:
            self.now, _, act, about = heapq.heappop(self.agenda)
            act(about)
        return self

    def _make_later(self, kind: str) -> None:
        at = self.now + self.luck.expovariate(self.rates[kind])
        if at < self.until:
            self._later(at, self._make, kind)

    def _later(self, at: float, act: Callable[[Any], None], about: Any) -> None:
        heapq.heappush(self.agenda, (at, next(self.turns), act, about))

    @property
    def moment(self) -> datetime:
        return NOON + timedelta(seconds=self.now)

    # Senders

    def _make(self, kind: str) -> None:
        self._make_later(kind)
        number = next(self.turns)
        if kind == "signed":
            webhook = _signed(number, self.moment)
        else:
            webhook = Webhook("shop", {}, f"id=tr_{number}".encode(), self.moment)
        if kind == "genuine":
            self.apis.answers[f"/v2/payments/tr_{number}"] = {**_PAYMENT, "id": f"tr_{number}"}
        alike = kind == "made up" and number % _LOOKED_AT > 0
        self._arrive(Sent(kind, webhook, self.now, alike=alike))

    def _refused(self, sent: Sent, why: str) -> None:
        """A stranger does not come again: the flood goes on anyway."""
        self.counts[f"{sent.kind}: {why}"] += 1
        again = {"signed": AGAIN_SIGNED, "genuine": AGAIN_MOLLIE}.get(sent.kind, [])
        if sent.tries < len(again):
            self._later(self.now + again[sent.tries], self._arrive, replace(sent, tries=sent.tries + 1))
        elif again:
            self.counts[f"{sent.kind}: lost"] += 1

    # The gate

    def _arrive(self, sent: Sent) -> None:
        if sent.kind == "signed" and sent.tries:
            sent = replace(sent, webhook=standard_webhooks.sign(replace(sent.webhook, received_at=self.moment), SECRET))
        self.counts[f"{sent.kind}: tries"] += 1
        if not self._gateway_admits():
            self._refused(sent, "throttled")
        elif receiver := self._receiver():
            self._receive(sent, receiver)
        else:
            self._refused(sent, "no execution left")

    def _gateway_admits(self) -> bool:
        self.tokens = min(self.burst, self.tokens + (self.now - self.filled_at) * self.rate)
        self.filled_at = self.now
        admitted = self.tokens >= 1
        self.tokens -= admitted
        return admitted

    def _receiver(self) -> Receiver | None:
        """A copy that is free, the one used last; a new one while the account has room."""
        free = [one for one in self.receivers if one.free_at <= self.now]
        if free:
            return max(free, key=lambda one: one.free_at)
        consumers = sum(queue.running for queue in self.queues.values())
        if len(self.receivers) + consumers + OTHERS >= ACCOUNT:
            return None
        self.receivers.append(
            Receiver(RateLimiter(WINDOW_MINUTES * parameter("UnsignedPerMinute"), WINDOW_MINUTES * 60))
        )
        return self.receivers[-1]

    def _receive(self, sent: Sent, receiver: Receiver) -> None:
        answer, queue, webhook = self._received(sent, receiver)
        taken = answer is Answer.ACCEPTED
        receiver.free_at = self.now + (TAKING if taken else TURNING_AWAY)
        if not taken:
            self._refused(sent, answer)
            return
        self.counts[f"{sent.kind}: taken"] += 1
        where = "signed" if self.shared else queue
        self._later(receiver.free_at + FROM_THE_QUEUE, self._put, (where, replace(sent, webhook=webhook)))

    def _received(self, sent: Sent, receiver: Receiver) -> tuple[Answer, str, Webhook]:
        """The answer, and the queue with what lies in it now."""
        if sent.alike:
            admitted = receiver.limiter.admits(sent.webhook.source, self.now)
            return (Answer.ACCEPTED if admitted else Answer.TOO_MANY), "unsigned", sent.webhook
        signed, unsigned = MemoryInbox(), MemoryInbox()
        inboxes = Inboxes(signed, unsigned, lambda source: receiver.limiter.admits(source, self.now))
        webhook = replace(sent.webhook, received_at=self.moment)
        received = receive_webhook(webhook, sources=_SOURCES, load=registry.load, secrets=Secrets(), inboxes=inboxes)
        kept = next(iter(signed.webhooks + unsigned.webhooks), webhook)
        return received.answer, "unsigned" if unsigned.webhooks else "signed", kept

    # The consumers

    def _put(self, about: tuple[str, Sent]) -> None:
        name, sent = about
        queue = self.queues[name]
        queue.messages.append(sent)
        self.most_waiting[name] = max(self.most_waiting[name], len(queue.messages))
        if queue.running < queue.most:
            queue.running += 1
            self._work(name)

    def _work(self, name: str) -> None:
        """Take a batch, one record after the other; then look again."""
        queue, at = self.queues[name], self.now
        for _ in range(min(BATCH, len(queue.messages))):
            sent = queue.messages.popleft()
            at += self._seconds_of(sent)
            self.delays[sent.kind].append(at - sent.first)
        if at == self.now:
            queue.running -= 1
        else:
            self._later(at, self._work, name)

    def _seconds_of(self, sent: Sent) -> float:
        if sent.alike:
            return ASKING
        asked = len(self.apis.asked)
        outcomes = {one.outcome for one in capture_event(sent.webhook, self.capture, self.moment)}
        self.counts.update(f"{sent.kind}: {one}" for one in outcomes)
        return ASKING * (len(self.apis.asked) - asked) + CAPTURING * (outcomes != {Outcome.IGNORED})


def _signed(number: int, at: datetime) -> Webhook:
    customer = {"id": f"c-{number}", "email": f"c{number}@example.com"}
    data = {"id": f"order-{number}", "customer": customer, "amount": {"value": "9.00", "currency": "EUR"}}
    body = json.dumps({"type": "payment_succeeded", "timestamp": at.isoformat(), "data": data}).encode()
    return standard_webhooks.sign(Webhook("events", {"webhook-id": f"msg_{number}"}, body, at), SECRET)


def _payment() -> Mapping[str, Any]:
    answers: dict[str, Any] = json.loads((ROOT / "events" / "apis" / "mollie.json").read_bytes())
    paid: Mapping[str, Any] = answers["/v2/payments/tr_1aPaid"]
    return paid


_PAYMENT = _payment()
