from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.domain.billing import BillingEvent, Money, Touchpoint
from afterbill.domain.customer import Pending
from afterbill.domain.invitation import SkipReason
from afterbill.domain.policy import (
    SETTLING,
    Decision,
    Schedule,
    Situation,
    Skip,
    Stops,
    decide,
    due,
    sampled,
    stoppable,
)
from afterbill.domain.webhooks import Source
from tests.factories import DAY, MINUTE, NOON, SECOND, cancellation, customer, event, refund, rule

SHOP, SANDBOX = Source("shop", "test"), Source("sandbox", "test", test_mode=True)
DURATIONS = st.timedeltas(timedelta(0), 100 * DAY)
MOMENTS = st.timedeltas(-300 * DAY, 300 * DAY).map(NOON.__add__)


def decided(one: BillingEvent | None = None, **known: Any) -> Decision:
    """About a payment at noon, known at once, of a shop's customer of whom nothing is known."""
    situation = Situation(known.get("person", customer()), known.get("stopped", False))
    return decide(one or event(), known.get("by", rule()), known.get("source", SHOP), situation, known.get("now", NOON))


def test_a_fact_is_asked_about_after_its_delay() -> None:
    assert decided(by=rule(delay=3 * DAY)) == Schedule(NOON + 3 * DAY)


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
        (SkipReason.COOLDOWN, {"person": customer(last_asked_at=NOON - 87 * DAY + SECOND)}),
        (SkipReason.SUPERSEDED, {"person": customer(pending=Pending("other", 50, NOON))}),
    ],
)
def test_a_fact_is_skipped_with_the_reason(reason: SkipReason, circumstances: dict[str, Any]) -> None:
    assert decided(**circumstances) == Skip(reason)


def test_without_a_customer_there_is_nobody_to_ask() -> None:
    assert decided(person=None) == Skip(SkipReason.NO_CUSTOMER)


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
        {"person": customer(pending=Pending("other", 49, NOON))},
        {"person": customer(pending=Pending("other", 50, NOON - 87 * DAY))},
        {"person": customer(pending=Pending("other", 99, NOON)), "by": rule(cooldown=timedelta(0))},
    ],
)
def test_a_fact_is_scheduled_although(circumstances: dict[str, Any]) -> None:
    assert isinstance(decided(**circumstances), Schedule)


def test_the_earliest_reason_is_the_one_told() -> None:
    everything = customer(deleted=True, suppressed="bounced", last_asked_at=NOON)
    assert decided(event(test=True), by=rule(ask=False), person=everything) == Skip(SkipReason.TEST_MODE)


@pytest.mark.parametrize("one", [cancellation(NOON), refund(at=NOON)])
def test_what_takes_others_back_is_not_taken_back_itself(one: BillingEvent) -> None:
    stopping = rule(stops=Stops.CUSTOMER)
    assert isinstance(decided(one, by=stopping, person=customer(last_adverse_at=NOON), stopped=True), Schedule)


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
def test_every_ordinary_fact_can_be_taken_back(touchpoint: Touchpoint, stops: Stops, expected: bool) -> None:  # noqa: FBT001
    assert stoppable(touchpoint, rule(stops=stops)) is expected


def test_the_survey_that_an_event_takes_back_does_not_outrank_it() -> None:
    waiting = customer(pending=Pending("payment", 50, NOON))
    assert isinstance(decided(by=rule(stops=Stops.CUSTOMER), person=waiting), Schedule)


def test_one_that_cannot_be_taken_back_does() -> None:
    waiting = customer(pending=Pending("cancellation", 80, NOON, stoppable=False))
    assert decided(by=rule(stops=Stops.CUSTOMER), person=waiting) == Skip(SkipReason.SUPERSEDED)


def test_a_fact_that_arrives_late_is_asked_about_when_it_would_have_been() -> None:
    assert due(NOON, rule(delay=3 * DAY), NOON + 2 * DAY) == NOON + 3 * DAY


def test_one_that_arrives_after_its_due_moment_still_waits_for_what_is_queued_behind_it() -> None:
    assert due(NOON, rule(delay=3 * DAY), NOON + 5 * DAY) == NOON + 5 * DAY + SETTLING


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
