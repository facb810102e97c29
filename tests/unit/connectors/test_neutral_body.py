import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint, fact_key
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


class TestAmounts:
    def test_an_amount_may_be_told_in_the_smallest_unit(self, read: Read) -> None:
        assert read("payment_succeeded.minor").money == Money(12950, "CHF")

    @pytest.mark.parametrize(
        ("minor", "currency", "money"),
        [
            (1280, "jpy", Money(1280, "JPY")),
            ("5250", "KWD", Money(5250, "KWD")),
            (0, "EUR", Money(0, "EUR")),
            (-500, "EUR", Money(-500, "EUR")),
            (500, None, None),
        ],
    )
    def test_the_smallest_unit_is_that_of_the_currency(
        self, minor: object, currency: str | None, money: Money | None, read: Read
    ) -> None:
        assert read("payment_succeeded", amount={"minor": minor, "currency": currency}).money == money

    @pytest.mark.parametrize("minor", [10.5, 1000.0, "10.00", "1,000", "", True, [], {}, 10**17], ids=repr)
    def test_what_is_no_whole_number_is_no_amount_in_the_smallest_unit(self, minor: object, read: Read) -> None:
        with pytest.raises(PayloadError, match=r"data\.amount\.minor is no whole number"):
            read("payment_succeeded", amount={"minor": minor, "currency": "EUR"})

    def test_a_foreign_amount_can_be_mapped_to_either_unit(
        self, understood: Callable[..., tuple[BillingEvent, ...]]
    ) -> None:
        body = json.dumps({"type": "order_paid", "data": {"id": "o-1", "total": 1000, "currency": "usd"}}).encode()
        for unit, amount in (("minor", 1000), ("value", 100_000)):
            fields = {f"data.amount.{unit}": "data.total", "data.amount.currency": "data.currency"}
            (event,) = understood("standard_webhooks", body, Source("s", "standard_webhooks", fields=fields), HEADERS)
            assert event.money == Money(amount, "USD")

    @pytest.mark.parametrize("amount", [{"value": "0.00"}, {"value": 0}, {"minor": 0}], ids=repr)
    def test_a_refund_of_nothing_is_none(
        self, amount: dict[str, Any], understood: Callable[..., tuple[BillingEvent, ...]]
    ) -> None:
        body = {"type": "refunded", "data": {"id": "r-1", "amount": {**amount, "currency": "EUR"}}}
        assert understood("standard_webhooks", json.dumps(body).encode(), SHOP, HEADERS) == ()


class TestSubscriptions:
    def test_an_end_is_that_of_the_subscription_it_is_about(self, read: Read) -> None:
        end = read("cancelled")
        assert (end.touchpoint, end.objects["subscription"]) == (Touchpoint.CANCELLED, "sub-310")

    def test_an_end_that_is_taken_back_proves_that_it_runs(self, read: Read) -> None:
        event = read("cancellation_withdrawn")
        assert (event.touchpoint, event.fact) == (None, "")
        assert event.subscription_state is SubscriptionState.RUNNING
        assert event.objects == {"customer": "shop-8841", "subscription": "sub-310"}

    def test_a_planned_end_is_nobodys_leaving(self, read: Read) -> None:
        event = read("subscription_expired")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.EXPIRED)

    def test_a_start_proves_that_it_runs(self, read: Read) -> None:
        start = read("subscription_started")
        assert start.subscription_state is SubscriptionState.RUNNING
        assert (start.objects["object"], start.objects["subscription"]) == ("order-20440", "sub-311")

    def test_a_start_that_names_none_is_about_its_own_object(self, read: Read) -> None:
        assert read("subscription_started", id="sub-5", subscription=None).objects["subscription"] == "sub-5"
        assert read("subscription_started", id=None, subscription=None).subscription_state is None

    def test_any_event_may_name_the_subscription_it_is_about(self, read: Read) -> None:
        paid = read("payment_succeeded", subscription="sub-310")
        assert (paid.objects["subscription"], paid.subscription_state) == ("sub-310", None)
        assert "subscription" not in read("payment_succeeded").objects

    def test_its_customer_may_be_known_by_address_alone(self, read: Read) -> None:
        event = read("cancellation_withdrawn", {}, customer={"email": "mirjam.keller@example.com"})
        assert (event.event_id, event.objects) == ("sub-310", {"subscription": "sub-310"})

    @pytest.mark.parametrize("missing", ["customer", "id"])
    def test_without_a_customer_or_a_subscription_nothing_is_said(self, missing: str, read: Read) -> None:
        with pytest.raises(PayloadError, match=rf"data\..*{missing}"):
            read("cancellation_withdrawn", **{missing: None})


class TestFacts:
    def test_a_cancelled_order_is_linked_to_itself_alone(self, read: Read) -> None:
        order, paid = read("order_cancelled"), read("payment_succeeded")
        assert order.touchpoint is Touchpoint.ORDER_CANCELLED
        assert set(order.links) <= set(paid.links)

    def test_a_failure_takes_back_the_payment_of_the_same_name(self, read: Read) -> None:
        paid, failed = read("payment_succeeded"), read("payment_failed", id="order-20417", occurrence=None)
        assert failed.takes_back == paid.fact
        assert paid.takes_back == ""

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


def test_a_reported_payload_in_cents_is_read(
    payloads: Path, understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    file = payloads.parent / "faults" / "standard_webhooks" / "14.order.paid-in-cents.json"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    fields = {"data.amount.minor": "data.total_amount", "data.amount.currency": "data.currency"}
    source = Source("std", "standard_webhooks", types={"order.paid": "payment_succeeded"}, fields=fields)
    (event,) = understood("standard_webhooks", file.read_bytes(), source, HEADERS)
    assert event.money == Money(1000, "USD")
