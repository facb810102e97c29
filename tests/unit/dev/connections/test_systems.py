"""The systems at their addresses in the local stack."""

import json

import pytest

from afterbill_dev.local import sources
from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.systems import Connections
from afterbill_dev.local.forwarding import Answer
from tests.unit.dev.connections.callers import shopify_headers

INBOX = "http://127.0.0.1:8425/"
MADE = sources.make("http://127.0.0.1:8480", INBOX)
PAID = json.dumps({"id": 1, "name": "#1"}).encode()


@pytest.fixture
def connections() -> Connections:
    return Connections(sources.accounts(MADE))


def held(connections: Connections, name: str) -> Answer:
    return connections.answer("GET", f"/connections/{name}/_state", {}, b"")


@pytest.mark.parametrize("name", accounts.NAMES)
def test_each_tells_its_state_at_the_address_that_the_stack_describes(connections: Connections, name: str) -> None:
    described = accounts.described(INBOX)[name]

    assert described["state"] == f"http://127.0.0.1:8425/connections/{name}/_state"
    assert described["url"] == f"http://127.0.0.1:8425/connections/{name}"
    assert json.loads(held(connections, name).body)["calls"] == 0


def test_no_other_exists(connections: Connections) -> None:
    assert held(connections, "hubspot").status == 404


def test_the_shop_hears_of_an_order_on_its_way_to_the_shops_source(connections: Connections) -> None:
    headers = {name.title(): value for name, value in signed("shopify").items()}
    connections.overhear("/webhooks/shopify?key=1", headers, PAID)

    assert "gid://shopify/Order/1" in json.loads(held(connections, "shopify").body)["orders"]


def test_of_what_goes_to_other_sources_it_hears_nothing(connections: Connections) -> None:
    connections.overhear("/webhooks/stripe", signed("stripe"), PAID)
    connections.overhear("/r/token", signed("shopify"), PAID)

    assert json.loads(held(connections, "shopify").body)["orders"] == {}


def signed(source: str) -> dict[str, str]:
    return shopify_headers("orders/paid", PAID, MADE[source].secret)
