import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import chargebee
from afterbill.model.billing import BillingEvent, Money, Touchpoint, fact_key
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SOURCE = Source("billing", "chargebee", account="acme")
SECRET = "afterbill:correct horse"
Read = Callable[..., BillingEvent]


@pytest.fixture
def read(sample: Callable[[str, str], bytes]) -> Read:
    """The event in a sample, after a change to its content; of a value of None the key is taken away."""

    def normalise(name: str, source: Source = SOURCE, **changed: dict[str, Any] | None) -> BillingEvent:
        payload = json.loads(sample("chargebee", name))
        for part, values in changed.items():
            merged = {**payload["content"].get(part, {}), **(values or {})}
            payload["content"][part] = {key: value for key, value in merged.items() if value is not None}
            if values is None:
                del payload["content"][part]
        (event,) = chargebee.normalise(webhook(json.dumps(payload).encode()), source)
        return event

    return normalise


def webhook(body: bytes = b"{}", headers: dict[str, str] | None = None, query: dict[str, str] | None = None) -> Webhook:
    return Webhook("billing", headers or {}, body, datetime(2025, 11, 3, 12, tzinfo=UTC), query=query or {})


def verdict(secrets: list[str], request: Webhook) -> Refusal | None:
    return chargebee.verify(request, secrets, request.received_at)


def test_a_key_in_the_address_is_a_proof() -> None:
    assert verdict(["old", "k-1"], webhook(query={"key": "k-1"})) is None


def test_a_wrong_key_in_the_address_is_a_mismatch_so_that_new_secrets_are_looked_up() -> None:
    assert verdict(["k-1"], webhook(query={"key": "k-2"})) is Refusal.MISMATCH


def test_an_empty_key_in_the_address_is_none() -> None:
    assert verdict(["k-1", "", " "], webhook(query={"key": ""})) is Refusal.MISSING
    assert verdict([""], webhook(query={"key": " "})) is Refusal.MISMATCH


def test_a_password_is_no_key_for_an_address() -> None:
    assert verdict([SECRET], webhook(query={"key": SECRET})) is Refusal.MISMATCH


def test_a_password_counts_beside_other_words_in_the_address() -> None:
    signed = chargebee.sign(webhook(query={"site": "acme"}), SECRET)
    assert verdict([SECRET], signed) is None
    assert verdict(["another:one"], signed) is Refusal.MISMATCH


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ("", Refusal.MISSING),
        ("Bearer abc", Refusal.MISSING),
        ("Basic %%%", Refusal.MALFORMED),
        ("Basic \u00e9", Refusal.MALFORMED),
        ("Basic /////w==", Refusal.MALFORMED),
        ("Basic", Refusal.MISMATCH),
        ("basic YWZ0ZXJiaWxsOndyb25n", Refusal.MISMATCH),
    ],
)
def test_what_is_no_password_of_ours_is_refused(header: str, refusal: Refusal) -> None:
    assert verdict([SECRET], webhook(headers={"authorization": header})) is refusal


def test_the_password_alone_is_enough_of_a_secret() -> None:
    assert verdict(["correct horse"], chargebee.sign(webhook(), SECRET)) is None


def test_a_refusal_asks_for_the_password() -> None:
    assert chargebee.REFUSED.status == 401
    assert chargebee.REFUSED.headers == {"WWW-Authenticate": 'Basic realm="afterbill"'}


def test_a_first_payment_is_read_in_full(read: Read) -> None:
    event = read("payment_succeeded")
    assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED
    assert event.fact == fact_key("chargebee", "acme", "AzyBTUr7sub2", "payment")
    assert event.occurred_at == datetime(2025, 11, 3, 11, 40, tzinfo=UTC)
    assert (event.money, event.plan, event.test) == (Money(56000, "EUR"), "Team-EUR-Yearly", False)
    assert event.products == ("Team", "Onboarding")
    customer = event.customer
    assert (customer.id, customer.email, customer.name) == (
        "AzyBTUr7nora",
        "nora.lindqvist@example.com",
        "Nora Lindqvist",
    )
    assert (customer.locale, customer.country) == ("sv-SE", "SE")
    assert customer.attributes == {"payment_method": "card", "recurring_amount": "3000", "currency": "EUR"}


@pytest.mark.parametrize(
    ("payment", "notice"),
    [
        ("payment_succeeded", "subscription_created"),
        ("payment_succeeded", "subscription_started"),
        ("payment_succeeded.renewed", "subscription_renewed"),
        ("payment_refunded", "refund_initiated"),
        ("payment_refunded", "credit_note_created"),
        ("subscription_cancellation_scheduled", "subscription_cancelled"),
    ],
)
def test_twins_are_one_fact_under_one_name(read: Read, payment: str, notice: str) -> None:
    one, other = read(payment), read(notice)
    assert (one.fact, one.touchpoint) == (other.fact, other.touchpoint)


@pytest.mark.parametrize("notice", ["subscription_created", "subscription_started"])
def test_a_start_without_an_invoice_is_one_fact_with_the_first_payment(read: Read, notice: str) -> None:
    started, paid = read(notice, invoice=None), read("payment_succeeded")
    assert (started.fact, started.touchpoint) == (paid.fact, Touchpoint.SUBSCRIPTION_STARTED)


def test_a_refund_of_the_first_invoice_finds_a_start_that_had_none_yet(read: Read) -> None:
    started = read("subscription_created.no_invoice")
    first = {"first_invoice": True, "subscription_id": started.objects["subscription"]}
    refunded = read("payment_refunded", subscription=None, invoice=first)
    assert set(refunded.links) & set(started.links)
    assert not set(read("payment_refunded").links) & set(started.links)


@pytest.mark.parametrize("status", ["in_trial", "future", "paused", None])
def test_what_is_not_active_yet_has_not_started(read: Read, status: str | None) -> None:
    assert read("subscription_created", invoice=None, subscription={"status": status}).touchpoint is None


def test_two_renewals_two_attempts_and_two_ends_are_different_facts(read: Read) -> None:
    assert read("payment_succeeded.renewed").fact != read("payment_succeeded.renewed", invoice={"id": "2099"}).fact
    assert read("payment_failed").fact != read("payment_failed", transaction={"id": "txn_2"}).fact
    assert (
        read("subscription_cancelled").fact
        != read("subscription_cancelled", subscription={"cancelled_at": 1_800_000_000}).fact
    )


def test_the_same_invoice_number_of_two_sites_is_two_facts(read: Read) -> None:
    other = replace(SOURCE, account="acme-test")
    assert read("payment_succeeded").fact != read("payment_succeeded", other).fact
    assert read("payment_succeeded", Source("billing", "chargebee")).fact.startswith("chargebee|billing|")


@pytest.mark.parametrize("refund", ["payment_refunded", "refund_initiated", "credit_note_created"])
def test_a_refund_finds_its_payment(read: Read, refund: str) -> None:
    assert set(read(refund).links) & set(read("payment_succeeded.renewed").links)
    assert not set(read(refund).links) & set(read("payment_succeeded").links)


def test_a_refund_without_an_invoice_finds_it_through_the_credit_note_or_the_payment(read: Read) -> None:
    noted = read("refund_initiated", invoice=None, transaction={"refunded_txn_id": None})
    assert noted.objects["invoice"] == "2041"
    direct = read("refund_initiated", invoice=None, transaction={"linked_credit_notes": None})
    assert direct.objects["payment"] == "txn_BTUr2041"


def test_a_payment_names_its_invoice_even_if_only_the_transaction_does(read: Read) -> None:
    alone = read("payment_succeeded.one_off", invoice=None)
    assert alone.fact == read("payment_succeeded.one_off").fact
    assert alone.money == Money(1500, "JPY")


def test_an_order_is_not_the_invoice_of_the_same_number(read: Read) -> None:
    order, payment = read("order_delivered"), read("payment_succeeded.renewed", invoice={"id": "17"})
    assert order.objects["order"] == "order:17"
    assert not set(order.links) & set(payment.links)


def test_a_failed_linked_payment_makes_a_later_one_a_recovery(read: Read) -> None:
    again = read("payment_succeeded.recovered", invoice={"dunning_attempts": None})
    assert again.touchpoint is Touchpoint.PAYMENT_RECOVERED
    assert read("payment_succeeded.recovered").customer.attributes["dunning_attempt"] == "1"


def test_an_amount_falls_back_to_the_invoice_and_a_currency_to_the_source(read: Read) -> None:
    assert read("payment_succeeded.renewed", transaction={"amount": None}).money == Money(4900, "EUR")
    assert read("payment_failed", transaction={"amount": None}).money == Money(4900, "EUR")
    bare = {"currency_code": None}
    assert read("payment_failed", transaction=bare, invoice=bare).money is None
    assert read("payment_failed", replace(SOURCE, currency="SEK"), transaction=bare).money == Money(4900, "SEK")


def test_a_free_invoice_is_a_payment_of_nothing(read: Read) -> None:
    free = {"total": 0, "amount_paid": 0, "linked_payments": []}
    assert read("subscription_renewed", invoice=free).money == Money(0, "EUR")


def test_a_converted_trial_counts_its_paid_invoice_only(read: Read) -> None:
    assert read("subscription_activated").money == Money(4900, "EUR")
    assert read("subscription_activated", invoice={"status": "payment_due"}).money is None


def test_a_plan_of_the_second_catalogue_is_the_item_that_is_one(read: Read) -> None:
    untyped = [{"item_price_id": "A-EUR"}, {"item_price_id": "B-EUR"}]
    assert read("payment_succeeded", subscription={"subscription_items": untyped}).plan == "A-EUR"
    assert read("payment_succeeded", subscription={"subscription_items": []}).plan is None


def test_a_cancellation_without_its_day_is_of_the_day_it_was_told(read: Read) -> None:
    event = read("subscription_cancelled", subscription={"cancelled_at": None, "cancel_reason_code": None})
    assert event.fact.endswith("|2025-12-03")
    assert "cancellation_reason" not in event.customer.attributes
    assert read("subscription_cancelled").customer.attributes["cancellation_reason"] == "Too expensive"


def test_nobody_at_the_sellers_and_no_recipient_of_a_parcel_is_taken_for_the_customer(
    read: Read, sample: Callable[[str, str], bytes]
) -> None:
    assert b"billing@example.org" in sample("chargebee", "payment_succeeded")
    assert "example.org" not in repr(read("payment_succeeded"))
    event = read("order_delivered", order={"billing_address": {"country": "SE", "email": "nora@example.com"}})
    assert (event.customer.email, event.customer.country, event.customer.name) == ("nora@example.com", "SE", None)
    assert "ebba" not in repr(event)


def test_of_a_deleted_customer_only_that_is_kept(read: Read) -> None:
    event = read("customer_deleted")
    assert (event.customer.id, event.customer.deleted, event.customer.email) == ("AzyBTUr7nora", True, None)


@pytest.mark.parametrize(
    ("name", "changed", "missing"),
    [
        ("payment_succeeded", {"transaction": None, "invoice": None}, "invoice or transaction"),
        ("payment_failed", {"transaction": {"id": None}}, "transaction"),
        ("payment_refunded", {"transaction": None}, "transaction"),
        ("credit_note_created", {"credit_note": {"linked_refunds": [{}]}}, "transaction of its refund"),
        ("subscription_cancelled", {"subscription": {"id": None}}, "subscription"),
        ("order_delivered", {"order": {"id": None}}, "order"),
        ("customer_deleted", {"customer": None}, "customer"),
    ],
)
def test_an_event_without_its_object_says_what_is_missing(
    read: Read, name: str, changed: dict[str, Any], missing: str
) -> None:
    with pytest.raises(PayloadError, match=rf"names no {missing}\.$"):
        read(name, **changed)


@pytest.mark.parametrize(("key", "missing"), [("id", "id"), ("occurred_at", "occurred_at .Unix seconds.")])
def test_an_event_without_its_envelope_says_what_is_missing(
    sample: Callable[[str, str], bytes], key: str, missing: str
) -> None:
    payload = json.loads(sample("chargebee", "payment_succeeded"))
    payload[key] = None
    with pytest.raises(PayloadError, match=rf"payment_succeeded has no usable {missing}\.$"):
        chargebee.normalise(webhook(json.dumps(payload).encode()), SOURCE)


@pytest.mark.parametrize("body", [b'{"event_type": "payment_succeeded"}', b'{"content": {}}', b'{"event_type": 1}'])
def test_what_is_no_event_of_chargebee_is_an_error(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body is not a Chargebee event: .*\.$"):
        chargebee.normalise(webhook(body), SOURCE)


def test_the_api_knows_the_address_an_event_does_not(read: Read) -> None:
    apis = MemoryApis({"/api/v2/customers/AzyBTUr7nora": {"customer": {"id": "x", "email": "n@example.com"}}})
    event = chargebee.find_customer(read("order_delivered"), SOURCE, apis.call)
    assert (event.customer.id, event.customer.email, event.customer.country) == ("AzyBTUr7nora", "n@example.com", "SE")


def test_ids_are_quoted_in_paths(read: Read) -> None:
    apis = MemoryApis()
    odd = read("order_delivered", order={"customer_id": "a b/../c?"})
    assert chargebee.find_customer(odd, SOURCE, apis.call) == odd
    assert apis.asked == ["/api/v2/customers/a%20b%2F..%2Fc%3F"]


def test_an_event_of_nobody_asks_nobody(read: Read) -> None:
    apis = MemoryApis()
    nobody = read("order_delivered", order={"customer_id": None})
    assert chargebee.find_customer(nobody, SOURCE, apis.call) == nobody
    assert apis.asked == []


@pytest.mark.parametrize("answer", [None, {}, [], {"customer": {"id": "x", "first_name": "N"}}])
def test_an_answer_without_an_address_changes_nothing(read: Read, answer: object) -> None:
    order = read("order_delivered")
    apis = MemoryApis({"/api/v2/customers/AzyBTUr7nora": answer})
    assert chargebee.find_customer(order, SOURCE, apis.call) == order


def test_recorded_events_are_understood(payloads: Path) -> None:
    events = {
        path.stem: chargebee.normalise(webhook(path.read_bytes()), SOURCE)
        for path in sorted((payloads / "chargebee").glob("*.json"))
    }
    assert events["payment_succeeded"][0].money == Money(450_000, "USD")
    assert events["payment_refunded"][0].objects["payment"] == "txn_3Nl7oGgQqGFs2lf"
    assert events["subscription_paused"] == ()
