"""Phone numbers are read where a billing system has them, and kept as they were spelled."""

import pytest

from afterbill.connectors._kit.json import Json
from afterbill.connectors.shopify.customers import customer_of as shopify_buyer
from afterbill.connectors.shopify.customers import profile_of
from afterbill.connectors.stripe.customers import customer_of as stripe_buyer


@pytest.mark.parametrize(
    "content",
    [
        {"customer_details": {"phone": "079 123 45 67"}},
        {"customer_phone": "079 123 45 67", "billing_details": {"phone": "other"}},
        {"billing_details": {"phone": "079 123 45 67"}},
    ],
)
def test_stripe_tells_it_with_what_was_bought(content: Json) -> None:
    assert stripe_buyer(content).phone == "079 123 45 67"
    assert stripe_buyer({}).phone is None


@pytest.mark.parametrize("place", [(), ("customer",), ("billing_address",)])
def test_shopify_tells_it_with_the_order(place: tuple[str, ...]) -> None:
    phone = {"phone": "079 123 45 67"}
    assert shopify_buyer({place[0]: phone} if place else phone).phone == "079 123 45 67"


def test_and_with_the_customer() -> None:
    assert profile_of({"id": 1, "phone": "+41791234567"}).phone == "+41791234567"
