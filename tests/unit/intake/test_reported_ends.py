"""Reasons that billing systems report: with the end of a subscription or later, in any order and number."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.outreach.policy import Stops
from tests.erased import erase
from tests.factories import ADA, DAY, HOUR, NOON, SECOND, event, policy, rule
from tests.world import World

REASON, WORDS = "too_expensive", "We found something cheaper."


def ends(at: datetime = NOON, **reported: Any) -> BillingEvent:
    return event(
        "end",
        CustomerRef("cus_1", ADA),
        touchpoint=Touchpoint.CANCELLED,
        event_id=f"evt_{at:%H%M%S}_{reported}",
        occurred_at=at,
        objects={"subscription": "sub_1"},
        money=None,
        **reported,
    )


PLAIN = ends()
CODE = ends(NOON + 5 * SECOND, reported_reason=REASON)
BOTH = ends(NOON + 9 * SECOND, reported_reason="unused", reported_comment=WORDS)


@pytest.fixture
def world() -> World:
    return fresh()


def fresh(**cancelled: Any) -> World:
    return World(now=NOON + HOUR, policy=policy({Touchpoint.CANCELLED: rule(stops=Stops.SUBSCRIPTION, **cancelled)}))


def fact(world: World) -> Invitation:
    (one,) = world.stored.invitations.values()
    return one


def told(world: World) -> tuple[str, str]:
    return fact(world).reported_reason, fact(world).reported_comment


def test_a_reason_that_comes_with_the_end_stands_with_it(world: World) -> None:
    world.capture(BOTH)

    assert told(world) == ("unused", WORDS)
    assert fact(world).reported_at == BOTH.occurred_at


def test_a_reason_that_comes_seconds_later_joins_the_end(world: World) -> None:
    world.capture(PLAIN)
    before = fact(world)
    world.capture(CODE)

    assert fact(world) == replace(before, reported_reason=REASON, reported_at=CODE.occurred_at)


def test_an_end_that_is_not_asked_about_has_its_reason_too() -> None:
    world = fresh(ask=False)
    world.capture(PLAIN)
    world.capture(CODE)

    assert (fact(world).state, fact(world).reason) == (State.CLOSED, SkipReason.NOT_ASKED)
    assert told(world) == (REASON, "")


@pytest.mark.parametrize("order", [*permutations([PLAIN, CODE, BOTH, CODE])])
def test_in_any_order_and_number_the_newest_word_stands(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    for each in order:
        world.capture(each)

    assert told(world) == ("unused", WORDS)


@pytest.mark.parametrize("order", [*permutations([BOTH, ends(NOON + DAY, reported_reason=REASON), PLAIN])])
def test_a_newer_reason_without_words_leaves_the_words(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.now = NOON + 2 * DAY
    for each in order:
        world.capture(each)

    assert told(world) == (REASON, WORDS)


@pytest.mark.parametrize("order", [*permutations([ends(reported_reason="a"), ends(reported_reason="b")])])
def test_of_two_reasons_of_one_moment_the_same_one_stands_in_any_order(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    for each in order:
        world.capture(each)

    assert told(world) == ("b", "")


AGAIN = [
    ends(NOON, reported_reason="price"),
    ends(NOON + HOUR / 2, reported_reason="quality"),
    ends(NOON + HOUR, reported_reason="price"),
]


@pytest.mark.parametrize("order", [*permutations([*AGAIN, PLAIN])])
def test_a_reason_that_is_told_again_is_the_newest_in_any_order(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    for each in order:
        world.capture(each)

    assert told(world) == ("price", "")


@pytest.mark.parametrize("order", [*permutations([AGAIN[0], AGAIN[1], ends(NOON + HOUR)])])
def test_an_event_without_a_reason_is_no_newer_word(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    for each in order:
        world.capture(each)

    assert told(world) == ("quality", "")


def test_a_repeat_writes_nothing(world: World) -> None:
    world.capture(PLAIN)
    world.capture(BOTH)
    before = fact(world), dict(world.stored.people)
    for each in (PLAIN, BOTH, PLAIN):
        world.capture(each)

    assert (fact(world), dict(world.stored.people)) == before


def test_words_whose_period_is_over_are_not_taken_again(world: World) -> None:
    world.capture(PLAIN)
    world.now = NOON + world.policy.retention.comments
    world.capture(BOTH)

    assert told(world) == ("unused", "")


def test_an_idle_test_event_reports_nothing(world: World) -> None:
    world.capture(replace(PLAIN, test=True))
    world.capture(replace(CODE, test=True))

    assert told(world) == ("", "")


def test_an_erased_customer_gets_no_reason(world: World) -> None:
    world.capture(PLAIN)
    erase(world.stored, fact(world).customer_id, world.now)
    world.capture(BOTH)

    assert told(world) == ("", "")


def test_whoever_stored_something_newer_meanwhile_is_not_overwritten(world: World) -> None:
    world.capture(BOTH)
    late = replace(fact(world), reported_reason=REASON, reported_at=CODE.occurred_at)

    assert not world.stored.commit(FactWrites(reported=late))
    assert not world.stored.commit(FactWrites(reported=replace(late, id="f" * 32)))
    assert told(world) == ("unused", WORDS)
