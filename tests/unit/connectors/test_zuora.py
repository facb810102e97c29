import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.connectors import zuora
from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint, fact_key
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
SECRET = "afterbill:pw"
SOURCE = Source("zuora", "zuora")
FLAT = Source(
    "zuora",
    "zuora",
    types={"PaymentProcessed": "payment_succeeded"},
    fields={
        "type": "Event",
        "data.id": "PaymentNumber",
        "data.customer.id": "AccountAccountNumber",
        "data.customer.email": "BillToContactWorkEmail",
        "data.amount.value": "PaymentAmount",
        "data.amount.currency": "AccountCurrency",
    },
)

Read = Callable[..., tuple[BillingEvent, ...]]


@pytest.fixture
def read(sample: Callable[[str, str], bytes]) -> Read:
    def normalise(name: str, source: Source = SOURCE, **changed: Any) -> tuple[BillingEvent, ...]:
        recorded = json.loads(sample("zuora", name))
        body = recorded["body"] | changed
        return zuora.normalise(Webhook("zuora", recorded["headers"], json.dumps(body).encode(), NOW), source)

    return normalise


def verdict(*secrets: str, **headers: str) -> Refusal | None:
    request = Webhook("zuora", {name.replace("_", "-"): value for name, value in headers.items()}, b"{}", NOW)
    return zuora.verify(request, secrets or [SECRET], NOW)


def test_the_first_request_comes_without_a_password_and_is_asked_for_it() -> None:
    assert verdict() is Refusal.MISSING
    assert zuora.REFUSED.status == 401
    assert zuora.REFUSED.headers == {"WWW-Authenticate": 'Basic realm="afterbill"'}


def test_the_password_counts() -> None:
    signed = zuora.sign(Webhook("zuora", {}, b"{}", NOW), SECRET)
    assert zuora.verify(signed, ["old:pw", SECRET], NOW) is None
    assert zuora.verify(signed, ["afterbill:other"], NOW) is Refusal.MISMATCH


def test_a_secret_in_the_header_counts_instead() -> None:
    assert verdict("k-1", SECRET, x_afterbill_key=" k-1 ") is None
    assert verdict(SECRET, x_afterbill_key=SECRET) is None


def test_a_wrong_or_an_empty_header_does_not() -> None:
    assert verdict("k-1", x_afterbill_key="k-2") is Refusal.MISMATCH
    assert verdict("", " ", x_afterbill_key="") is Refusal.MISSING
    assert verdict("", " ", x_afterbill_key=" ") is Refusal.MISSING
    assert verdict("k-1", x_afterbill_key="k-2", authorization="Basic !") is Refusal.MALFORMED


def test_a_wrong_header_beside_the_right_password_does_no_harm() -> None:
    password = zuora.sign(Webhook("zuora", {}, b"", NOW), SECRET).headers["authorization"]
    assert verdict(x_afterbill_key="k-2", authorization=password) is None


def test_a_payment_is_read_from_the_neutral_body(read: Read) -> None:
    (event,) = read("payment_succeeded")
    assert event.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert event.fact == fact_key("zuora", "zuora", "P-00009210", "payment_succeeded")
    assert (event.event_id, event.occurred_at) == ("2c92a0fd8e11f0a2018e1a70d1c05f01", NOW)
    assert (event.money, event.test) == (Money(32000, "EUR"), False)
    assert (event.customer.email, event.customer.name) == ("ines.duarte@example.com", "Inês Duarte")


def test_every_try_of_a_callout_is_one_message(read: Read) -> None:
    anonymous = {"data": {"customer": {"id": "A-1"}}}
    (one,), (other,) = read("payment_succeeded", **anonymous), read("payment_succeeded", **anonymous)
    assert one.fact == other.fact == fact_key("zuora", "zuora", one.event_id, "payment_succeeded")


def test_a_refund_finds_its_payment(read: Read) -> None:
    (refund,), (payment,) = read("refunded"), read("payment_succeeded")
    assert set(refund.links) & set(payment.links)
    assert refund.money == Money(2050, "EUR")


def test_a_flat_body_is_mapped(read: Read) -> None:
    (event,) = read("flat", FLAT)
    assert event.fact == fact_key("zuora", "zuora", "P-00009212", "payment_succeeded")
    assert (event.customer.id, event.customer.email) == ("A-00001877", "ines.duarte@example.com")
    assert event.money == Money(9990, "EUR")


def test_an_empty_merge_field_is_no_value(read: Read) -> None:
    (event,) = read("payment_succeeded", data={"id": "P-1", "customer": {"email": ""}, "amount": {"value": ""}})
    assert (event.customer.email, event.money) == (None, None)


def test_other_callouts_are_ignored_and_bodies_without_a_type_are_not(read: Read) -> None:
    assert read("unwanted") == ()
    with pytest.raises(PayloadError, match=r"^The body has no type\.$"):
        read("flat")


def test_a_cancellation_that_is_removed_takes_back_that_of_the_same_subscription(read: Read) -> None:
    (ended,), (removed,) = read("cancelled"), read("cancellation_withdrawn")
    assert (ended.touchpoint, removed.touchpoint) == (Touchpoint.CANCELLED, None)
    assert removed.subscription_state is SubscriptionState.RUNNING
    assert ended.objects["subscription"] == removed.objects["subscription"] == "A-S00004410"


def test_a_termed_subscription_that_expires_is_nobodys_leaving(read: Read) -> None:
    (over,) = read("subscription_expired")
    assert (over.touchpoint, over.subscription_state) == (None, SubscriptionState.EXPIRED)


def test_a_reversal_finds_its_payment_and_a_refund_of_nothing_is_none(read: Read) -> None:
    (payment,), (reversal,), (cancelled,) = read("payment_succeeded"), read("payment_reversed"), read("order_cancelled")
    assert set(payment.links) & set(reversal.links)
    assert not set(payment.links) & set(cancelled.links)
    assert read("refunded.nothing") == ()


def test_a_payment_entered_by_hand_is_of_its_own_day(read: Read) -> None:
    (event,) = read("payment_succeeded.external")
    assert event.occurred_at == datetime(2025, 10, 30, 12, tzinfo=UTC)
    assert (event.money, event.objects["subscription"]) == (Money(96000, "EUR"), "A-S00004410")
    (today,) = read("payment_succeeded.external", timestamp="2025-11-04")
    assert today.occurred_at == NOW


def test_a_day_of_a_flat_body_is_a_day_and_a_time_without_an_offset_is_none(read: Read) -> None:
    dated = replace(FLAT, fields={**FLAT.fields, "timestamp": "PaymentEffectiveDate"})
    (event,) = read("flat", dated, PaymentEffectiveDate="2025-10-30")
    assert event.occurred_at == datetime(2025, 10, 30, 12, tzinfo=UTC)
    with pytest.raises(PayloadError, match="timestamp"):
        read("flat", dated, PaymentEffectiveDate="2025-10-30T10:00:00")


def test_of_several_addresses_the_first_that_is_one_counts(read: Read) -> None:
    (event,) = read("payment_succeeded.external")
    assert event.customer.email == "contabilidade@example.com"
    (nobody,) = read("payment_succeeded", data={"id": "P-1", "customer": {"id": "A-1", "email": ["", None]}})
    assert nobody.customer.email is None
