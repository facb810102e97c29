from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent, Money, Touchpoint
from afterbill.model.customer import NOBODY, Waiting
from afterbill.model.invitation import Deferral, Invitation, SkipReason, State
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import (
    LATE_FACT_GRACE,
    LEAVING,
    Situation,
    Stops,
    cooled,
    decide,
    due,
    sampled,
    stoppable,
)
from afterbill.outreach.sending_window import SendingWindow, is_open
from afterbill.settings.almanac import load_almanac
from tests.factories import (
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OFFICE,
    SECOND,
    cancellation,
    customer,
    event,
    policy,
    refund,
    rule,
)
from tests.places import PLACES, WINDOWS

SHOP, SANDBOX = Source("shop", "test"), Source("sandbox", "test", test_mode=True)
DURATIONS = st.timedeltas(timedelta(0), 100 * DAY)
MOMENTS = st.timedeltas(-300 * DAY, 300 * DAY).map(NOON.__add__)
ZURICH = customer(country="CH")


def decided(one: BillingEvent | None = None, **known: Any) -> Invitation:
    """The invitation made of a payment at noon, known at once, of a shop's customer of whom nothing is known."""
    fact = one or event()
    situation = Situation(known.get("person", customer()), known.get("stopped", False))
    by = {Touchpoint(str(fact.touchpoint)): known.get("by", rule())}
    rules = policy(by, almanac=known.get("almanac", COUNTRIES))
    return decide(fact, known.get("source", SHOP), situation, rules, known.get("now", NOON)).invitation


def planned(**known: Any) -> Invitation:
    found = decided(**known)
    assert (found.state, found.reason) == (State.PENDING, "")
    return found


def wait_of(**known: Any) -> Deferral:
    (found,) = planned(**known).deferrals
    return found


def test_a_fact_is_asked_about_after_its_delay() -> None:
    assert planned(by=rule(delay=3 * DAY)).ready_at == NOON + 3 * DAY


def test_only_facts_are_decided_about() -> None:
    with pytest.raises(ValueError, match="only a fact"):
        decide(event(touchpoint=None), SHOP, Situation(customer()), policy(), NOON)


@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (SkipReason.TEST_MODE, {"one": event(test=True)}),
        (SkipReason.NOT_ASKED, {"by": rule(ask=False)}),
        (SkipReason.NOT_PAID, {"one": event(money=Money(0, "EUR")), "by": rule(paid_only=True)}),
        (SkipReason.NOT_PAID, {"one": event(money=Money(-500, "JPY")), "by": rule(paid_only=True)}),
        (SkipReason.CUSTOMER_DELETED, {"person": customer(deleted=True)}),
        (SkipReason.SUPPRESSED, {"person": customer(suppressed="unsubscribed")}),
        (SkipReason.STOPPED, {"stopped": True}),
        (SkipReason.STOPPED, {"person": customer(last_adverse_at=NOON)}),
        (SkipReason.EXPIRED, {"now": NOON + 33 * DAY + SECOND}),
        (SkipReason.NOT_SAMPLED, {"by": rule(sampling=0.0)}),
        (SkipReason.COOLDOWN, {"person": customer(last_asked_at=NOON - 57 * DAY + SECOND)}),
        (SkipReason.WINDOW, {"person": customer(country="JP"), "by": rule(window=OFFICE, patience=HOUR)}),
    ],
)
def test_a_fact_is_skipped_with_the_reason(reason: SkipReason, circumstances: dict[str, Any]) -> None:
    assert decided(**circumstances).reason == reason


def test_without_a_customer_there_is_nobody_to_ask() -> None:
    assert decided(person=None).reason == SkipReason.NO_CUSTOMER


@pytest.mark.parametrize(
    "circumstances",
    [
        {"one": event(test=True), "source": SANDBOX},
        {"one": event(money=Money(0, "EUR"))},
        {"one": event(money=None), "by": rule(paid_only=True)},
        {"one": event(money=Money(1, "EUR")), "by": rule(paid_only=True)},
        {"person": customer(address=None)},
        {"person": customer(last_adverse_at=NOON - SECOND)},
        {"now": NOON + 33 * DAY},
        {"person": customer(last_asked_at=NOON - 87 * DAY)},
        {"person": customer(last_asked_at=NOON), "by": rule(cooldown=timedelta(0))},
        {"person": customer(waiting={"other": Waiting(99, NOON, NOON + 30 * DAY)})},
    ],
)
def test_a_fact_is_scheduled_without_a_wait_although(circumstances: dict[str, Any]) -> None:
    assert planned(**circumstances).deferrals == ()


def test_the_earliest_reason_is_the_one_told() -> None:
    everything = customer(deleted=True, suppressed="bounced", last_asked_at=NOON)
    assert decided(event(test=True), by=rule(ask=False), person=everything).reason == SkipReason.TEST_MODE


# The cooldown


@pytest.mark.parametrize("ago", [57 * DAY, 87 * DAY - SECOND])
def test_a_fact_within_the_cooldown_waits_for_its_end(ago: timedelta) -> None:
    asked = NOON - ago
    found = decided(person=customer(last_asked_at=asked))
    assert found.due_at == NOON + 3 * DAY
    assert found.deferrals == (Deferral(NOON, SkipReason.COOLDOWN, asked + 90 * DAY),)
    assert found.ready_at == asked + 90 * DAY


def test_where_the_cooldown_ends_at_night_it_waits_for_the_morning_after_and_says_cooldown() -> None:
    """It ends on Friday the 27th at 22:00 in Zurich; the office opens on Monday the 30th at nine."""
    asked = datetime(2026, 8, 29, 21, tzinfo=UTC)
    wait = wait_of(person=customer(country="CH", last_asked_at=asked), by=rule(window=OFFICE))
    assert wait.reason is SkipReason.COOLDOWN
    assert datetime(2026, 11, 30, 8, tzinfo=UTC) <= wait.until < datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_a_morning_that_comes_too_late_after_the_cooldown_is_the_cooldowns_fault() -> None:
    asked = datetime(2026, 8, 29, 21, tzinfo=UTC)
    by = rule(window=OFFICE, patience=3 * DAY)
    assert decided(person=customer(country="CH", last_asked_at=asked), by=by).reason == SkipReason.COOLDOWN


def test_who_was_never_asked_is_in_no_cooldown() -> None:
    assert cooled(customer(), NOBODY, 90 * DAY) == cooled(None, NOBODY, 90 * DAY) < NOON - 1000 * DAY


# The window


def test_a_fact_due_at_night_waits_for_the_morning_where_its_customer_lives() -> None:
    """Due on Wednesday the 25th at noon UTC: 21:00 in Tokyo."""
    found = planned(person=customer(country="JP"), by=rule(window=OFFICE))
    assert found.due_at == NOON + 3 * DAY
    assert [(wait.at, wait.reason) for wait in found.deferrals] == [(NOON, SkipReason.WINDOW)]
    assert datetime(2026, 11, 26, 0, tzinfo=UTC) <= found.ready_at < datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_one_due_within_the_window_is_spread_over_what_is_left_of_it() -> None:
    """Due at 13:00 in Zurich, where the office closes at 17:00."""
    facts = [event(str(number)) for number in range(300)]
    moments = [wait_of(one=one, person=ZURICH, by=rule(window=OFFICE)).until for one in facts]
    opened, closes = NOON + 3 * DAY, NOON + 3 * DAY + 4 * HOUR
    assert all(opened <= moment < closes - LEAVING for moment in moments)
    assert min(moments) < opened + 10 * MINUTE
    assert max(moments) > closes - LEAVING - 10 * MINUTE
    assert len(set(moments)) > 290


def test_the_same_fact_always_falls_on_the_same_moment() -> None:
    assert planned(person=ZURICH, by=rule(window=OFFICE)) == planned(person=ZURICH, by=rule(window=OFFICE))


def test_an_opening_that_begins_with_the_last_moment_of_the_patience_is_taken() -> None:
    """On Wednesday the 25th at noon it is seven in the morning in New York, two hours too early."""
    newyork = customer(country="US")
    wait = wait_of(person=newyork, by=rule(window=OFFICE, patience=2 * HOUR))
    assert wait.until == NOON + 3 * DAY + 2 * HOUR
    assert decided(person=newyork, by=rule(window=OFFICE, patience=2 * HOUR - SECOND)).reason == SkipReason.WINDOW


def test_where_nobody_knows_the_country_the_operators_clock_counts() -> None:
    assert policy(almanac=COUNTRIES).place(None).zone.key == "Europe/Berlin"
    assert policy(almanac=COUNTRIES).place(customer()).zone.key == "Europe/Berlin"
    assert policy(almanac=COUNTRIES).place(customer(country="JP")).zone.key == "Asia/Tokyo"
    place = policy(almanac=COUNTRIES).place(customer(country="JP", time_zone="America/Lima"))
    assert (place.zone.key, place.why) == ("America/Lima", "customer")


@given(MOMENTS, st.none() | MOMENTS, PLACES, st.none() | WINDOWS, st.tuples(*[DURATIONS] * 4))
def test_whatever_is_planned_is_in_the_window_after_the_cooldown_and_within_the_patience(
    occurred_at: datetime,
    last_asked_at: datetime | None,
    lives: dict[str, str],
    window: SendingWindow | None,
    durations: tuple[timedelta, ...],
) -> None:
    delay, cooldown, patience, late = durations
    person = customer(last_asked_at=last_asked_at, **lives)
    by = rule(window=window, delay=delay, cooldown=cooldown, patience=patience)
    fact, rules, now = event(occurred_at=occurred_at), policy(almanac=load_almanac()), occurred_at + late
    found = decided(fact, by=by, person=person, almanac=load_almanac(), now=now)
    if found.state is State.CLOSED:
        assert found.reason in {SkipReason.COOLDOWN, SkipReason.WINDOW, SkipReason.EXPIRED}
        return
    ready_at = found.ready_at
    assert now <= found.due_at <= ready_at <= found.due_at + patience
    assert last_asked_at is None or ready_at >= last_asked_at + cooldown
    assert window is None or is_open(window, rules.place(person), rules.almanac, ready_at)
    assert all(wait.until == ready_at > found.due_at for wait in found.deferrals)


@pytest.mark.parametrize("one", [cancellation(NOON), refund(at=NOON)])
def test_what_takes_others_back_is_not_taken_back_itself(one: BillingEvent) -> None:
    stopping = rule(stops=Stops.CUSTOMER)
    assert planned(one=one, by=stopping, person=customer(last_adverse_at=NOON), stopped=True)


@pytest.mark.parametrize(
    ("touchpoint", "stops", "expected"),
    [
        (Touchpoint.RENEWED, Stops.NOTHING, True),
        (Touchpoint.CANCELLED, Stops.CUSTOMER, False),
        (Touchpoint.CANCELLED, Stops.PAYMENT, False),
        (Touchpoint.CANCELLED, Stops.NOTHING, True),
        (Touchpoint.REFUNDED, Stops.NOTHING, False),
        (Touchpoint.DISPUTED, Stops.PAYMENT, False),
    ],
)
def test_every_ordinary_fact_can_be_taken_back(touchpoint: Touchpoint, stops: Stops, expected: bool) -> None:
    assert stoppable(touchpoint, rule(stops=stops)) is expected


def test_a_fact_that_arrives_late_is_asked_about_when_it_would_have_been() -> None:
    assert due(NOON, rule(delay=3 * DAY), NOON + 2 * DAY) == NOON + 3 * DAY


def test_one_that_arrives_after_its_due_moment_still_waits_for_what_is_queued_behind_it() -> None:
    assert due(NOON, rule(delay=3 * DAY), NOON + 5 * DAY) == NOON + 5 * DAY + LATE_FACT_GRACE


def test_settling_is_never_longer_than_the_delay() -> None:
    assert due(NOON, rule(delay=MINUTE), NOON + DAY) == NOON + DAY + MINUTE


def test_a_fact_from_the_future_counts_from_now() -> None:
    assert due(NOON + DAY, rule(delay=3 * DAY), NOON) == NOON + 3 * DAY


@given(MOMENTS, MOMENTS, DURATIONS)
def test_nothing_is_due_before_it_is_known_nor_later_than_its_delay_from_now(
    occurred_at: datetime, now: datetime, delay: timedelta
) -> None:
    assert now <= due(occurred_at, rule(delay=delay), now) <= now + delay


def test_a_customer_is_always_in_or_always_out_of_a_sample() -> None:
    assert {sampled("ada", "renewed", 0.5) for _ in range(9)} == {sampled("ada", "renewed", 0.5)}


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_in_a_sample_is_in_every_larger_one(id_: str, touchpoint: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert sampled(id_, touchpoint, large) or not sampled(id_, touchpoint, small)
    assert sampled(id_, touchpoint, 1.0)
    assert not sampled(id_, touchpoint, 0.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_sample_holds_its_share_of_the_customers(share: float) -> None:
    taken = sum(sampled(f"customer {number}", "renewed", share) for number in range(10_000))
    assert taken / 10_000 == pytest.approx(share, abs=0.02)


def test_each_touchpoint_draws_a_sample_of_its_own() -> None:
    people = [f"customer {number}" for number in range(1000)]
    both = sum(sampled(one, "renewed", 0.5) and sampled(one, "upgraded", 0.5) for one in people)
    assert 200 < both < 300
