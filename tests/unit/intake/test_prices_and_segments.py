"""The worth of a fact and the segments that reports read: from the event, else from what is known of its customer."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint
from afterbill.model.invitation import Invitation
from afterbill.model.recurring import Recurring
from tests.factories import DAY, HOUR, MINUTE, NOON, event, news, policy, ref
from tests.world import World

TEN, TWENTY = (Recurring(Money(amount, "EUR"), 1, "month") for amount in (1000, 2000))
YEARLY = Recurring(Money(9900, "EUR"), 1, "year")
DECLARED = {"segments": {"seats": "seat_count"}, "reports_account": "company"}


def paid(payment: str = "1", at: datetime = NOON, **changes: Any) -> BillingEvent:
    return event(payment, occurred_at=at, **changes)


def priced(price: Recurring, at: datetime, **changes: Any) -> BillingEvent:
    """A word about the subscription that is nothing to ask about."""
    changes = {"subscription_state": SubscriptionState.RUNNING} | changes
    return news(ref(), at, event_id=f"evt_{at:%d%H%M}", objects={"subscription": "sub_1"}, recurring=price, **changes)


@pytest.fixture
def world() -> World:
    return World(now=NOON + HOUR)


def declaring(now: datetime = NOON) -> World:
    return World(now=now, policy=replace(policy(), **DECLARED))


def fact(world: World) -> Invitation:
    (one,) = world.stored.invitations.values()
    return one


def price(world: World) -> Recurring | None:
    (one,) = world.stored.people.values()
    return one.subscriptions["sub_1"].recurring


# Prices


def test_a_fact_has_the_price_that_its_event_names(world: World) -> None:
    world.capture(priced(TWENTY, NOON - DAY), paid(recurring=TEN))

    assert fact(world).recurring == TEN


def test_else_the_price_that_its_subscription_had_last(world: World) -> None:
    world.capture(priced(TEN, NOON - DAY), paid())

    assert fact(world).recurring == TEN


def test_another_subscription_and_none_have_no_price(world: World) -> None:
    world.capture(priced(TEN, NOON - DAY), paid("1", objects={"subscription": "sub_2"}), paid("2", objects={}))

    assert [one.recurring for one in world.stored.invitations.values()] == [None, None]


@pytest.mark.parametrize(
    "order", [*permutations([priced(TEN, NOON), priced(YEARLY, NOON + MINUTE), priced(TWENTY, NOON + 2 * MINUTE)])]
)
def test_the_newest_price_stands_in_any_order(world: World, order: tuple[BillingEvent, ...]) -> None:
    world.capture(*order)

    assert price(world) == TWENTY


def test_a_price_that_is_heard_again_is_not_written_each_time(world: World) -> None:
    world.capture(priced(TEN, NOON))
    world.capture(priced(TEN, NOON + MINUTE))

    (one,) = world.stored.people.values()
    assert one.subscriptions["sub_1"].priced_at == NOON


def test_a_bill_of_before_does_not_bring_its_price_back(world: World) -> None:
    again = paid("2", NOON + MINUTE, touchpoint=Touchpoint.PAYMENT_RECOVERED, recurring=TWENTY)
    world.capture(priced(TEN, NOON), again)

    assert (price(world), fact(world).recurring) == (TEN, TWENTY)


def test_a_price_alone_does_not_say_that_a_subscription_runs(world: World) -> None:
    world.capture(priced(TEN, NOON, subscription_state=None))

    assert [one.subscriptions for one in world.stored.people.values()] == [{}]


def test_but_it_is_learned_of_a_subscription_that_is_known(world: World) -> None:
    world.capture(paid(), priced(TEN, NOON + MINUTE, subscription_state=None))

    assert price(world) == TEN


def test_a_price_that_is_told_after_the_payment_is_taken_at_sending(world: World) -> None:
    world.capture(paid(), priced(TEN, NOON + MINUTE))
    assert fact(world).recurring is None
    world.live(4 * DAY)

    assert (fact(world).state, fact(world).recurring) == ("sent", TEN)


def test_a_later_price_does_not_change_what_the_fact_was_worth(world: World) -> None:
    world.capture(paid(recurring=TEN), priced(TWENTY, NOON + MINUTE))
    world.live(4 * DAY)

    assert (fact(world).state, fact(world).recurring) == ("sent", TEN)


# Segments


def test_the_payment_method_is_a_segment_of_its_fact(world: World) -> None:
    world.capture(paid(payment_method="sepa_debit"))

    assert fact(world).segments["payment_method"] == "sepa_debit"


def test_account_and_declared_segments_are_attributes_of_the_customer() -> None:
    world = declaring()
    world.capture(paid(customer=ref(attributes={"company": "Engines Ltd", "seat_count": "12"})))

    segments = fact(world).segments
    assert (segments["account"], segments["seats"]) == ("Engines Ltd", "12")


def test_what_is_not_declared_or_not_known_is_no_segment() -> None:
    world = declaring()
    world.capture(paid(customer=ref(attributes={"color": "red"})))

    assert fact(world).segments.keys() == {"source", "touchpoint", "stage", "channel"}


def test_where_nobody_is_known_the_event_itself_is_asked() -> None:
    world = declaring()
    world.capture(paid(customer=ref(id=None, email=None, attributes={"seat_count": "12"})))

    assert (fact(world).customer_id, fact(world).segments["seats"]) == ("", "12")


def test_segments_are_taken_again_at_sending() -> None:
    world = declaring()
    world.capture(paid(customer=ref(attributes={"company": "Engines Ltd", "seat_count": "12"})))
    world.capture(news(ref(attributes={"seat_count": "15"}), NOON + MINUTE, event_id="evt_more"))
    world.live(4 * DAY)

    assert fact(world).state == "sent"
    assert (fact(world).segments["seats"], fact(world).segments["account"]) == ("15", "Engines Ltd")


def test_a_test_survey_has_them_too() -> None:
    world = declaring()
    world.capture(paid(customer=ref(attributes={"seat_count": "12"}), test=True), source="sandbox")

    assert fact(world).segments["seats"] == "12"


def test_an_end_has_the_price_of_what_ends(world: World) -> None:
    ends = event("end", touchpoint=Touchpoint.CANCELLED, objects={"subscription": "sub_1"}, money=None)
    world.capture(priced(TEN, NOON - DAY), ends)

    assert fact(world).recurring == TEN
