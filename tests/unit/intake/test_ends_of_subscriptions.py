"""Ends of subscriptions: announced, taken back, come, planned; of one of several; in any order and number."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint
from afterbill.model.invitation import SkipReason, State
from afterbill.outreach.policy import Stops
from tests.factories import ADA, DAY, HOUR, MINUTE, NOON, event, policy, rule
from tests.world import World

CUSTOMER = CustomerRef("cus_1", ADA)


@pytest.fixture
def world() -> World:
    """The farewell comes after a day, all else after three; nobody is asked too often."""
    return fresh()


def fresh(**defaults: Any) -> World:
    rules = {Touchpoint.CANCELLED: rule(delay=DAY, stops=Stops.SUBSCRIPTION)}
    return World(now=NOON + 4 * HOUR, policy=policy(rules, **{"cooldown": timedelta(0)} | defaults))


def about(kind: str, subscription: str, at: datetime, touchpoint: Touchpoint | None, **more: Any) -> BillingEvent:
    fact = f"test|acct|{subscription}|{touchpoint}|" if touchpoint else ""
    return BillingEvent(
        source="shop",
        event_id=f"evt_{kind}_{subscription}_{at:%m%dT%H%M}",
        occurred_at=at,
        customer=CUSTOMER,
        touchpoint=touchpoint,
        fact=fact,
        objects={"subscription": subscription},
        **more,
    )


def ends(subscription: str = "sub_1", at: datetime = NOON + HOUR, kind: str = "end") -> BillingEvent:
    return about(kind, subscription, at, Touchpoint.CANCELLED)


def goes_on(subscription: str = "sub_1", at: datetime = NOON + 2 * HOUR) -> BillingEvent:
    return about("on", subscription, at, None, subscription_state=SubscriptionState.RUNNING)


def expires(subscription: str = "sub_1", at: datetime = NOON + HOUR) -> BillingEvent:
    return about("expired", subscription, at, None, subscription_state=SubscriptionState.EXPIRED)


def starts(subscription: str, at: datetime = NOON) -> BillingEvent:
    return about("start", subscription, at, Touchpoint.SUBSCRIPTION_STARTED)


def order(at: datetime = NOON) -> BillingEvent:
    return event("order", CUSTOMER, occurred_at=at, objects={"order": "1"})


def farewells(world: World) -> list[str]:
    """The states of all surveys about an end, skipped ones by their reason."""
    asked = [one for one in world.stored.invitations.values() if one.touchpoint == Touchpoint.CANCELLED]
    return sorted(one.reason or one.state for one in asked)


def test_an_end_is_asked_about(world: World) -> None:
    world.capture(ends())
    world.live(2 * DAY)
    assert farewells(world) == ["sent"]


def test_one_that_is_taken_back_is_not(world: World) -> None:
    world.capture(ends(), goes_on())
    world.live(2 * DAY)
    assert farewells(world) == [SkipReason.WITHDRAWN]


def test_nor_where_it_was_taken_back_before_it_was_told(world: World) -> None:
    world.capture(goes_on(), ends())
    world.live(2 * DAY)
    assert farewells(world) == [SkipReason.WITHDRAWN]


@pytest.mark.parametrize(("first", "farewell"), [(ends, SkipReason.WITHDRAWN), (goes_on, "sent")])
def test_of_two_words_of_the_same_second_the_later_to_come_counts(world: World, first: Any, farewell: str) -> None:
    then = goes_on if first is ends else ends
    world.capture(first(at=NOON), then(at=NOON))
    world.live(2 * DAY)
    assert farewells(world) == [farewell]


def test_but_a_start_told_late_is_older_than_an_end_of_its_second(world: World) -> None:
    start = about("start", "sub_1", NOON, None, subscription_state=SubscriptionState.STARTED)
    world.capture(ends(at=NOON), start)
    world.live(2 * DAY)
    assert farewells(world) == ["sent"]


@pytest.mark.parametrize("told", list(permutations(range(3))))
def test_who_subscribes_pays_and_ends_within_a_second_is_not_asked_about_the_payment(
    world: World, told: tuple[int, ...]
) -> None:
    start = about("start", "sub_1", NOON, None, subscription_state=SubscriptionState.STARTED)
    payment = about("pay", "sub_1", NOON, Touchpoint.PAYMENT_SUCCEEDED)
    words = (start, payment, ends(at=NOON))
    for place in told:
        world.capture(words[place])
    world.live(4 * DAY)
    assert world.invitation(payment).state is not State.SENT


def test_what_an_announcement_stopped_goes_on_at_once_when_it_is_taken_back(world: World) -> None:
    world.capture(event(), ends())
    world.live(4 * DAY)
    assert world.invitation(event()).held
    world.capture(goes_on(at=world.now))
    world.live(MINUTE)
    assert world.invitation(event()).state is State.SENT


def test_unless_its_time_is_over(world: World) -> None:
    world.capture(event(), ends())
    world.live(40 * DAY)
    world.capture(goes_on(at=world.now))
    world.live(DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED


def test_a_withdrawal_that_comes_again_wakes_what_a_crash_left_asleep(world: World) -> None:
    world.capture(event(), ends())
    world.live(4 * DAY)
    on = goes_on(at=world.now)
    world.capture(on)
    world.queued.messages.clear()
    world.capture(on)
    world.live(MINUTE)
    assert world.invitation(event()).state is State.SENT


def test_a_new_end_after_a_withdrawal_is_asked_about_once(world: World) -> None:
    world.capture(ends(), goes_on())
    world.live(2 * DAY)
    world.capture(ends(at=world.now, kind="announced"), ends(at=world.now + MINUTE, kind="came"))
    world.live(2 * DAY)
    assert farewells(world) == ["sent", SkipReason.WITHDRAWN]


def test_also_a_third_one(world: World) -> None:
    for _ in range(3):
        world.capture(ends(at=world.now))
        world.now += HOUR
        world.capture(goes_on(at=world.now))
        world.now += HOUR
    world.capture(ends(at=world.now))
    world.live(2 * DAY)
    assert farewells(world) == ["sent", *[SkipReason.WITHDRAWN] * 3]


def test_an_end_that_was_announced_long_ago_is_no_second_farewell(world: World) -> None:
    world.capture(ends())
    world.live(100 * DAY)
    world.capture(ends(at=world.now, kind="came"))
    world.live(2 * DAY)
    assert farewells(world) == ["sent"]


def test_nor_does_its_coming_stop_what_happened_since_it_was_announced(world: World) -> None:
    world.capture(ends())
    world.live(98 * DAY)
    bought = order(world.now)
    world.capture(bought)
    world.live(2 * DAY)
    world.capture(ends(at=world.now, kind="came"))
    world.live(4 * DAY)
    assert world.invitation(bought).state is State.SENT


def test_a_withdrawal_without_a_time_of_its_own_takes_back_no_later_end_when_it_is_repeated(world: World) -> None:
    back = goes_on(at=NOON + 2 * HOUR)
    world.capture(ends(), back, ends(at=NOON + 3 * HOUR, kind="came"))
    world.capture(replace(back, occurred_at=world.now))
    world.live(2 * DAY)
    assert "sent" in farewells(world)


# One of several subscriptions


def test_switching_plans_by_a_new_subscription_is_no_farewell(world: World) -> None:
    world.capture(starts("old", NOON - DAY), starts("new"), ends("old", NOON + MINUTE))
    world.live(4 * DAY)
    assert farewells(world) == [SkipReason.STILL_SUBSCRIBED]
    assert world.invitation(starts("new")).state is State.SENT


def test_nor_where_the_new_one_begins_after_the_old_one_ended(world: World) -> None:
    world.capture(ends("old", NOON), starts("new", NOON + MINUTE))
    world.live(4 * DAY)
    assert farewells(world) == [SkipReason.STILL_SUBSCRIBED]
    assert world.invitation(starts("new", NOON + MINUTE)).state is State.SENT


def test_the_end_of_one_stops_what_is_about_it_and_nothing_else(world: World) -> None:
    world.capture(starts("one"), starts("two"), order(), ends("one"))
    world.live(4 * DAY)
    assert world.invitation(starts("one")).held
    assert {world.invitation(fact).state for fact in (starts("two"), order())} == {State.SENT}


def test_whose_last_one_ends_is_leaving_and_asked_about_nothing_else(world: World) -> None:
    world.capture(starts("one"), order(), ends("one"))
    world.live(4 * DAY)
    assert [world.invitation(fact).held for fact in (starts("one"), order())] == [True, True]
    assert farewells(world) == ["sent"]


@pytest.mark.parametrize("begins", [starts, goes_on])
def test_what_a_last_end_holds_back_goes_on_with_the_next_subscription(world: World, begins: Any) -> None:
    world.capture(order(), ends("old"))
    world.live(4 * DAY)
    assert world.invitation(order()).held
    world.capture(begins("new", world.now))
    world.live(MINUTE)
    assert world.invitation(order()).state is State.SENT


def test_who_ends_both_is_asked_once_within_the_cooldown() -> None:
    world = fresh(cooldown=90 * DAY)
    world.capture(starts("one"), starts("two"), ends("one"), ends("two", NOON + 2 * HOUR))
    world.live(60 * DAY)
    assert len(world.outbox) == 1


# Ends that were planned from the beginning


def test_an_end_that_was_planned_is_nobodys_leaving_and_takes_nothing_back(world: World) -> None:
    world.capture(starts("sub_1"), expires())
    world.live(4 * DAY)
    assert farewells(world) == []
    assert world.invitation(starts("sub_1")).state is State.SENT


@pytest.mark.parametrize("order", list(permutations([expires(at=NOON + HOUR), ends(at=NOON + HOUR + MINUTE)])))
def test_nor_where_its_end_is_told_as_well_at_the_same_moment(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.capture(starts("sub_1"), *order)
    world.live(4 * DAY)
    assert "sent" not in farewells(world)
    assert world.invitation(starts("sub_1")).state is State.SENT


@pytest.mark.parametrize("order", list(permutations([expires(), ends(at=NOON + HOUR, kind="came")])))
def test_but_who_had_announced_it_before_is_leaving(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.capture(ends(at=NOON), *order)
    world.live(4 * DAY)
    assert farewells(world) == ["sent"]


def test_what_is_over_as_planned_is_no_other_subscription(world: World) -> None:
    world.capture(starts("one"), expires("one"), starts("two"), ends("two", NOON + 2 * HOUR))
    world.live(4 * DAY)
    assert farewells(world) == ["sent"]


def test_one_nobody_heard_of_for_more_than_a_year_is_none_either(world: World) -> None:
    world.capture(starts("one", NOON - 401 * DAY), ends("two"))
    world.live(4 * DAY)
    assert farewells(world) == ["sent"]


# Any order, any number

ANNOUNCED, WITHDRAWN, CAME = ends(kind="announced"), goes_on(), ends(at=NOON + 3 * HOUR, kind="came")


@given(st.lists(st.integers(0, 2), max_size=5).map(lambda more: [0, 1, 2, *more]).flatmap(st.permutations))
def test_announced_withdrawn_and_ended_in_any_order_is_one_farewell(order: list[int]) -> None:
    world = fresh()
    world.capture(event(), *([ANNOUNCED, WITHDRAWN, CAME][index] for index in order))
    world.live(4 * DAY)
    assert [state for state in farewells(world) if state != SkipReason.WITHDRAWN] == ["sent"]
    assert world.invitation(event()).held


@pytest.mark.parametrize("order", [*permutations([ANNOUNCED, WITHDRAWN]), (ANNOUNCED, WITHDRAWN, ANNOUNCED)])
def test_announced_and_withdrawn_in_any_order_is_none(order: tuple[BillingEvent, ...]) -> None:
    world = fresh()
    world.capture(event(), *order)
    world.live(4 * DAY)
    assert farewells(world) == [SkipReason.WITHDRAWN]
    assert world.invitation(event()).state is State.SENT


@pytest.mark.parametrize("late", [ANNOUNCED, WITHDRAWN, CAME], ids=["announced", "withdrawn", "came"])
def test_a_repeat_has_no_effects_whenever_it_comes(world: World, late: BillingEvent) -> None:
    world.capture(ANNOUNCED, WITHDRAWN, CAME)
    world.live(10 * DAY)
    before = (dict(world.stored.people), dict(world.stored.invitations))
    world.capture(late)
    world.live(10 * DAY)
    assert (dict(world.stored.people), dict(world.stored.invitations)) == before


def test_where_the_policy_says_so_an_end_stops_nothing() -> None:
    world = fresh()
    world.policy = policy({Touchpoint.CANCELLED: rule(ask=False, stops=Stops.NOTHING)}, cooldown=timedelta(0))
    world.capture(starts("sub_1"), ends())
    world.live(4 * DAY)
    assert world.invitation(starts("sub_1")).state is State.SENT
