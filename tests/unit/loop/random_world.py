"""A seeded world in which everything that can go wrong does: disorder, duplicates, crashes, silence, bounces."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.errors import TransientError
from afterbill.model.invitation import REMINDER, Answer, Invitation, Refusal, State
from afterbill.model.messages import INVITATION_TAG, Accepted, Deferred, Mail, Receipt, Rejected, Unknown
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy, Stops
from afterbill.outreach.sending_window import is_open
from tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    cancellation,
    event,
    news,
    policy,
    refund,
    rule,
    ses_event,
)
from tests.unit.loop.crashes import SimulatedCrash
from tests.unit.loop.trouble import BusyTable, Flaky, Randomness, Watched
from tests.world import World

VISIBILITY = 3 * MINUTE
DELAY = 12 * HOUR
PATIENCE = 4 * DAY
TROUBLE_ENDS = NOON + 5 * DAY


@dataclass
class RandomWorld:
    """Agenda and actors; `run` empties the agenda and lets the world come to rest."""

    seed: int
    agenda: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    handed_over: Counter[tuple[str, int]] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    proved: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    answers: dict[str, int] = field(default_factory=dict)
    surveys: list[tuple[datetime, Mail]] = field(default_factory=list)
    facts: dict[str, BillingEvent] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    interrupted: int = 0

    def __post_init__(self) -> None:
        self.luck = luck = Randomness.of(self.seed)
        self.turns = itertools.count()
        self.depth = 0
        table = BusyTable(invitations=Watched(), between=self._others)
        self.world = World(self._rules(), table=table)
        self.world.table = Flaky(table, luck)
        self.world.timer = Flaky(self.world.set_timers, luck)
        self.world.queue = Flaky(self.world.queued, luck)
        self.world.caps = Flaky(self.world.counters, luck)
        self.world.mailer = Flaky(self, luck, (SimulatedCrash,))  # it never raises: what happened is the receipt
        self._write_history()

    def _rules(self) -> Policy:
        luck = self.luck
        timing = {"cooldown": luck.cooldown, "reminder": luck.reminder, "window": luck.window, "patience": PATIENCE}
        stops = luck.chance.choice([Stops.PAYMENT, Stops.CUSTOMER])
        rules = {
            Touchpoint.SUPPORT_RESOLVED: rule(priority=70, delay=DELAY + HOUR, **timing),
            Touchpoint.CANCELLED: rule(priority=80, delay=DELAY, stops=Stops.CUSTOMER, **timing),
            Touchpoint.REFUNDED: rule(ask=False, stops=stops),
        }
        return policy(rules, delay=DELAY, sending=SendingCaps(per_hour=luck.per_hour), **timing)

    def _write_history(self) -> None:
        """Three people, their payments with twins, news, refunds and cancellations, delivered in any order."""
        luck, payments = self.luck, itertools.count()
        for person in range(3):
            ref = CustomerRef(f"cus_{person}")
            email = f"{luck.chance.randrange(3)}@example.com"
            home = luck.chance.choice([None, "Asia/Tokyo", "America/New_York"])
            self._deliver(news(replace(ref, email=email, time_zone=home), NOON))
            for _ in range(luck.chance.randrange(3)):
                payment, at = str(next(payments)), NOON + luck.soon()
                kind = luck.chance.choice([Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.SUPPORT_RESOLVED])
                self._deliver(event(payment, ref, occurred_at=at, touchpoint=kind))
                if luck.often(0.5):
                    known = replace(ref, email=email)
                    invoice = {"invoice": f"in_{payment}"}
                    twin = event(payment, known, occurred_at=at, objects=invoice, touchpoint=kind)
                    self._deliver(replace(twin, event_id=f"twin_{payment}"))
                if luck.often(0.3):
                    self._deliver(
                        refund(payment, at + luck.soon(HOUR), customer=luck.chance.choice([ref, CustomerRef()]))
                    )
            if luck.often(0.2):
                self._deliver(cancellation(NOON + luck.soon(), customer=ref, fact=f"test|acct|sub_{person}|cancelled|"))

    def _deliver(self, one: BillingEvent) -> None:
        if one.touchpoint:
            self.facts[one.invitation_id] = one
        delay = one.occurred_at - NOON + self.luck.soon()
        for _ in range(self.luck.chance.choice([1, 1, 2, 3])):
            self.later(delay, lambda: self.world.capture(one))
            delay += self.luck.chance.choice([timedelta(0), self.luck.soon()])

    def later(self, delay: timedelta, action: Callable[[], object]) -> None:
        heapq.heappush(self.agenda, (self.world.now + delay, next(self.turns), action))

    def step(self) -> None:
        """Do what comes next; SQS delivers again what was not finished."""
        at, _, action = heapq.heappop(self.agenda)
        self.world.now = max(self.world.now, at)
        self._attempt(action)

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (SimulatedCrash, TransientError):
            self.interrupted += 1
            self.later(VISIBILITY, action)
        self._fetch()

    def _fetch(self) -> None:
        """Messages of timers and queues join the agenda, some of them twice and few never."""
        for name, (moment, id_, number) in self.world.set_timers.schedules.items():
            if name not in self.running:
                self.running.add(name)
                remaining = max(moment - self.world.now, timedelta(0))
                self.later(remaining, lambda name=name: self._fired(name))
                self._message(remaining, id_, number)
        for id_, number, delay in self.world.queued.messages:
            self._message(delay, id_, number)
        for id_, number, refusal, delay in self.world.queued.refused:
            self._message(delay, id_, number, refusal)
        self.world.queued.messages.clear()
        self.world.queued.refused.clear()

    def _fired(self, name: str) -> None:
        self.running.discard(name)
        self.world.set_timers.schedules.pop(name, None)

    def _message(self, delay: timedelta, id_: str, number: int, refusal: Refusal | None = None) -> None:
        lost = self.luck.often(self.luck.faults)
        for _ in range(0 if lost else 1 + self.luck.often(0.2)):
            jitter = timedelta(milliseconds=self.luck.chance.randrange(-500, 5000))
            self.later(max(delay + jitter, timedelta(0)), lambda: self.world.send(id_, number, refusal))

    def _others(self) -> None:
        if self.depth < 2 and self.agenda and self.luck.often(self.luck.busy):
            self.depth += 1
            _, _, action = heapq.heappop(self.agenda)
            self._attempt(action)
            self.depth -= 1

    def send(self, mail: Mail) -> Receipt:
        """The mail system."""
        id_ = mail.tags[INVITATION_TAG]
        one = self.world.stored.invitations[id_]
        self.assert_may_be_sent(mail, one)
        if self.luck.often(self.luck.refusals):
            return self.luck.chance.choice([Deferred("slow", SECOND, paused=False), Rejected("no")])
        self.handed_over[id_, one.delivery_number] += 1
        self.hours[f"{self.world.now:%dT%H}"] += 1
        silent = self.luck.often(self.luck.silences)
        if not silent or self.luck.often(0.5):
            self.surveys += [(self.world.now, mail)] if one.delivery_number < REMINDER else []
            self._arrive(id_, mail)
        return Unknown("silence") if silent else Accepted(f"m-{id_}")

    def assert_may_be_sent(self, mail: Mail, invitation: Invitation) -> None:
        customer = self.world.stored.customer(invitation.customer_id)
        if invitation.delivery_number == REMINDER:
            assert (invitation.state, invitation.answer) == (State.SENT, None)
            assert self.world.now >= (invitation.sent_at or NOON) + self.luck.reminder
        else:
            assert invitation.state is State.SENDING
        assert customer is not None
        place, almanac = self.world.policy.place(customer), self.world.policy.almanac
        assert self.luck.window is None or is_open(self.luck.window, place, almanac, self.world.now)
        assert customer.address == mail.to
        assert not customer.suppressed
        assert mail.to not in self.given_up
        assert self.world.now >= invitation.due_at

    def _arrive(self, id_: str, mail: Mail) -> None:
        self.arrived[id_] += 1
        course = self.luck.chance.choice(
            [[], ["send", "delivery"], ["send", "bounce_permanent"], ["delivery", "complaint"], ["bounce_transient"]]
        )
        for kind in course:
            for _ in range(self.luck.chance.choice([1, 1, 2])):
                self.later(self.luck.soon(), lambda kind=kind: self._report(kind, id_, mail.to))
        if self.luck.often(0.5):
            self.later(self.luck.soon(), lambda: self._answer(id_, self.luck.chance.randrange(11)))
            self.later(self.luck.soon(), lambda: self._answer(id_, self.luck.chance.randrange(11)))

    def _report(self, kind: str, id_: str, to: str) -> None:
        self.world.report(ses_event(kind, id_, to))
        self.proved.add(id_)
        self.given_up |= {to} if kind in {"bounce_permanent", "complaint"} else set()

    def _answer(self, id_: str, rating: int) -> None:
        self.answers.pop(id_, None)  # a page that never came may have recorded it all the same
        recorded = self.world.answer(self.world.stored.invitations[id_], rating=str(rating))
        assert recorded.invitation is not None
        assert recorded.invitation.answer == Answer(rating)
        self.answers[id_] = rating

    def sweep(self) -> None:
        """Nobody repeats a sweep that failed: the next one comes."""
        if self.world.now > TROUBLE_ENDS:
            self.luck.faults = 0
        with suppress(SimulatedCrash, TransientError):
            self.world.sweep()

    def run(self) -> None:
        """Until nothing is left to do: sweeps come every hour, and for days after the last trouble."""
        for hours in range(1, 10 * 24):
            heapq.heappush(self.agenda, (NOON + hours * HOUR, next(self.turns), self.sweep))
        while self.agenda:
            self.step()
