"""Since Stripe's 2025 API a refund names a payment intent, an invoice only itself: a third event joins them."""

import itertools

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.billing import BillingEvent, Touchpoint, fact_key
from afterbill.model.invitation import SkipReason, State
from tests.factories import HOUR, NOBODY, NOON, event, policy, refund
from tests.world import World

PAYMENT = event("1", objects={"invoice": "in_1"})
REFUND = refund("1", customer=NOBODY, objects={"charge": "ch_1", "payment_intent": "pi_1"})
JOINED = event(
    customer=NOBODY,
    touchpoint=None,
    fact=fact_key("test", "acct", "in_1", Touchpoint.PAYMENT_SUCCEEDED),
    objects={"invoice": "in_1", "payment_intent": "pi_1"},
    money=None,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("order", list(itertools.permutations([PAYMENT, REFUND, JOINED])))
def test_a_refund_stops_its_payment_in_whichever_order_the_three_arrive(
    world: World, order: tuple[BillingEvent, ...]
) -> None:
    for one in order:
        world.capture(one)
    world.pass_time(100 * 24 * HOUR)
    assert world.outbox == []
    assert (world.invitation(PAYMENT).state, world.invitation(PAYMENT).reason) == (State.CLOSED, SkipReason.STOPPED)


def test_without_the_joining_event_nothing_is_known_and_the_survey_goes_out(world: World) -> None:
    world.capture(PAYMENT)
    world.capture(REFUND)
    world.pass_time(72 * HOUR)
    assert len(world.outbox) == 1


def test_another_payment_is_not_stopped() -> None:
    world = World(policy(cooldown=0 * HOUR))
    other = event("2", objects={"invoice": "in_2"})
    for one in (PAYMENT, JOINED, REFUND, other):
        world.capture(one)
    world.pass_time(72 * HOUR)
    assert world.invitation(other).state is State.SENT


def test_repeating_the_joining_event_writes_nothing(world: World) -> None:
    world.capture(JOINED)
    stored = dict(world.stored.peers)
    world.capture(JOINED)
    assert world.stored.peers == stored


def test_a_refund_and_a_join_that_did_not_see_each_other_cannot_both_be_stored(world: World) -> None:
    links = frozenset(JOINED.links)
    assert world.stored.commit(FactWrites(peers=links))
    assert not world.stored.commit(FactWrites(stops=dict.fromkeys(REFUND.links, REFUND.invitation_id)))


def test_a_refund_dated_into_the_future_does_not_stop_what_has_not_happened_yet(world: World) -> None:
    world.capture(event("end", touchpoint=Touchpoint.CANCELLED, occurred_at=NOON + 1000 * HOUR))
    world.now = NOON + HOUR
    assert world.capture(event("2", occurred_at=world.now)).invitation is not None
    assert world.invitation(event("2")).reason != SkipReason.STOPPED
