"""A refund of nothing, of a part, of all, and any of them twice: only returned money takes a payment back."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from afterbill.connectors import standard_webhooks
from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.invitation import SkipReason, State
from afterbill.model.webhooks import Source, Webhook
from afterbill.outreach.policy import Stops
from tests.factories import DAY, HOUR, NOON, policy, rule
from tests.world import World

SOURCE = Source("shop", "standard_webhooks")
NOTHING, PART, ALL = "0.00", "10.00", "49.00"


def told(kind: str, id_: str, amount: str, **more: object) -> list[BillingEvent]:
    """The event as a generic source sends it; none where it says nothing."""
    customer = {"id": "cus_1", "email": "ada@example.com"}
    data = {"id": id_, "customer": customer, "amount": {"value": amount, "currency": "EUR"}, **more}
    body = json.dumps({"type": kind, "timestamp": (NOON + HOUR).isoformat(), "data": data}).encode()
    elements = standard_webhooks.normalise(Webhook("shop", {"webhook-id": f"msg_{id_}"}, body, NOON), SOURCE)
    return [one for one in elements if isinstance(one, BillingEvent)]


(PAID,) = told("payment_succeeded", "pay_1", ALL)


@given(st.lists(st.sampled_from([NOTHING, PART, ALL]), max_size=4), st.booleans(), st.booleans())
def test_only_returned_money_takes_a_payment_back(amounts: list[str], twice: bool, before: bool) -> None:  # drawn
    world = World(now=NOON + 2 * HOUR, policy=policy({Touchpoint.REFUNDED: rule(ask=False, stops=Stops.CUSTOMER)}))
    refunds = [
        refund
        for number, amount in enumerate(amounts)
        for refund in told("refunded", f"re_{number}", amount, related=["pay_1"])
    ] * (1 + twice)
    world.capture(*([*refunds, PAID] if before else [PAID, *refunds]))
    world.live(timedelta(days=4))
    paid = world.invitation(PAID)
    taken_back = any(amount != NOTHING for amount in amounts)
    assert (paid.state, paid.reason) == ((State.CLOSED, SkipReason.STOPPED) if taken_back else (State.SENT, ""))


@given(st.sampled_from([PART, ALL]), st.integers(1, 400))
def test_a_refund_that_is_told_again_another_way_takes_nothing_back_that_came_since(amount: str, days: int) -> None:
    world = World(now=NOON + 2 * HOUR, policy=policy({Touchpoint.REFUNDED: rule(ask=False, stops=Stops.CUSTOMER)}))
    (refund,) = told("refunded", "re_1", amount, related=["pay_1"])
    world.capture(PAID, refund)
    world.now += days * DAY
    world.capture(replace(refund, event_id="another", occurred_at=world.now))
    assert world.person().last_adverse_at == refund.occurred_at
