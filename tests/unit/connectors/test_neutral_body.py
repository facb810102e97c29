import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Money, Touchpoint, fact_key
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source

SHOP = Source("shop", "standard_webhooks")
LEDGER = Source(
    "ledger",
    "standard_webhooks",
    types={"invoice.settled": "payment_succeeded"},
    fields={
        "type": "event.name",
        "timestamp": "event.at",
        "data": "payload",
        "data.id": "payload.number",
        "data.related": "payload.payments",
        "data.customer.id": "payload.owner.uid",
        "data.customer.email": "payload.owner.contacts.1.mail",
        "data.customer.name": "payload.owner.display",
        "data.amount.value": "payload.total.gross",
        "data.amount.currency": "payload.total.iso",
        "data.plan": "payload.product.label",
        "data.attributes.region": "payload.segment.region",
        "data.attributes.missing": "payload.owner.contacts.9.mail",
    },
)
HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": "1762171200"}

Read = Callable[..., BillingEvent]


@pytest.fixture
def read(sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]) -> Read:
    """The event in a sample, with changes to its body and to its data."""

    def normalise(name: str, headers: dict[str, str] = HEADERS, body: Any = None, **changed: Any) -> BillingEvent:
        message = json.loads(sample("standard_webhooks", name)) | (body or {})
        if changed:
            message["data"] = message["data"] | changed
        (event,) = understood("standard_webhooks", json.dumps(message).encode(), SHOP, headers)
        return event

    return normalise


def test_a_payment_is_read_in_full(read: Read) -> None:
    event = read("payment_succeeded")
    assert event.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert event.fact == fact_key("standard_webhooks", "shop", "order-20417", "payment_succeeded")
    assert (event.source, event.event_id, event.plan, event.test) == ("shop", "msg_1", "Pro", False)
    assert event.occurred_at == datetime(2025, 11, 3, 12, tzinfo=UTC)
    assert event.money == Money(4900, "CHF")
    assert event.objects == {"object": "order-20417", "customer": "shop-8841", "related_1": "pay-771002"}
    customer = event.customer
    assert (customer.id, customer.email, customer.name) == ("shop-8841", "mirjam.keller@example.com", "Mirjam Keller")
    assert (customer.locale, customer.country) == ("de-CH", "CH")
    assert customer.attributes == {"team": "sales", "seats": "12", "beta": "true"}


def test_a_customer_without_address_is_known_by_id(read: Read) -> None:
    customer = read("order_paid").customer
    assert (customer.id, customer.email, customer.time_zone) == ("shop-9002", None, "Asia/Tokyo")


@pytest.mark.parametrize("touchpoint", list(Touchpoint))
def test_every_touchpoint_is_a_type(touchpoint: Touchpoint, read: Read) -> None:
    assert read("payment_succeeded", body={"type": touchpoint.value}).touchpoint is touchpoint


def test_a_foreign_body_reads_like_a_neutral_one(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    (event,) = understood("standard_webhooks", sample("standard_webhooks", "foreign"), LEDGER, HEADERS)
    assert event.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert event.fact == fact_key("standard_webhooks", "ledger", "RE-2025-1107", "payment_succeeded")
    assert event.occurred_at == datetime(2025, 11, 3, 12, tzinfo=UTC)
    assert (event.customer.id, event.customer.email) == ("4711", "petra.sommer@example.com")
    assert (event.customer.name, event.plan) == ("Petra Sommer", "Agency")
    assert event.money == Money(119000, "EUR")
    assert event.customer.attributes == {"region": "dach"}
    assert event.objects["related_1"] == "bank-90031"


def test_a_path_that_is_not_mapped_follows_the_mapped_path_above_it(
    understood: Callable[..., tuple[BillingEvent, ...]],
) -> None:
    body = {"type": "renewed", "payload": {"id": "sub-1", "customer": {"id": "c-1", "country": "at"}}}
    source = Source("shop", "standard_webhooks", fields={"data": "payload"})
    (event,) = understood("standard_webhooks", json.dumps(body).encode(), source, HEADERS)
    assert (event.objects["object"], event.customer.country) == ("sub-1", "AT")


def test_an_unknown_or_unwanted_type_is_ignored(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    assert understood("standard_webhooks", sample("standard_webhooks", "unwanted"), SHOP, HEADERS) == ()
    nonsense = Source("shop", "standard_webhooks", types={"contact.merged": "nonsense"})
    assert understood("standard_webhooks", sample("standard_webhooks", "unwanted"), nonsense, HEADERS) == ()


class TestFacts:
    def test_occurrences_of_one_object_are_facts_of_their_own(self, read: Read) -> None:
        second, third = read("payment_failed"), read("payment_failed", occurrence="3")
        assert second.fact.endswith("|2")
        assert second.fact != third.fact

    def test_a_message_without_object_is_known_by_its_own_id(self, read: Read) -> None:
        event = read("payment_succeeded", {"svix-id": "msg_svix"}, id=None)
        assert event.objects["object"] == "msg_svix"

    def test_a_message_that_can_be_known_by_nothing_is_an_error(self, read: Read) -> None:
        with pytest.raises(PayloadError, match=r"data\.id"):
            read("payment_succeeded", {}, id=None)

    def test_a_message_without_id_is_known_by_its_object(self, read: Read) -> None:
        assert read("payment_succeeded", {}).event_id == "order-20417"

    def test_a_refund_that_names_the_payment_links_to_it(self, read: Read) -> None:
        assert set(read("refunded").links) & set(read("payment_succeeded").links)

    def test_a_refund_under_the_payments_own_id_links_to_it(self, read: Read) -> None:
        refund = read("refunded", id="order-20417", related=None)
        assert set(refund.links) & set(read("payment_succeeded").links)
        assert refund.fact != read("payment_succeeded").fact

    def test_a_refund_of_something_else_does_not(self, read: Read) -> None:
        assert not set(read("refunded").links) & set(read("order_paid").links)

    def test_ten_related_ids_are_enough(self, read: Read) -> None:
        assert len(read("refunded", related=[f"id-{number}" for number in range(1000)]).links) == 11


class TestTimes:
    @pytest.mark.parametrize(
        "headers", [HEADERS, {"svix-id": "m", "svix-timestamp": "1762171200"}], ids=["own", "svix"]
    )
    def test_a_body_without_time_happened_when_it_was_signed(self, headers: dict[str, str], read: Read) -> None:
        event = read("payment_succeeded", headers, {"timestamp": None})
        assert event.occurred_at == datetime(2025, 11, 3, 12, tzinfo=UTC)

    def test_a_message_nobody_signed_happened_when_it_came(self, read: Read, now: datetime) -> None:
        assert read("payment_succeeded", {}, {"timestamp": None}).occurred_at == now

    @pytest.mark.parametrize(
        "timestamp",
        [
            "yesterday",
            "2025-11-03T12:00:00",
            "2025-11-03",
            "",
            "0001-01-01T00:00:00+14:00",
            "2525-01-01T00:00:00Z",
            1.5,
            {},
        ],
    )
    def test_a_time_that_cannot_be_read_is_an_error(self, timestamp: object, read: Read) -> None:
        with pytest.raises(PayloadError, match="timestamp"):
            read("payment_succeeded", body={"timestamp": timestamp})


class TestCustomers:
    def test_an_update_only_teaches(self, read: Read) -> None:
        event = read("customer_updated")
        assert (event.touchpoint, event.fact) == (None, "")
        assert (event.customer.email, event.plan) == ("haruto.sato@example.com", "Starter")

    def test_of_a_deleted_customer_only_the_deletion_is_learned(self, read: Read) -> None:
        customer = read("customer_deleted").customer
        assert (customer.id, customer.deleted, customer.email) == ("shop-9002", True, None)

    @pytest.mark.parametrize("name", ["customer_updated", "customer_deleted"])
    def test_without_an_id_nobody_can_be_taught(self, name: str, read: Read) -> None:
        with pytest.raises(PayloadError, match=r"data\.customer\.id"):
            read(name, customer={"email": "a@example.com"})

    def test_attributes_are_a_few_words(self, read: Read) -> None:
        odd = {"ok": "yes", "off": False, "none": None, "float": 1.5, "list": [1], "object": {"id": 1}, "k" * 65: "x"}
        assert read("payment_succeeded", attributes=odd).customer.attributes == {"ok": "yes", "off": "false"}
        many = {f"key_{number}": "x" for number in range(1000)}
        assert len(read("payment_succeeded", attributes=many).customer.attributes) == 20


@pytest.mark.parametrize(("flag", "test"), [(True, True), ("true", True), (1, True), (False, False), (None, False)])
def test_a_test_is_whatever_says_so(flag: object, test: bool, read: Read) -> None:  # two columns
    assert read("test_message", test=flag).test is test


@pytest.mark.parametrize(
    "body", [{"type": "renewed"}, {"type": "renewed", "data": None}, {"type": "renewed", "data": [1]}], ids=str
)
def test_a_message_without_content_is_a_fact_about_nobody(
    body: dict[str, Any], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    (event,) = understood("standard_webhooks", json.dumps(body).encode(), SHOP, HEADERS)
    assert (event.customer.id, event.customer.email) == (None, None)


@pytest.mark.parametrize("kind", [None, 7, {}, []], ids=str)
def test_a_body_without_type_is_an_error(kind: object, read: Read) -> None:
    with pytest.raises(PayloadError, match="type"):
        read("payment_succeeded", body={"type": kind})
