"""Payments that fail after they were confirmed, and orders that are cancelled: they take back what came before them."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.invitation import SkipReason, State
from afterbill.outreach.policy import Stops
from tests.factories import DAY, HOUR, NOON, event, policy, rule
from tests.world import World

CONFIRMED = event("1", objects={"payment": "pm_1"})


@pytest.fixture
def world() -> World:
    """The shipped rules for both, and nobody is asked too often."""
    return fresh()


def fresh(**changes: Stops) -> World:
    rules = {
        Touchpoint.PAYMENT_REVERSED: rule(ask=False, stops=Stops.PAYMENT),
        Touchpoint.ORDER_CANCELLED: rule(ask=False, stops=changes.get("order", Stops.PAYMENT)),
        Touchpoint.PAYMENT_FAILED: rule(stops=changes.get("failed", Stops.NOTHING)),
    }
    return World(now=NOON + 6 * HOUR, policy=policy(rules, cooldown=timedelta(0)))


def fails(at: datetime = NOON + 2 * HOUR, **changes: Any) -> BillingEvent:
    """The same payment fails, as a failure of it is always told."""
    return event(
        "failure",
        touchpoint=Touchpoint.PAYMENT_FAILED,
        occurred_at=at,
        objects={"payment": "pm_1"},
        **{"takes_back": CONFIRMED.fact} | changes,
    )


def cancelled(at: datetime = NOON + 2 * HOUR, order: str = "1") -> BillingEvent:
    about = {"objects": {"order": order}, "fact": f"test|acct|{order}|order_cancelled|"}
    return event(f"cancelled {order}", touchpoint=Touchpoint.ORDER_CANCELLED, occurred_at=at, **about)


def paid(at: datetime = NOON, order: str = "1") -> BillingEvent:
    return event(f"order {order}", touchpoint=Touchpoint.ORDER_PAID, occurred_at=at, objects={"order": order})


def test_a_confirmed_payment_that_fails_later_was_reversed(world: World) -> None:
    world.capture(CONFIRMED)
    captured = world.capture(fails()).invitation
    assert captured
    assert (captured.touchpoint, captured.reason) == (Touchpoint.PAYMENT_REVERSED, SkipReason.NOT_ASKED)
    world.live(4 * DAY)
    assert world.invitation(CONFIRMED).reason == SkipReason.STOPPED


@pytest.mark.parametrize("order", list(permutations([CONFIRMED, fails(), fails()])))
def test_it_is_not_asked_about_in_whatever_order_they_arrive(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.capture(*order)
    world.live(4 * DAY)
    assert world.invitation(CONFIRMED).reason == SkipReason.STOPPED


@pytest.mark.parametrize("order", list(permutations([CONFIRMED, fails(NOON - HOUR)])))
def test_a_payment_that_is_confirmed_after_it_failed_is_asked_about(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.capture(*order)
    world.live(4 * DAY)
    assert world.invitation(CONFIRMED).state is State.SENT


def test_a_failure_that_took_nothing_back_is_a_failed_payment(world: World) -> None:
    world.capture(fails())
    world.live(4 * DAY)
    assert world.invitation(fails()).touchpoint == Touchpoint.PAYMENT_FAILED
    assert world.invitation(fails()).state is State.SENT


def test_a_rule_that_stops_its_payment_does_so_for_failures_too() -> None:
    world = fresh(failed=Stops.PAYMENT)
    world.capture(CONFIRMED, fails(takes_back=""))
    world.live(4 * DAY)
    assert world.invitation(CONFIRMED).reason == SkipReason.STOPPED


def test_but_not_for_the_same_bill_that_is_paid_later() -> None:
    world = fresh(failed=Stops.PAYMENT)
    world.capture(fails(NOON - HOUR, takes_back=""), CONFIRMED)
    world.live(4 * DAY)
    assert world.invitation(CONFIRMED).state is State.SENT


def test_a_cancelled_order_takes_back_its_own_and_no_other(world: World) -> None:
    world.capture(paid(), paid(order="2"), cancelled())
    world.live(4 * DAY)
    assert world.invitation(paid()).reason == SkipReason.STOPPED
    assert world.invitation(paid(order="2")).state is State.SENT
    assert world.invitation(cancelled()).reason == SkipReason.NOT_ASKED


def test_also_where_it_is_told_before_the_payment(world: World) -> None:
    world.capture(cancelled(), paid())
    world.live(4 * DAY)
    assert world.invitation(paid()).reason == SkipReason.STOPPED


def test_an_order_that_is_paid_after_it_was_cancelled_is_asked_about(world: World) -> None:
    world.capture(cancelled(NOON - HOUR), paid())
    world.live(4 * DAY)
    assert world.invitation(paid()).state is State.SENT


def test_where_the_policy_says_so_it_stops_nothing() -> None:
    world = fresh(order=Stops.NOTHING)
    world.capture(paid(), cancelled())
    world.live(4 * DAY)
    assert world.invitation(paid()).state is State.SENT


def test_a_fact_that_is_dated_ahead_cannot_escape_a_reversal(world: World) -> None:
    world.policy = policy({Touchpoint.REFUNDED: rule(ask=False, stops=Stops.CUSTOMER)}, cooldown=timedelta(0))
    ahead = event("ahead", occurred_at=world.now + 2 * DAY)
    world.capture(ahead)
    world.live(DAY)
    world.capture(event("back", touchpoint=Touchpoint.REFUNDED, occurred_at=world.now, objects={"charge": "other"}))
    world.live(6 * DAY)
    assert world.invitation(ahead).reason == SkipReason.STOPPED
