"""Refunds, disputes and cancellations: before, between and after the facts they take back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.invitation import SkipReason, State
from afterbill.outreach.policy import Stops
from tests.factories import DAY, HOUR, NOBODY, NOON, cancellation, event, policy, refund, rule
from tests.world import World

DISPUTE = event(touchpoint=Touchpoint.DISPUTED, occurred_at=NOON + HOUR)
REVERSALS = pytest.mark.parametrize("reversal", [refund(), DISPUTE], ids=["refund", "dispute"])


@pytest.fixture
def world() -> World:
    """Nobody is asked too often, so that only reversals stop anything; an hour has passed since the first fact."""
    return World(
        now=NOON + HOUR,
        policy=policy({Touchpoint.CANCELLED: rule(delay=DAY, stops=Stops.CUSTOMER)}, cooldown=timedelta(0)),
    )


def test_nothing_is_stopped_without_a_reason(world: World) -> None:
    world.capture(event("1"), event("2"))
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 2


PAID = event()
NAMES_ONLY_THE_CHARGE = refund(fact="test|acct|ch_1|refunded|", objects={"charge": "ch_1"})
JOINS_BOTH = event(touchpoint=None, fact=PAID.fact, objects={"invoice": "in_1", "charge": "ch_1"}, customer=NOBODY)


@given(st.lists(st.integers(0, 2), max_size=6).map(lambda more: [0, 1, 2, *more]).flatmap(st.permutations))
def test_a_reversal_finds_its_payment_through_what_joins_them_in_any_order_and_number(order: list[int]) -> None:
    world = World(policy(cooldown=timedelta(0)))
    world.capture(*([PAID, NAMES_ONLY_THE_CHARGE, JOINS_BOTH][index] for index in order))
    world.pass_time(3 * DAY)
    assert world.invitation(PAID).reason == SkipReason.STOPPED


def test_what_joins_a_payment_stops_nothing_by_itself(world: World) -> None:
    world.capture(PAID, JOINS_BOTH)
    world.pass_time(3 * DAY)
    assert world.invitation(PAID).state is State.SENT


@REVERSALS
def test_a_pending_survey_stops_with_its_payment(world: World, reversal: BillingEvent) -> None:
    world.capture(event(), reversal)
    world.pass_time(3 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED
    assert not world.outbox


@REVERSALS
def test_a_reversal_that_arrives_before_its_payment_still_stops_it(world: World, reversal: BillingEvent) -> None:
    world.capture(reversal, event())
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_a_reversal_of_nobody_in_particular_stops_its_payment_too(world: World) -> None:
    world.capture(event(), refund(customer=NOBODY))
    world.pass_time(3 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_a_reversal_of_another_payment_stops_nothing_here(world: World) -> None:
    world.capture(event("1"), refund("2"))
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 1


def test_the_next_payment_of_the_same_subscription_is_asked_about(world: World) -> None:
    world.capture(event("1"), refund("1"), event("2", occurred_at=NOON + DAY))
    world.pass_time(4 * DAY)
    assert world.invitation(event("2")).state is State.SENT


def test_a_reversal_after_the_mail_went_out_takes_nothing_back(world: World) -> None:
    world.sent()
    world.capture(refund(at=world.now))
    assert world.invitation(event()).state is State.SENT


def test_a_redelivered_reversal_changes_nothing(world: World) -> None:
    world.capture(refund())
    stops = dict(world.stored.stops)
    world.capture(refund())
    assert world.stored.stops == stops


def test_a_second_partial_refund_of_a_payment_keeps_it_stopped(world: World) -> None:
    again = refund(fact="test|acct|in_1|refunded|second")
    world.capture(event(), refund(), again, refund())
    world.pass_time(3 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_where_the_policy_says_so_a_reversal_stops_nothing(world: World) -> None:
    world.policy = policy({Touchpoint.REFUNDED: rule(ask=False, stops=Stops.NOTHING)})
    world.capture(event(), refund())
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 1


def test_where_the_policy_says_so_a_reversal_is_asked_about_instead(world: World) -> None:
    world.policy = policy({Touchpoint.REFUNDED: rule(stops=Stops.CUSTOMER)})
    world.capture(event(), refund())
    world.pass_time(4 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED
    assert world.invitation(refund()).state is State.SENT


def test_a_reversal_that_stops_everything_also_stops_its_payment_however_late_that_comes(world: World) -> None:
    world.policy = policy({Touchpoint.REFUNDED: rule(ask=False, stops=Stops.CUSTOMER)})
    world.capture(refund(at=NOON - HOUR), event(occurred_at=NOON))
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_a_cancellation_replaces_every_pending_survey_of_its_customer(world: World) -> None:
    world.capture(event("1"), event("2"), cancellation())
    world.live(4 * DAY)
    assert all(world.invitation(event(payment)).held for payment in "12")
    assert world.invitation(cancellation()).state is State.SENT
    assert len(world.outbox) == 1


def test_what_it_stops_is_closed_when_its_time_is_over(world: World) -> None:
    world.capture(event(), cancellation())
    world.live(40 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_one_that_arrives_first_stops_the_earlier_facts_behind_it(world: World) -> None:
    world.capture(cancellation(), event())
    world.live(4 * DAY)
    assert world.invitation(event()).held


def test_it_leaves_later_facts_alone(world: World) -> None:
    world.capture(cancellation())
    world.now += DAY
    world.capture(event("back", occurred_at=world.now))
    world.pass_time(4 * DAY)
    assert world.invitation(event("back")).state is State.SENT


def test_an_older_cancellation_does_not_undo_what_a_later_one_stopped(world: World) -> None:
    world.capture(cancellation(), cancellation(NOON - DAY, fact="test|acct|sub_0|cancelled|"), event())
    world.pass_time(4 * DAY)
    assert world.invitation(event()).held


def test_a_cancellation_from_the_future_does_not_stop_what_has_not_happened(world: World) -> None:
    world.capture(cancellation(NOON + 9 * DAY))
    world.now += DAY
    world.capture(event(occurred_at=world.now))
    assert world.invitation(event()).state is State.PENDING


def test_a_cancellation_of_nobody_stops_nothing(world: World) -> None:
    world.capture(event(), cancellation(customer=NOBODY))
    world.pass_time(3 * DAY)
    assert world.invitation(event()).state is State.SENT


@pytest.mark.parametrize("priority", [0, 50, 80])
def test_it_replaces_the_survey_its_customer_waits_for_whatever_their_priorities(world: World, priority: int) -> None:
    ending = rule(priority=priority, delay=DAY, stops=Stops.CUSTOMER)
    world.policy = policy({Touchpoint.CANCELLED: ending}, cooldown=90 * DAY)
    world.capture(event(), cancellation())
    world.pass_time(4 * DAY)
    assert world.invitation(cancellation()).state is State.SENT
    assert len(world.outbox) == 1
