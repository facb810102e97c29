"""Refunds, disputes and cancellations: before, between and after the facts they take back."""

from datetime import timedelta

import pytest

from afterbill.domain.billing import BillingEvent, Touchpoint
from afterbill.domain.invitation import SkipReason, State
from afterbill.domain.policy import Stops
from tests.factories import DAY, HOUR, NOBODY, NOON, cancellation, event, policy, refund, rule
from tests.world import World

DISPUTE = event(touchpoint=Touchpoint.DISPUTED, occurred_at=NOON + HOUR)
REVERSALS = pytest.mark.parametrize("reversal", [refund(), DISPUTE], ids=["refund", "dispute"])


@pytest.fixture
def world() -> World:
    return World(policy({Touchpoint.CANCELLED: rule(delay=DAY, stops=Stops.CUSTOMER)}, cooldown=timedelta(0)))


def test_nothing_is_stopped_without_a_reason(world: World) -> None:
    world.capture(event("1"), event("2"))
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 2


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
    world.pass_time(4 * DAY)
    assert {world.invitation(event(payment)).reason for payment in "12"} == {SkipReason.STOPPED}
    assert world.invitation(cancellation()).state is State.SENT
    assert len(world.outbox) == 1


def test_one_that_arrives_first_stops_the_earlier_facts_behind_it(world: World) -> None:
    world.capture(cancellation(), event())
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_it_leaves_later_facts_alone(world: World) -> None:
    world.capture(cancellation(), event("back", occurred_at=NOON + DAY))
    world.pass_time(4 * DAY)
    assert world.invitation(event("back")).state is State.SENT


def test_an_older_cancellation_does_not_undo_what_a_later_one_stopped(world: World) -> None:
    world.capture(cancellation(), cancellation(NOON - DAY, fact="test|acct|sub_0|cancelled|"), event())
    assert world.invitation(event()).reason == SkipReason.STOPPED


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
