"""The whole product over the memory twins, through a year of many lives, with the oracle looking on."""

import gc
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from typing import Any

from afterbill.adapters.addresses import address_problem
from afterbill.answers.record_response import RespondDeps, record_response, unsubscribe
from afterbill.connectors import campaigns
from afterbill.intake.capture_fact import CaptureDeps, Sender, capture_fact
from afterbill.intake.connector import About, Address, Connector
from afterbill.intake.run_campaigns import CampaignDeps, run_campaigns
from afterbill.model import links
from afterbill.model.addresses import address_hash
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, Refusal, State
from afterbill.model.messages import INVITATION_TAG, Accepted, Deferred, Mail, Receipt, Rejected, Unknown
from afterbill.model.webhooks import Webhook
from afterbill.outreach.delivery import SendDeps
from afterbill.outreach.first_skips import FirstSkips
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill.outreach.policy import Policy
from afterbill.outreach.send_survey import send_survey
from afterbill.outreach.sweep import SweepDeps, sweep
from afterbill_cli.memory.keys import MemoryCaps, MemoryLinkKeys
from afterbill_cli.memory.scores import MemoryCampaigns

from .events import DAY, END, HOUR, MINUTE, Event
from .lives import Life, deliveries
from .oracle import Oracle
from .rules import EPOCH, seconds
from .trouble import Busy, Crash, Spoiled, Trouble
from .twins import Queue, Table, Timer, Watched
from .words import billing_event, compose, record, up

FAULTS = 0.004
TWICE_AT_ONCE = 0.002
VISIBILITY = 3 * MINUTE
PAUSES = [(40 * DAY + 6 * HOUR, 6 * HOUR), (151 * DAY + 8 * HOUR, 4 * HOUR), (300 * DAY, 9 * HOUR)]
"""When SES refuses everything, and for how long."""
HALTS = [(96 * DAY + 7 * HOUR, 31 * HOUR), (244 * DAY + 5 * HOUR, 40 * HOUR)]
"""When the circuit breaker is open."""
KEYS = {0: b"a key for links, of 32 bytes...."}
_NOTHING = Connector(
    ABOUT=About("Test", "nothing", Address.PAYLOAD, "none", "nowhere", ()),
    HEADERS=frozenset(),
    verify=lambda _webhook, _secrets, _now: None,
    normalise=lambda _webhook, _source: (),
    sign=lambda webhook, _secret: webhook,
)


class Town:
    """`live` runs the year; `counts` tells what happened. What is rare is `bad` times as frequent."""

    def __init__(self, size: int, seed: int, policy: Policy, tables: dict[str, Any], bad: float = 1) -> None:
        self.luck = luck = random.Random()
        self.size, self.policy, self.bad = size, policy, bad
        self.oracle = Oracle(tables)
        self.t, self.now = 0, EPOCH
        self.turns = itertools.count()
        self.agenda: list[tuple[int, int, Callable[..., object], Any, Any]] = []
        self.script, told, luck_after = script_of(size, seed, bad)
        luck.setstate(luck_after)
        self.counts = told + Counter(customers=size)
        self.table = Table(invitations=Watched(self._watch))
        self.caps = MemoryCaps()
        self.names = map("c{}".format, itertools.count(1))
        self.owners: dict[str, tuple[int, str]] = {}
        self.taking = self.script[0][2]
        self.trouble, self.busy = Trouble(luck), Busy(self.table)
        self.hash_address = cache(partial(address_hash, key=b"identity"))
        self.day_of = lru_cache(4)(lambda at: at.date().isoformat())
        self._open_the_shop()

    def _open_the_shop(self) -> None:
        ids = map(str, itertools.count(1))
        parts: dict[str, Any] = {
            "table": self.table,
            "timer": Timer(self._set_timer),
            "queue": Queue(self._queue),
            "caps": self.caps,
            "mailer": self,
        }
        spoiled = {name: Spoiled(port, self.trouble, spares=name == "mailer") for name, port in parts.items()}
        self.tools = {
            "plain": self._tools(parts, ids),
            "spoiled": self._tools(spoiled, ids),
            "busy": self._tools({**parts, "table": self.busy}, ids),
        }
        self.responding = RespondDeps(self.table, MemoryLinkKeys(KEYS), self.day_of, self.hash_address)
        self.handling = MailEventDeps(self.table, self.hash_address, self.day_of)
        self.sweeping = SweepDeps(self.table, parts["queue"], timedelta(minutes=15), self.day_of)
        self.running = CampaignDeps(self.policy, MemoryCampaigns(self.table.people), self)
        sources = (self.policy.source(name) for name in (*self.policy.sources, "campaigns"))
        self.senders = {source.name: Sender(source, _NOTHING, None) for source in sources if source}

    def _tools(self, parts: dict[str, Any], ids: Any) -> tuple[CaptureDeps, SendDeps]:
        nowhere: Any = None
        capture = CaptureDeps(
            policy=self.policy,
            load=nowhere,
            facts=parts["table"],
            timer=parts["timer"],
            queue=parts["queue"],
            apis=nowhere,
            inbox=nowhere,
            dead_letters=nowhere,
            hash_address=self.hash_address,
            hash_alias=str,
            new_id=self._name,
        )
        sending = SendDeps(
            invitations=parts["table"],
            caps=parts["caps"],
            status=parts["caps"],
            timer=parts["timer"],
            queue=parts["queue"],
            mailer=parts["mailer"],
            policy=self.policy,
            compose=compose,
            address_problem=lru_cache(1 << 17)(address_problem),
            day_of=self.day_of,
            new_id=lambda: f"a{next(ids)}",
            first_skips=FirstSkips(parts["table"]),
        )
        return capture, sending

    # Time

    def live(self, missed: Collection[str] = (), until: int = END) -> Oracle:
        """Through the year, to that moment of it, or until the oracle has missed all of these."""
        self._later(HOUR, self._sweep, None, None)
        self._later(2 * HOUR, self._run_campaigns, None, None)
        for begin, length in HALTS:
            self._later(begin, self._halt, "bounces", None)
            self._later(begin + length, self._halt, "", None)
        if not missed:
            gc.collect()
        gc.freeze()
        gc.disable()
        try:
            self._pass_time(missed, until)
        finally:
            gc.enable()
            gc.unfreeze()
        if self._enough(missed):
            return self.oracle
        stored = {
            id_: (str(one.state), one.reason, seconds(one.ready_at)) for id_, one in self.table.invitations.items()
        }
        self.oracle.end(
            stored, {first for *_, first, _ in self.agenda if isinstance(first, str)}, self.table.people, until
        )
        self.counts["accounts"] = len(self.table.people)
        return self.oracle

    def _enough(self, missed: Collection[str]) -> bool:
        return bool(missed) and self.oracle.violations.keys() >= set(missed)

    def _pass_time(self, missed: Collection[str], until: int) -> None:
        agenda, place = self.agenda, 0
        script = [*self.script, (END + 1, 0, self.script[0][2])]
        while not self._enough(missed):
            if agenda and agenda[0][0] <= script[place][0]:
                at, _, act, one, other = heapq.heappop(agenda)
            else:
                at, _, one = script[place]
                act, other, place = self._capture, None, place + 1
            if at > until:
                heapq.heappush(agenda, (at, next(self.turns), act, one, other))
                return
            if at > self.t:
                self.t, self.now = at, EPOCH + timedelta(seconds=at)
            act(one, other)

    def _later(self, at: int, act: Callable[..., object], one: Any, other: Any) -> None:
        heapq.heappush(self.agenda, (at, next(self.turns), act, one, other))

    def _often(self, share: float) -> bool:
        return self.luck.random() < share

    def _way(self) -> str:
        chance = self.luck.random()
        if chance < FAULTS * self.bad:
            self.trouble.prepare()
            return "spoiled"
        return "busy" if chance < (FAULTS + TWICE_AT_ONCE) * self.bad else "plain"

    # Taking in

    def _capture(self, event: Event, _none: None) -> None:
        way, told, self.taking = self._way(), billing_event(event), event
        capture, sender = self.tools[way][0], self.senders[event.source]
        self.oracle.begins(event, self.t)
        self.busy.meanwhile = (
            partial(capture_fact, told, sender, self.tools["plain"][0], self.now) if way == "busy" else None
        )
        try:
            captured = capture_fact(told, sender, capture, self.now)
        except (Crash, TransientError) as fault:
            self.counts[f"capture ended by {type(fault).__name__}"] += 1
            self._later(self.t + VISIBILITY, self._capture, event, None)
            return
        self.counts[f"captured {captured.outcome}"] += 1
        self.oracle.ended(event, captured.invitation.id if captured.invitation else "", self.t)

    def _name(self) -> str:
        """An id for somebody new."""
        name = next(self.names)
        self.owners[name] = self.taking.person, self.taking.account
        self.oracle.met(name, self.taking.account, self.t)
        return name

    def _run_campaigns(self, _none: None, _other: None) -> None:
        self._later(self.t + DAY, self._run_campaigns, None, None)
        run_campaigns(self.running, self.now)

    def put(self, webhook: Webhook) -> bool:
        """The inbox, of campaigns: some messages come twice."""
        for _ in range(1 + self._often(0.02)):
            self._later(self.t + self.luck.randrange(HOUR), self._take_turns, webhook, None)
        return True

    def _take_turns(self, webhook: Webhook, _none: None) -> None:
        for turn in campaigns.normalise(webhook, self.senders["campaigns"].source):
            own_id = str(turn.customer.own_id)
            person, account = self.owners[own_id]
            at, kind = seconds(turn.occurred_at), str(turn.touchpoint)
            about = {"kind": kind, "fact": turn.fact, "own_id": own_id}
            event = Event(at, person, "campaigns", turn.event_id, account, {}, **about)
            self._capture(event, None)

    def _watch(self, old: Invitation | None, new: Invitation) -> None:
        """What the product does, told to the oracle as it happens."""
        if old is None:
            self.oracle.created(new.id, new.customer_id, self.taking, self.t)
        if new.state is State.CLOSED and (old is None or old.state is not State.CLOSED):
            self.oracle.closed(new.id, new.reason, self.t)
        elif new.deferrals and (old is None or len(new.deferrals) > len(old.deferrals)) and new.state is State.PENDING:
            self.oracle.waited(new.id, new.deferrals[-1].reason, self.t)

    # Sending

    def _set_timer(self, id_: str, number: int, moment: datetime) -> None:
        if self._often(0.002):
            self.counts["timers lost"] += 1
            return
        late = self.luck.randrange(15 * MINUTE) if self._often(0.5) else self.luck.randrange(MINUTE)
        for _ in range(1 + self._often(0.005)):
            self._later(max(self.t, up(moment)) + late, self._send, id_, number)

    def _queue(self, id_: str, number: int, delay: timedelta, refusal: Refusal | None = None) -> None:
        at, send = self.t + -int(-delay.total_seconds() // 1), partial(self._send, refusal=refusal)
        self._later(at + self.luck.randrange(3), send, id_, number)
        if self._often(0.01):
            self.counts["messages twice"] += 1
            self._later(at + self.luck.randrange(HOUR), send, id_, number)

    def _send(self, id_: str, number: int, refusal: Refusal | None = None) -> None:
        way = self._way()
        sending = self.tools[way][1]
        meanwhile = partial(send_survey, id_, number, self.tools["plain"][1], self.now)
        self.busy.meanwhile, self.oracle.in_hand = (meanwhile, 1) if way == "busy" else (None, 0)
        before = self.table.invitations.get(id_)
        try:
            sent = send_survey(id_, number, sending, self.now, refusal)
        except (Crash, TransientError) as fault:
            self.counts[f"send ended by {type(fault).__name__}"] += 1
            now = self.table.invitations.get(id_)
            if now and before:
                claimed = now.state is State.SENDING and before.state is State.PENDING
                self.oracle.interrupted(id_, self.t, claimed=claimed)
            self._later(self.t + VISIBILITY, partial(self._send, refusal=refusal), id_, number)
            return
        self.counts[f"send {sent.outcome}"] += 1
        if sent.outcome != "early" and before:
            self.oracle.looked_at(id_, self.t)

    def send(self, mail: Mail) -> Receipt:
        """The mail system."""
        id_, number = mail.tags[INVITATION_TAG], int(mail.subject)
        if any(begin <= self.t < begin + length for begin, length in PAUSES):
            return Deferred("paused", timedelta(minutes=15), paused=True)
        chance = self.luck.random()
        if chance < 0.006:
            return Deferred("slow", timedelta(seconds=self.luck.randrange(1, 60)), paused=False)
        if chance < 0.008:
            self.oracle.facts[id_].rejected = True
            return Rejected("no")
        if chance < 0.011 and number == 1:
            left = self._often(0.5)
            self.oracle.unclear(id_, self.t, left=left)
            if left:
                self._leave(id_, number, mail)
            return Unknown("silence")
        self._leave(id_, number, mail)
        return Accepted(f"m-{id_}-{number}")

    def _leave(self, id_: str, number: int, mail: Mail) -> None:
        to, says = mail.to, (mail.text or None, mail.html or None)
        self.oracle.mail(id_, number, to, says, self.t)
        luck, chance = self.luck, self.luck.random() / self.bad
        if chance < 0.012:
            self._later(self.t + luck.randrange(DAY), self._report, (id_, "Permanent"), to)
        elif chance < 0.022:
            self._later(self.t + luck.randrange(DAY), self._report, (id_, "Transient"), to)
        else:
            self._later(self.t + luck.randrange(HOUR), self._report, (id_, "Delivery"), to)
            if chance < 0.024:
                self._later(self.t + luck.randrange(3 * DAY), self._report, (id_, "Complaint"), to)
            self._react(id_)

    def _react(self, id_: str) -> None:
        luck, chance = self.luck, self.luck.random()
        if chance < 0.25:
            later = luck.randrange(2 * DAY) if luck.random() < 0.7 else luck.randrange(32 * DAY)
            self._later(self.t + later, self._answer, id_, str(luck.randrange(11)))
        elif chance < 0.25 + 0.04 * self.bad:
            self._later(
                self.t + luck.choice([HOUR, 9 * DAY, 60 * DAY]) + luck.randrange(DAY), self._unsubscribe, id_, None
            )

    # What comes back

    def _report(self, what: tuple[str, str], to: str) -> None:
        (id_, kind), oracle = what, self.oracle
        hard = kind == "Permanent"
        if hard:
            oracle.bounced(id_, to, self.t, sure=False)
        elif kind == "Complaint":
            oracle.complained(id_, to, self.t, sure=False)
        handle_mail_event(record(id_, kind, to, self.now), self.handling, self.now)
        oracle.proved(id_)
        if hard:
            oracle.bounced(id_, to, self.t, sure=True)
        elif kind == "Complaint":
            oracle.complained(id_, to, self.t, sure=True)
        self.counts[f"mail events {kind}"] += 1

    def _answer(self, id_: str, rating: str) -> None:
        token = links.sign(links.Purpose.SURVEY, id_, self.now + timedelta(days=9), KEYS)
        outcome = record_response(token, {"rating": rating}, self.responding, self.now).outcome
        self.counts[f"answers {outcome}"] += 1
        if outcome == "recorded":
            self.counts["answers after the reminder"] += bool(self.oracle.facts[id_].reminders)
            self.oracle.answered(id_, self.t)

    def _unsubscribe(self, id_: str, _none: None) -> None:
        self.oracle.opted_out(id_, sure=False)
        token = links.sign(links.Purpose.UNSUBSCRIBE, id_, self.now + timedelta(days=9), KEYS)
        self.counts[f"unsubscribes {unsubscribe(token, self.responding, self.now).outcome}"] += 1
        account = self.oracle.account(self.oracle.facts[id_].event)
        self.counts["unsubscribes while something waits"] += any(one.open for one in account.facts)
        self.oracle.opted_out(id_, sure=True)

    def _sweep(self, _none: None, _other: None) -> None:
        self._later(self.t + HOUR, self._sweep, None, None)
        for finding, number in sweep(self.sweeping, self.now).found.items():
            self.counts[f"swept {finding}"] += number if finding in {"overdue", "failed"} else 0

    def _halt(self, reason: str, _none: None) -> None:
        self.caps.pause = reason
        self.oracle.halted = bool(reason)


@cache
def script_of(size: int, seed: int, bad: float) -> tuple[list[tuple[int, int, Event]], Counter[str], Any]:
    """All that is told of so many people, in order of its arrival; how much of what it is; the state of chance then."""
    script, turns, luck = [], itertools.count(), random.Random(seed)
    for number in range(size):
        events = Life(number, luck, bad).live()
        script += [(at, next(turns), one) for at, one in deliveries(luck, events, bad)]
    return sorted(script), _told(script), luck.getstate()


def _told(script: list[tuple[int, int, Event]]) -> Counter[str]:
    """How often each kind of event is told, repeats included."""
    told: Counter[str] = Counter(events=len(script))
    for *_, one in script:
        told[f"told {one.kind or one.state or 'profile'}"] += 1
        told["told of guests"] += one.guest
        told["told of failures after all"] += "-late|" in one.fact
        told["told with the address of another"] += _anothers(one)
    return told


def _anothers(event: Event) -> bool:
    name = event.profile.get("address", "").strip().lower().partition("@")[0]
    return name.startswith("p") and name not in {f"p{event.person}", f"p{event.person} at home"}
