"""Promises that hold whatever happens, from capture to the last mail: hours, cooldown, caps, one ask a fact."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.invitation import SkipReason, State
from afterbill.model.messages import Deferred, Receipt, Rejected
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy, Stops
from afterbill.outreach.sending_window import SendingWindow, is_open
from afterbill.settings.almanac import load_almanac
from tests.factories import DAY, HOUR, MINUTE, NOON, event, policy, refund, rule
from tests.places import PLACES, WINDOWS
from tests.world import World

LATENESS = st.sampled_from([timedelta(0), timedelta(0), timedelta(seconds=1), 10 * MINUTE, 5 * HOUR, 3 * DAY])
"""How much later than set a timer fires: mostly not at all, with a flexible window, after an outage."""

TROUBLE: list[Receipt] = [
    Deferred("slow", MINUTE, paused=False),
    Deferred("off", 15 * MINUTE, paused=True),
    Rejected("no"),
]
KINDS = st.sampled_from([Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.RENEWED, Touchpoint.SUPPORT_RESOLVED])


def durations(*choices: timedelta) -> st.SearchStrategy[timedelta]:
    return st.sampled_from(choices)


@dataclass(frozen=True)
class Rules:
    """What an operator might have configured."""

    window: SendingWindow | None
    delay: timedelta
    cooldown: timedelta
    patience: timedelta
    reminder: timedelta
    per_hour: int
    quota: int

    @property
    def policy(self) -> Policy:
        common = {
            name: getattr(self, name) for name in ("window", "delay", "cooldown", "patience", "reminder", "quota")
        }
        rules = {
            Touchpoint.SUPPORT_RESOLVED: rule(**common | {"priority": 70}),
            Touchpoint.CANCELLED: rule(**common | {"priority": 80, "stops": Stops.CUSTOMER}),
        }
        return policy(rules, **common, almanac=load_almanac(), sending=SendingCaps(per_hour=self.per_hour))


RULES = st.builds(
    Rules,
    window=st.none() | WINDOWS,
    delay=durations(timedelta(0), HOUR, 3 * DAY),
    cooldown=durations(timedelta(0), HOUR, 10 * DAY),
    patience=durations(timedelta(0), 2 * HOUR, 30 * DAY),
    reminder=durations(timedelta(0), HOUR, 7 * DAY),
    per_hour=st.sampled_from([0, 1, 2]),
    quota=st.sampled_from([0, 1, 3]),
)

WAITS = {"cooldown", "superseded", "window", "limit", "quota", "stopped"}
YEAR = 365 * 24 * 60
FACTS = st.lists(
    st.tuples(st.integers(0, 2), KINDS, st.integers(0, 60 * 24 * 20), st.sampled_from([0, 0, 0, 1, 2])),
    min_size=1,
    max_size=6,
)
"""Whose, what, how many minutes after the beginning, and what comes of it: nothing, a refund, a cancellation."""


@dataclass
class History:
    """A world in which everything has happened."""

    world: World
    rules: Rules

    def mails(self) -> Iterator[tuple[str, datetime, bool]]:
        """To whom and when each went out, and whether as a reminder."""
        for one in self.world.stored.invitations.values():
            yield from ((one.customer_id, at, False) for at in [one.sent_at] if at)
            yield from ((one.customer_id, at, True) for at in [one.reminded_at] if at)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Facts of three people at any time of the year, captured in order, and what became of them half a year later."""
    rules, begin = draw(RULES), NOON + timedelta(minutes=draw(st.integers(0, YEAR)))
    world = World(rules.policy, now=begin)
    world.mailer.receipts = draw(st.lists(st.sampled_from(TROUBLE), max_size=2))
    people = [CustomerRef(f"cus_{one}", f"{one}@example.com", **draw(PLACES)) for one in range(3)]
    late = st.integers(0, 2)
    for at, one in sorted(_events(draw(FACTS), people, begin), key=lambda entry: entry[0]):
        _live_until(world, at + draw(late) * 40 * MINUTE, draw(LATENESS))
        world.capture(one)
    _live_until(world, begin + 180 * DAY, draw(LATENESS))
    return History(world, rules)


def _events(
    facts: list[tuple[int, Touchpoint, int, int]], people: list[CustomerRef], begin: datetime
) -> Iterator[tuple[datetime, BillingEvent]]:
    for number, (person, kind, minutes, sequel) in enumerate(facts):
        at, who = begin + minutes * MINUTE, people[person]
        yield at, event(str(number), who, touchpoint=kind, occurred_at=at)
        if sequel == 1:
            yield at + 50 * HOUR, refund(str(number), at + 50 * HOUR, customer=who)
        if sequel == 2:
            end = event(f"end {number}", who, touchpoint=Touchpoint.CANCELLED, occurred_at=at + DAY)
            yield at + DAY, end


def _live_until(world: World, end: datetime, lateness: timedelta) -> None:
    while (moment := world.next_moment()) is not None and moment <= end:
        world.pass_time(max(moment + lateness - world.now, timedelta(0)))
    world.now = max(world.now, end)


@given(histories())
def test_no_mail_leaves_outside_the_window_and_no_reminder_either(history: History) -> None:
    if window := history.rules.window:
        for customer_id, at, _ in history.mails():
            person = history.world.stored.customer(customer_id)
            place = history.world.policy.place(person)
            assert is_open(window, place, load_almanac(), at)
            assert at.astimezone(place.zone).weekday() in window.days


@given(histories())
def test_nobody_is_asked_twice_within_the_cooldown(history: History) -> None:
    for person in history.world.stored.people:
        moments = sorted(at for who, at, reminder in history.mails() if who == person and not reminder)
        assert all(later - earlier >= history.rules.cooldown for earlier, later in pairwise(moments))


@given(histories())
def test_no_hour_and_no_month_sees_more_mails_than_its_limit(history: History) -> None:
    hours = Counter(f"{at:%Y-%m-%dT%H}" for _, at, _ in history.mails())
    assert max(hours.values(), default=0) <= (history.rules.per_hour or 99)
    months = Counter(
        (one.touchpoint, f"{one.sent_at.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m}")
        for one in history.world.stored.invitations.values()
        if one.sent_at
    )
    assert max(months.values(), default=0) <= (history.rules.quota or 99)


@given(histories())
def test_every_fact_is_asked_about_once_or_tells_why_not(history: History) -> None:
    for one in history.world.stored.invitations.values():
        assert one.state in {State.SENT, State.CLOSED}
        assert (one.state is State.CLOSED) == (one.reason in set(SkipReason))
        if one.sent_at:
            assert one.due_at <= one.sent_at <= one.patient_until
    assert len(history.world.outbox) == len(list(history.mails()))
    assert all(not person.waiting for person in history.world.stored.people.values())


@given(histories())
def test_reminders_come_once_their_time_after_the_survey_while_it_is_open(history: History) -> None:
    for one in history.world.stored.invitations.values():
        if one.reminded_at:
            assert one.sent_at is not None
            assert history.rules.reminder
            assert one.sent_at + history.rules.reminder <= one.reminded_at < one.answer_until


@given(histories())
def test_every_wait_ends_later_than_it_began_and_no_later_than_it_may(history: History) -> None:
    for one in history.world.stored.invitations.values():
        for wait in one.deferrals:
            latest = one.answer_until if one.sent_at and wait.at >= one.sent_at else one.patient_until
            assert wait.at < wait.until <= latest
            assert wait.reason in WAITS


def test_the_histories_are_as_varied_as_they_should_be() -> None:
    """Guards the properties above: each kind of wait, and reminders, come about in some of them."""
    seen = Counter[str]()

    @settings(max_examples=300, derandomize=True, database=None)
    @given(histories())
    def look(history: History) -> None:
        for one in history.world.stored.invitations.values():
            seen.update(wait.reason for wait in one.deferrals)
            seen["reminder"] += one.reminded_at is not None

    look()
    assert {kind for kind, times in seen.items() if times} >= {*WAITS, "reminder"}
