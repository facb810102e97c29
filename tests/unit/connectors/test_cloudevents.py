import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import cloudevents
from afterbill.model.billing import BillingEvent, Money, Touchpoint, fact_key
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
SOURCE = Source("events", "cloudevents")
LEDGER = Source(
    "events",
    "cloudevents",
    types={
        "com.example.billing": "release",
        "com.example.billing.invoice.settled": "payment_succeeded",
        "ours": "order_paid",
    },
    fields={
        "data.id": "subject",
        "data.customer.email": "data.owner.mail",
        "data.amount.value": "data.total.gross",
        "data.amount.currency": "data.total.iso",
        "data.attributes.shop": "source",
    },
)

Read = Callable[..., tuple[BillingEvent | PayloadError, ...]]


@pytest.fixture
def read(sample: Callable[[str, str], bytes]) -> Read:
    """Read a sample whose event was changed; a value of None removes the key."""

    def normalise(
        name: str, source: Source = SOURCE, /, headers: dict[str, str] | None = None, **changed: Any
    ) -> tuple[BillingEvent | PayloadError, ...]:
        recorded = json.loads(sample("cloudevents", name))
        wrapped = recorded if "headers" in recorded else {"headers": {}, "body": recorded}
        body = wrapped["body"]
        if changed:
            body = {key: value for key, value in (body | changed).items() if value is not None}
        return understand(json.dumps(body).encode(), source, wrapped["headers"] | (headers or {}))

    return normalise


def understand(
    body: bytes, source: Source = SOURCE, headers: dict[str, str] | None = None
) -> tuple[BillingEvent | PayloadError, ...]:
    return cloudevents.normalise(Webhook("events", headers or {}, body, NOW), source)


def verdict(*secrets: str, query: dict[str, str] | None = None, **headers: str) -> Refusal | None:
    return cloudevents.verify(Webhook("events", headers, b"{}", NOW, query=query or {}), secrets, NOW)


def greeting(origin: str | None, method: str = "OPTIONS") -> Reply | None:
    headers = {} if origin is None else {"webhook-request-origin": origin}
    return cloudevents.handshake(Webhook("events", headers, b"", NOW, method), [])


@pytest.mark.parametrize(
    "origin", ["eventgrid.azure.net", "*", "localhost", "emitter.example.com:8443", "a", "x" * 63 + ".example.com"]
)
def test_whoever_asks_to_send_gets_consent_without_any_secret(origin: str) -> None:
    allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"}
    assert greeting(origin) == Reply(200, "", allowed)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "a b",
        "example.com\r\nSet-Cookie: x=1",
        "example.com\n",
        "-example.com",
        "<b>",
        "é.example",
        "**",
        "x" * 300,
    ],
)
def test_what_is_no_host_is_never_repeated(origin: str | None) -> None:
    assert greeting(origin) is None


def test_an_event_is_no_handshake() -> None:
    assert greeting("example.com", "POST") is None


def test_a_token_is_taken_from_the_header_or_the_address() -> None:
    assert verdict("old", "t-1", authorization="Bearer t-1") is None
    assert verdict("t-1", authorization="bearer  t-1 ") is None
    assert verdict("t-1", query={"access_token": "t-1"}) is None
    assert verdict("t-1", authorization="Bearer other", query={"access_token": "t-1"}) is None


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dC0x", "t-1"])
def test_without_a_token_there_is_no_proof(header: str) -> None:
    assert verdict("t-1", authorization=header) is Refusal.MISSING
    assert verdict("t-1", query={"token": "t-1", "access_token": ""}) is Refusal.MISSING


def test_a_sample_is_sent_with_its_token() -> None:
    signed = cloudevents.sign(Webhook("events", {"content-type": "application/json"}, b"{}", NOW), "t-1")
    assert signed.headers == {"content-type": "application/json", "authorization": "Bearer t-1"}


def test_another_token_and_a_blank_secret_prove_nothing() -> None:
    assert verdict("t-1", authorization="Bearer t-2") is Refusal.MISMATCH
    assert verdict("", " ", query={"access_token": " "}) is Refusal.MISMATCH


def test_the_answers_are_those_of_a_queue_behind_a_token() -> None:
    assert cloudevents.ACCEPTED.status == 202
    assert cloudevents.REFUSED.headers == {"WWW-Authenticate": 'Bearer realm="afterbill"'}


def test_a_structured_event_is_read_in_full(read: Read) -> None:
    (event,) = read("order_paid")
    assert event == BillingEvent(
        source="events",
        event_id="/shop/warsaw 8f3e-01",
        occurred_at=datetime(2025, 11, 3, 11, 58, tzinfo=UTC),
        customer=event.customer,
        touchpoint=Touchpoint.ORDER_PAID,
        fact=fact_key("cloudevents", "events", "order-5512", "order_paid"),
        objects={"object": "order-5512", "customer": "shop-3107", "related_1": "pay-9001"},
        money=Money(14900, "PLN"),
        plan="Pro",
        payment_method="paypal",
    )
    assert (event.customer.email, event.customer.country) == ("tomasz.nowak@example.com", "PL")


def test_a_binary_event_is_the_same_event(read: Read, sample: Callable[[str, str], bytes]) -> None:
    event = json.loads(sample("cloudevents", "order_paid"))["body"]
    headers = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    assert understand(json.dumps(event["data"]).encode(), SOURCE, headers) == read("order_paid")


def test_a_structured_event_may_repeat_its_attributes_as_headers(read: Read) -> None:
    assert read("order_paid", headers={"ce-id": "other", "ce-type": "refunded"}) == read("order_paid")


def test_headers_of_a_binary_event_are_percent_encoded(read: Read) -> None:
    ticket = Source("events", "cloudevents", fields={"data.id": "subject"})
    (event,) = read("binary", ticket)
    assert isinstance(event, BillingEvent)
    assert event.objects["object"] == "ticket 204"


def test_a_binary_event_without_a_body_has_no_data() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "release"}
    (event,) = understand(b"", SOURCE, headers)
    assert isinstance(event, BillingEvent)
    assert (event.fact, event.occurred_at) == (fact_key("cloudevents", "events", "/s 1", "release"), NOW)


def test_a_binary_event_lacking_an_attribute_says_which() -> None:
    with pytest.raises(PayloadError, match=r"^The body is no CloudEvent: it has no usable source, specversion\.$"):
        understand(b"{}", SOURCE, {"ce-id": "1", "ce-type": "release"})


def test_one_bad_event_of_a_batch_does_not_lose_the_others(read: Read) -> None:
    first, second, third = read("batch")
    assert isinstance(first, BillingEvent)
    assert isinstance(third, BillingEvent)
    assert (first.touchpoint, third.touchpoint) == (Touchpoint.PAYMENT_SUCCEEDED, None)
    assert str(second) == "Event 2 of the batch: The body is no CloudEvent: it has no usable id, source."


def test_whatever_stands_in_a_batch_is_an_error_in_its_place() -> None:
    unreadable = {"specversion": "1.0", "id": "1", "source": "/s", "type": "renewed", "time": "noon"}
    found = understand(json.dumps([1, None, [], "x", {}, unreadable]).encode())
    assert [type(one) for one in found] == [PayloadError] * 6
    assert str(found[0]) == "Event 1 of the batch: it is no object."


def test_an_empty_batch_says_nothing() -> None:
    assert understand(b"[]") == ()


@pytest.mark.parametrize("body", [b"null", b"7", b'"text"'])
def test_what_is_neither_an_event_nor_a_batch_is_an_error(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body is no CloudEvent: .*\.$"):
        understand(body)


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
@pytest.mark.parametrize("value", [None, "", 7, {}])
def test_a_needed_attribute_that_is_none_is_an_error(read: Read, name: str, value: object) -> None:
    with pytest.raises(PayloadError, match=rf"^The body is no CloudEvent: it has no usable {name}\.$"):
        read("order_paid", **{name: value})


def test_without_an_id_in_the_data_source_and_id_tell_events_apart(read: Read) -> None:
    (one,), (other,), (elsewhere,) = read("no_id"), read("no_id", id="8f3e-99"), read("no_id", source="/shop/lodz")
    facts = {event.fact for event in (one, other, elsewhere) if isinstance(event, BillingEvent)}
    assert len(facts) == 3


def test_a_long_source_and_id_are_shortened_without_becoming_one(read: Read) -> None:
    (one,), (other,) = (read("no_id", source="/" + "s" * 250, id=f"{number}" * 30) for number in (1, 2))
    assert isinstance(one, BillingEvent)
    assert isinstance(other, BillingEvent)
    assert (len(one.event_id), one.fact == other.fact) == (64, False)


def test_json_in_base64_is_data(read: Read) -> None:
    (event,) = read("base64")
    assert isinstance(event, BillingEvent)
    assert event.fact == fact_key("cloudevents", "events", "inv-31", "renewed")


@pytest.mark.parametrize("encoded", ["... base64 ...", "%%", 7, "é", base64.b64encode(b"<xml/>").decode()])
def test_data_that_is_no_json_is_an_error_for_an_event_somebody_wants(read: Read, encoded: object) -> None:
    with pytest.raises(PayloadError, match=r"^The event's data is not JSON\.$"):
        read("base64", data_base64=encoded)
    assert read("base64", data_base64=encoded, type="com.example.someevent") == ()


@pytest.mark.parametrize("data", ["text", 7, [], None])
def test_data_of_another_shape_is_no_data(read: Read, data: object) -> None:
    (event,) = read("order_paid", data=data)
    assert isinstance(event, BillingEvent)
    assert (event.customer.email, event.event_id) == (None, "/shop/warsaw 8f3e-01")


def test_foreign_types_and_fields_are_mapped(read: Read) -> None:
    (event,) = read("foreign", LEDGER)
    assert isinstance(event, BillingEvent)
    assert event.fact == fact_key("cloudevents", "events", "invoices/RE-88", "payment_succeeded")
    assert (event.customer.email, event.money) == ("petra.sommer@example.com", Money(119_000, "EUR"))
    assert event.customer.attributes == {"shop": "/shop/warsaw"}


@pytest.mark.parametrize(
    ("kind", "touchpoint"),
    [
        ("com.example.billing.invoice.settled", Touchpoint.PAYMENT_SUCCEEDED),
        ("com.example.billing.invoice.settled.v2.final", Touchpoint.PAYMENT_SUCCEEDED),
        ("com.example.billing.invoice", Touchpoint.RELEASE),
        ("ours", Touchpoint.ORDER_PAID),
        ("renewed", Touchpoint.RENEWED),
    ],
)
def test_the_longest_mapped_start_of_a_type_counts(read: Read, kind: str, touchpoint: Touchpoint) -> None:
    (event,) = read("foreign", LEDGER, type=kind)
    assert isinstance(event, BillingEvent)
    assert event.touchpoint is touchpoint


@pytest.mark.parametrize("kind", ["com.example.billingother", "com.example", "oursother", "x.ours"])
def test_a_start_ends_at_a_dot(read: Read, kind: str) -> None:
    assert read("foreign", LEDGER, type=kind) == ()


def test_a_time_without_an_offset_is_an_error(read: Read) -> None:
    with pytest.raises(PayloadError, match=r"^The body's timestamp"):
        read("order_paid", time="2025-11-03T11:58:00")


def test_a_refund_finds_its_payment_and_a_test_says_so(read: Read) -> None:
    (refund,), (payment,), (test,) = read("refunded"), read("order_paid"), read("test_message")
    assert isinstance(refund, BillingEvent)
    assert isinstance(payment, BillingEvent)
    assert isinstance(test, BillingEvent)
    assert set(refund.links) & set(payment.links)
    assert test.test is True


def test_recorded_events_are_understood_and_mean_nothing_to_us(payloads: Path) -> None:
    files = sorted((payloads / "cloudevents").glob("*.json"))
    assert files
    assert {understand(path.read_bytes()) for path in files} == {()}
