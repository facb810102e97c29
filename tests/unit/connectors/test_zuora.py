import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.connectors import zuora
from afterbill.model.billing import BillingEvent, Money, Touchpoint, fact_key
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
