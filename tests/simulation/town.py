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
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, State
from afterbill.model.messages import INVITATION_TAG, Accepted, Deferred, Mail, Receipt, Rejected, Unknown
from afterbill.model.webhooks import Webhook
from afterbill.outreach.delivery import SendDeps
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
        self.luck = luck = random.Random(seed)
        self.size, self.policy, self.bad = size, policy, bad
        self.oracle = Oracle(tables)
        self.counts: Counter[str] = Counter()
        self.t, self.now = 0, EPOCH
        self.turns = itertools.count()
        self.agenda: list[tuple[int, int, Callable[..., object], Any, Any]] = []
        self.script = self._write()
        self.table = Table(invitations=Watched(self._watch))
        self.caps = MemoryCaps()
        self.names = map("c{}".format, itertools.count(1))
        self.owners: dict[str, tuple[int, str]] = {}
        self.taking = self.script[0][2]
        self.trouble, self.busy = Trouble(luck), Busy(self.table)
        self.hash_address = cache(partial(address_hash, key=b"identity"))
        self.day_of = lru_cache(4)(lambda at: at.date().isoformat())
        self._open_the_shop()

    def _write(self) -> list[tuple[int, int, Event]]:
        script, turns = [], itertools.count()
        for number in range(self.size):
            events = Life(number, self.luck, self.bad).live()
            self.counts["events"] += len(events)
            script += [(at, next(turns), one) for at, one in deliveries(self.luck, events, self.bad)]
        script.sort()
        self.counts["customers"] = self.size
        return script

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
            compose=_compose,
            address_problem=lru_cache(1 << 17)(address_problem),
            day_of=self.day_of,
            new_id=lambda: f"a{next(ids)}",
        )
        return capture, sending

    # Time

    def live(self, missed: Collection[str] = ()) -> Oracle:
        """Through the year, to its end, or until the oracle has missed all of these."""
        self._later(HOUR, self._sweep, None, None)
        self._later(2 * HOUR, self._run_campaigns, None, None)
        for begin, length in HALTS:
            self._later(begin, self._halt, "bounces", None)
            self._later(begin + length, self._halt, "", None)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            self._pass_time(missed)
        finally:
            gc.enable()
            gc.unfreeze()
        if self._enough(missed):
            return self.oracle
        stored = {
            id_: (str(one.state), one.reason, seconds(one.ready_at)) for id_, one in self.table.invitations.items()
        }
        alone = {one.id for one in self.table.people.values() if not one.merged_into}
        self.oracle.end(stored, {first for *_, first, _ in self.agenda if isinstance(first, str)}, alone)
        self.counts["merges"] = len(self.table.people) - len(alone)
        return self.oracle

    def _enough(self, missed: Collection[str]) -> bool:
        return bool(missed) and self.oracle.violations.keys() >= set(missed)

    def _pass_time(self, missed: Collection[str]) -> None:
        script, agenda, place = self.script, self.agenda, 0
        script.append((END + 1, 0, script[0][2]))
        while not self._enough(missed):
            if agenda and agenda[0][0] <= script[place][0]:
                at, _, act, one, other = heapq.heappop(agenda)
            else:
                at, _, one = script[place]
                act, other, place = self._capture, None, place + 1
            if at > END:
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
        way, billing_event, self.taking = self._way(), _billing_event(event), event
        capture, sender = self.tools[way][0], self.senders[event.source]
        self.oracle.begins(event, self.t)
        self.busy.meanwhile = (
            partial(capture_fact, billing_event, sender, self.tools["plain"][0], self.now) if way == "busy" else None
        )
        try:
            captured = capture_fact(billing_event, sender, capture, self.now)
        except (Crash, TransientError) as fault:
            self.counts[f"capture ended by {type(fault).__name__}"] += 1
            self._later(self.t + VISIBILITY, self._capture, event, None)
            return
        self.counts[f"captured {captured.outcome}"] += 1
        self.oracle.ended(event, self.t)

    def _name(self) -> str:
        """An id for somebody new."""
        name = next(self.names)
        self.owners[name] = self.taking.person, self.taking.account
        self.oracle.met(name, self.t)
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
        for billing_event in campaigns.normalise(webhook, self.senders["campaigns"].source):
            own_id = str(billing_event.customer.own_id)
            person, account = self.owners[own_id]
            at, kind = seconds(billing_event.occurred_at), str(billing_event.touchpoint)
            event = Event(
                at, person, "campaigns", billing_event.event_id, account, {}, kind, billing_event.fact, own_id=own_id
            )
            self._capture(event, None)

    def _watch(self, old: Invitation | None, new: Invitation) -> None:
        """What the product does, told to the oracle as it happens."""
        if old is None:
            self.oracle.created(new.id, new.customer_id, self.t)
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
            self._later(max(self.t, _up(moment)) + late, self._send, id_, number)

    def _queue(self, id_: str, number: int, delay: timedelta) -> None:
        at = self.t + -int(-delay.total_seconds() // 1)
        self._later(at + self.luck.randrange(3), self._send, id_, number)
        if self._often(0.01):
            self.counts["messages twice"] += 1
            self._later(at + self.luck.randrange(HOUR), self._send, id_, number)

    def _send(self, id_: str, number: int) -> None:
        way = self._way()
        sending = self.tools[way][1]
        meanwhile = partial(send_survey, id_, number, self.tools["plain"][1], self.now)
        self.busy.meanwhile, self.oracle.in_hand = (meanwhile, 1) if way == "busy" else (None, 0)
        before = self.table.invitations.get(id_)
        try:
            sent = send_survey(id_, number, sending, self.now)
        except (Crash, TransientError) as fault:
            self.counts[f"send ended by {type(fault).__name__}"] += 1
            now = self.table.invitations.get(id_)
            if now and before:
                claimed = now.state is State.SENDING and before.state is State.PENDING
                self.oracle.interrupted(id_, self.t, claimed=claimed)
            self._later(self.t + VISIBILITY, self._send, id_, number)
            return
        self.counts[f"send {sent.outcome}"] += 1

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
                self._leave(id_, number, mail.to)
            return Unknown("silence")
        self._leave(id_, number, mail.to)
        return Accepted(f"m-{id_}-{number}")

    def _leave(self, id_: str, number: int, to: str) -> None:
        self.oracle.mail(id_, number, to, self.t)
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
        elif chance < 0.29:
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
        handle_mail_event(_record(id_, kind, to, self.now), self.handling, self.now)
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
        person = self.oracle.facts[id_].event.person
        self.oracle.opted_out(person, sure=False)
        token = links.sign(links.Purpose.UNSUBSCRIBE, id_, self.now + timedelta(days=9), KEYS)
        self.counts[f"unsubscribes {unsubscribe(token, self.responding, self.now).outcome}"] += 1
        self.counts["unsubscribes while something waits"] += any(one.open for one in self.oracle.people[person].facts)
        self.oracle.opted_out(person, sure=True)

    def _sweep(self, _none: None, _other: None) -> None:
        self._later(self.t + HOUR, self._sweep, None, None)
        for finding, number in sweep(self.sweeping, self.now).items():
            self.counts[f"swept {finding}"] += number if finding in {"overdue", "failed"} else 0

    def _halt(self, reason: str, _none: None) -> None:
        self.caps.pause = reason
        self.oracle.halted = bool(reason)


def _billing_event(event: Event) -> BillingEvent:
    profile = event.profile
    attributes = {name[11:]: value for name, value in profile.items() if name.startswith("attributes.")}
    ref = CustomerRef(
        None if event.nameless or event.own_id else event.account,
        own_id=event.own_id or None,
        email=profile.get("address"),
        country=profile.get("country"),
        time_zone=profile.get("time_zone"),
        attributes=attributes,
        deleted=event.deleted,
    )
    return BillingEvent(
        event.source,
        event.event_id,
        EPOCH + timedelta(seconds=event.at),
        ref,
        Touchpoint(event.kind) if event.kind else None,
        event.fact,
        event.objects,
        None if event.amount is None else Money(event.amount, "EUR"),
        test=event.test,
    )


def _compose(one: Invitation, customer: Customer) -> Mail:
    return Mail(customer.address or "", "", None, str(one.delivery_number), "", "", {}, {INVITATION_TAG: one.id})


def _record(id_: str, kind: str, to: str, now: datetime) -> dict[str, Any]:
    """What SES reports."""
    mail = {"tags": {INVITATION_TAG: [id_]}, "messageId": f"m-{id_}", "timestamp": now.isoformat(), "destination": [to]}
    if kind in {"Permanent", "Transient"}:
        return {
            "eventType": "Bounce",
            "mail": mail,
            "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": to}]},
        }
    return {"eventType": kind, "mail": mail, "complaint": {"complainedRecipients": [{"emailAddress": to}]}}


def _up(moment: datetime) -> int:
    whole = seconds(moment)
    return whole + 1 if moment.microsecond else whole
