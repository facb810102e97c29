"""Square: the signed address, what is one fact, whom it is about, and how the API is asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import square
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SECRET = "kQ3vT8xLm2RcZ6wYb1HsDg"
URL = "https://feedback.example.com/webhooks/square"
SOURCE = Source("till", "square", url=URL)
CUSTOMER = "7Q4N1ZK8M3XW6T0VB2RDHY5CJE"

Understood = Callable[..., tuple[BillingEvent, ...]]
Read = Callable[..., BillingEvent]


@pytest.fixture
def events(sample: Callable[[str, str], bytes], now: datetime) -> Understood:
    """The events in a sample whose object was changed first."""

    def normalise(name: str, source: Source = SOURCE, **changed: Any) -> tuple[BillingEvent, ...]:
        event = json.loads(sample("square", name))
        headers, event = event.get("headers", {}), event.get("body", event)
        content = event["data"]["object"]
        content[next(iter(content))].update(changed)
        return square.normalise(Webhook("till", headers, json.dumps(event).encode(), now), source)

    return normalise


@pytest.fixture
def read(events: Understood) -> Read:
    return lambda *args, **changed: events(*args, **changed)[0]


class TestSignatures:
    @pytest.fixture
    def signed(self, now: datetime) -> Webhook:
        return square.sign(Webhook("till", {}, b'{"type": "payment.updated"}', now, url=URL), SECRET)

    @pytest.mark.parametrize("url", [URL + "/", URL.upper(), "https://other.example.com/webhooks/square"])
    def test_another_address_is_another_signature(self, url: str, signed: Webhook, now: datetime) -> None:
        assert square.verify(signed, [SECRET], now) is None
        assert square.verify(replace(signed, url=url), [SECRET], now) is Refusal.MISMATCH

    def test_without_a_configured_address_nothing_verifies(self, signed: Webhook, now: datetime) -> None:
        bare = square.sign(replace(signed, url=""), SECRET)
        assert square.verify(bare, [SECRET], now) is Refusal.MALFORMED

    def test_the_older_signature_is_not_read(self, signed: Webhook, now: datetime) -> None:
        old = replace(signed, headers={"x-square-signature": signed.headers["x-square-hmacsha256-signature"]})
        assert square.verify(old, [SECRET], now) is Refusal.MISSING

    @pytest.mark.parametrize("mac", ["é", "\ud800", "=", "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4"])
    def test_a_signature_of_any_characters_is_a_mismatch(self, mac: str, signed: Webhook, now: datetime) -> None:
        forged = replace(signed, headers={"x-square-hmacsha256-signature": mac})
        assert square.verify(forged, [SECRET, "", " "], now) is Refusal.MISMATCH

    def test_no_time_is_signed(self, signed: Webhook, now: datetime) -> None:
        assert square.verify(signed, [SECRET], now + timedelta(days=30)) is None


class TestFacts:
    def test_an_invoice_and_its_payment_are_one_fact_and_one_touchpoint(self, read: Read) -> None:
        invoice, payment = read("invoice.payment_made"), read("payment.updated.invoice")
        assert (invoice.fact, invoice.touchpoint) == (payment.fact, payment.touchpoint)

    def test_a_scheduled_charge_and_the_payment_that_failed_are_one_fact(self, read: Read) -> None:
        assert read("invoice.scheduled_charge_failed").fact == read("payment.updated.failed").fact

    def test_a_failed_attempt_on_another_day_is_another_fact(self, read: Read) -> None:
        earlier = read("payment.updated.failed", created_at="2025-11-07T09:30:00.108Z")
        assert earlier.fact != read("payment.updated.failed").fact

    def test_one_payment_is_one_fact_however_often_it_is_reported(self, read: Read) -> None:
        assert read("payment.updated").fact == read("payment.updated.sandbox", version_token="another").fact

    def test_a_payment_and_an_invoice_without_an_order_are_known_by_themselves(self, read: Read) -> None:
        assert read("payment.updated", order_id=None).fact.split("|")[2] == read("payment.updated").objects["payment"]
        assert read("invoice.payment_made", order_id=None).fact.split("|")[2].startswith("inv:0-")

    def test_two_renewals_are_two_facts(self, read: Read) -> None:
        assert read("invoice.payment_made").fact != read("invoice.payment_made.subscription").fact

    def test_the_same_order_of_two_merchants_is_two_facts(
        self, sample: Callable[[str, str], bytes], now: datetime, read: Read
    ) -> None:
        other = sample("square", "payment.updated").replace(b"MLR7K2Q9XW4TB", b"MLOTHER000000")
        (event,) = square.normalise(Webhook("till", {}, other, now), SOURCE)
        assert event.fact != read("payment.updated").fact

    def test_a_refund_shares_an_object_with_its_payment(self, read: Read) -> None:
        for reversal in ("refund.updated", "refund.created.completed", "dispute.created"):
            assert set(read(reversal).links) & set(read("payment.updated").links)

    @pytest.mark.parametrize("name", ["payment.updated.fee", "payment.updated.refunded"])
    def test_a_payment_of_august_that_changes_today_is_one_of_august(self, name: str, read: Read) -> None:
        event = read(name)
        assert event.occurred_at.date() == date(2025, 8, 1)
        assert event.fact == read("payment.updated.fee").fact

    def test_a_charge_is_of_the_moment_it_was_captured(self, read: Read) -> None:
        timeline = {"card_payment_timeline": {"captured_at": "2025-11-03T11:57:59Z"}}
        assert read("payment.updated", card_details=timeline).occurred_at == datetime(
            2025, 11, 3, 11, 57, 59, tzinfo=UTC
        )

    def test_no_payment_is_later_than_the_event_that_reports_it(self, read: Read) -> None:
        event = read("payment.updated", created_at="2026-01-01T00:00:00Z")
        assert event.occurred_at == datetime(2025, 11, 3, 11, 58, 2, 118000, UTC)

    @pytest.mark.parametrize(
        "returned",
        [
            {"refunded_money": {"amount": 4900, "currency": "USD"}},
            {"refunded_money": {"amount": 1, "currency": "USD"}, "refund_ids": ["r"]},
            {"refund_ids": ["r"]},
        ],
        ids=["all", "part", "pending"],
    )
    def test_what_goes_back_is_not_asked_about(self, returned: dict[str, Any], events: Understood, read: Read) -> None:
        (event,) = events("payment.updated", **returned)
        assert (event.touchpoint, event.money) == (None, None)
        assert (event.fact, event.links) == (read("payment.updated").fact, read("payment.updated").links)

    def test_nothing_went_back_of_a_payment_with_a_refund_of_nothing(self, read: Read) -> None:
        event = read("payment.updated", refunded_money={"amount": 0, "currency": "USD"}, refund_ids=[])
        assert event.touchpoint is Touchpoint.PAYMENT_SUCCEEDED

    @pytest.mark.parametrize("status", ["REFUNDED", "PARTIALLY_REFUNDED"])
    def test_an_invoice_that_was_given_back_is_not_asked_about(self, status: str, read: Read) -> None:
        assert read("invoice.payment_made", status=status).touchpoint is None

    def test_a_pending_refund_and_the_completed_one_are_one_fact(self, read: Read) -> None:
        pending, completed = read("refund.created"), read("refund.updated", id=read("refund.created").objects["refund"])
        assert (pending.touchpoint, pending.fact) == (Touchpoint.REFUNDED, completed.fact)

    @pytest.mark.parametrize("status", ["REJECTED", "FAILED", "APPROVED", None])
    def test_a_refund_that_comes_to_nothing_is_none(self, status: str | None, events: Understood) -> None:
        assert events("refund.updated", status=status) == ()

    def test_a_refund_of_nothing_is_none(self, events: Understood) -> None:
        assert events("refund.created.nothing") == ()

    def test_a_bank_that_fails_after_all_takes_its_payment_back(self, read: Read) -> None:
        paid, failed = read("payment.updated.bank"), read("payment.updated.bank.failed")
        assert failed.takes_back == paid.fact
        assert failed.occurred_at > paid.occurred_at

    def test_a_card_that_fails_takes_nothing_back(self, read: Read) -> None:
        assert read("payment.updated.failed").takes_back == ""

    def test_a_cancelled_order_is_nobodys_leaving(self, read: Read) -> None:
        event = read("order.updated.canceled")
        assert event.touchpoint is Touchpoint.ORDER_CANCELLED
        assert set(event.links) & set(read("payment.updated", order_id=event.objects["order"]).links)

    @pytest.mark.parametrize("state", ["DRAFT", "OPEN", "COMPLETED"])
    def test_an_order_that_is_not_cancelled_says_nothing(self, state: str, events: Understood) -> None:
        assert events("order.updated", state=state) == ()

    def test_an_invoice_is_cancelled_with_its_order(self, read: Read) -> None:
        invoice = read("invoice.canceled")
        order = read("order.updated.canceled", order_id=invoice.objects["order"])
        assert (invoice.fact, invoice.touchpoint) == (order.fact, order.touchpoint)

    def test_a_cancelled_payment_leaves_the_order_to_another_one(self, read: Read) -> None:
        event = read("payment.updated.canceled")
        other = read("payment.updated", order_id="mV5rX2bN8tKw4LcZ9qYd6JhPfSGZY")
        assert event.touchpoint is Touchpoint.ORDER_CANCELLED
        assert not set(event.links) & set(other.links)

    def test_two_refunds_of_one_payment_are_two_facts(self, read: Read) -> None:
        assert read("refund.updated").fact != read("refund.created.completed").fact

    def test_the_payment_of_an_invoice_connects_it_with_its_refund(self, events: Understood, read: Read) -> None:
        paid, bridge = events("payment.updated.invoice")
        invoice, refund = set(read("invoice.payment_made").links), set(read("refund.updated.invoice").links)
        assert not invoice & refund
        assert invoice & set(bridge.links)
        assert refund & set(bridge.links)
        assert (bridge.touchpoint, bridge.fact, bridge.customer) == (None, paid.fact, CustomerRef())

    def test_a_payment_of_an_invoice_without_an_order_connects_nothing(self, events: Understood) -> None:
        assert len(events("payment.updated.invoice", order_id=None)) == 1

    def test_the_announced_end_and_the_end_are_one_fact(self, read: Read) -> None:
        announced, ended = read("subscription.updated.cancelled"), read("subscription.updated.ended")
        assert announced.fact == ended.fact
        assert announced.fact != read("subscription.updated.cancelled", canceled_date="2026-06-03").fact

    def test_an_end_without_a_date_is_an_end(self, read: Read) -> None:
        assert read("subscription.updated", status="CANCELED").touchpoint is Touchpoint.CANCELLED

    def test_an_announced_end_can_be_taken_back(self, read: Read) -> None:
        announced, withdrawn = read("subscription.updated.cancelled"), read("subscription.updated.withdrawn")
        assert (withdrawn.touchpoint, withdrawn.subscription_state) == (None, SubscriptionState.RUNNING)
        assert withdrawn.occurred_at > announced.occurred_at
        assert withdrawn.objects == announced.objects

    def test_an_old_end_that_changes_today_is_of_its_own_day(self, read: Read) -> None:
        event = read("subscription.updated.ended", canceled_date="2025-10-03")
        assert event.occurred_at == datetime(2025, 10, 3, 12, tzinfo=UTC)
        assert read("subscription.updated.ended").occurred_at == datetime(2026, 1, 3, 8, 0, 0, 2000, UTC)

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("ACTIVE", SubscriptionState.RUNNING),
            ("PENDING", SubscriptionState.RUNNING),
            ("COMPLETED", SubscriptionState.EXPIRED),
            ("DEACTIVATED", SubscriptionState.EXPIRED),
            ("PAUSED", None),
        ],
    )
    def test_a_subscription_says_whether_it_runs(
        self, status: str, state: SubscriptionState | None, read: Read
    ) -> None:
        event = read("subscription.updated", status=status)
        assert (event.touchpoint, event.subscription_state) == (None, state)

    def test_what_ends_as_planned_is_left_by_nobody(self, read: Read) -> None:
        assert read("subscription.updated.completed", canceled_date="2026-11-03").touchpoint is None
        assert read("subscription.updated.deactivated", canceled_date="2026-11-03").touchpoint is Touchpoint.CANCELLED

    def test_a_new_subscription_runs_unless_its_end_is_set(self, read: Read) -> None:
        assert read("subscription.created").subscription_state is SubscriptionState.RUNNING
        assert read("subscription.created", canceled_date="2026-11-03").subscription_state is None

    def test_an_order_is_fulfilled_once(self, read: Read) -> None:
        updates = [{"new_state": "PREPARED"}, {"new_state": "COMPLETED"}]
        assert (
            read("order.fulfillment.updated", fulfillment_update=updates).fact == read("order.fulfillment.updated").fact
        )

    @pytest.mark.parametrize("place", ["dispute", "object"])
    def test_a_dispute_of_an_older_version_is_understood(
        self, place: str, sample: Callable[[str, str], bytes], now: datetime, read: Read
    ) -> None:
        event = json.loads(sample("square", "dispute.created"))
        dispute = event["data"]["object"].pop("dispute")
        del dispute["id"]
        event["data"]["object"] = {place: dispute}
        (reading,) = square.normalise(Webhook("till", {}, json.dumps(event).encode(), now), SOURCE)
        assert reading.fact == read("dispute.created").fact


class TestWhatIsLearned:
    def test_money_is_what_was_paid_with_the_tip(self, read: Read) -> None:
        assert read("payment.updated").money == Money(4900, "USD")
        assert read("payment.updated", total_money=None).money == Money(4500, "USD")
        assert read("payment.updated", total_money={"amount": 500, "currency": "JPY"}).money == Money(500, "JPY")

    def test_an_amount_without_a_currency_has_the_sources(self, read: Read) -> None:
        event = read("payment.updated", replace(SOURCE, currency="CAD"), total_money={"amount": 4900})
        assert event.money == Money(4900, "CAD")

    def test_an_invoice_came_to_what_was_paid_on_it_so_far(self, read: Read) -> None:
        assert read("invoice.payment_made").money == Money(21000, "USD")
        assert read("invoice.payment_made.deposit").money == Money(6000, "USD")

    def test_an_invoice_that_tells_no_payment_came_to_what_it_asks_for(self, read: Read) -> None:
        asked = [{"computed_amount_money": {"amount": 21000, "currency": "USD"}}]
        assert read("invoice.payment_made", payment_requests=asked).money == Money(21000, "USD")
        assert read("invoice.scheduled_charge_failed", next_payment_amount_money=None).money == Money(21000, "USD")

    def test_amounts_that_cannot_be_added_are_none(self, read: Read) -> None:
        two = [{"computed_amount_money": {"amount": 1, "currency": code}} for code in ("USD", "CAD")]
        assert read("invoice.payment_made", payment_requests=two).money is None
        assert read("invoice.payment_made", payment_requests=None).money is None

    def test_a_failed_charge_is_about_what_is_due_and_a_refund_about_what_came_back(self, read: Read) -> None:
        assert read("invoice.scheduled_charge_failed").money == Money(21000, "USD")
        assert read("refund.created.completed").money == Money(1000, "USD")

    def test_the_recipient_of_an_invoice_is_the_customer(self, read: Read) -> None:
        assert read("invoice.payment_made").customer == CustomerRef(
            id=CUSTOMER, email="thandi.okafor@example.com", name="Thandi Okafor", country="US"
        )

    def test_a_company_is_known_by_its_name(self, read: Read) -> None:
        event = read("customer.created", given_name=None, family_name=None, company_name="Okafor Ltd")
        assert event.customer.name == "Okafor Ltd"

    def test_a_payment_teaches_who_paid_and_how(self, read: Read) -> None:
        customer = read("payment.updated").customer
        assert customer == CustomerRef(id=CUSTOMER, country="US", attributes={"payment_method": "card"})
        assert read("payment.created.cash").customer.email == "otto.brandt@example.org"
        assert read("payment.updated", source_type=None).customer.attributes == {}

    def test_a_deleted_customer_is_gone_also_where_only_the_id_is_left(
        self, sample: Callable[[str, str], bytes], now: datetime, read: Read
    ) -> None:
        gone = CustomerRef(id=CUSTOMER, deleted=True)
        assert read("customer.deleted").customer == gone
        event = json.loads(sample("square", "customer.deleted"))
        event["data"] = {"type": "customer", "id": CUSTOMER, "deleted": True}
        (reading,) = square.normalise(Webhook("till", {}, json.dumps(event).encode(), now), SOURCE)
        assert reading.customer == gone

    def test_a_sandbox_is_told_by_its_header(self, read: Read) -> None:
        assert read("payment.updated.sandbox").test
        assert not read("payment.updated").test

    @pytest.mark.parametrize(("value", "test"), [("Production", False), ("sandbox", True), ("", False)])
    def test_the_environment_is_read_in_any_spelling(
        self, value: str, sample: Callable[[str, str], bytes], now: datetime, *, test: bool
    ) -> None:
        webhook = Webhook("till", {"square-environment": value}, sample("square", "payment.updated"), now)
        (event,) = square.normalise(webhook, SOURCE)
        assert event.test is test

    def test_the_inbox_keeps_the_header(self) -> None:
        assert frozenset({"square-environment"}) == square.HEADERS

    def test_what_another_merchant_sent_is_ignored(self, events: Understood) -> None:
        assert events("payment.updated", replace(SOURCE, account="MLANOTHER")) == ()
        assert events("payment.updated", replace(SOURCE, account="MLR7K2Q9XW4TB"))

    def test_the_plan_is_its_variation(self, read: Read) -> None:
        assert read("subscription.created").plan == "K3NVXQ7TLM2RZC8WYB5HSJDG"
        assert read("subscription.created", plan_variation_id=None, plan_id="OLD").plan == "OLD"

    def test_times_are_utc(self, read: Read) -> None:
        assert read("payment.updated").occurred_at == datetime(2025, 11, 3, 11, 57, 30, 108000, UTC)


class TestErrors:
    @pytest.mark.parametrize("missing", ["event_id", "created_at"])
    def test_an_event_without_what_every_event_has_is_an_error(
        self, missing: str, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        event = json.loads(sample("square", "payment.updated"))
        del event[missing]
        with pytest.raises(PayloadError, match=rf"payment.updated has no usable {missing}\.$"):
            square.normalise(Webhook("till", {}, json.dumps(event).encode(), now), SOURCE)

    @pytest.mark.parametrize(
        ("name", "missing"),
        [
            ("payment.created.cash", "payment"),
            ("refund.updated", "refund"),
            ("subscription.created", "subscription"),
            ("customer.created", "customer"),
        ],
    )
    def test_a_fact_without_its_object_is_an_error(self, name: str, missing: str, read: Read) -> None:
        with pytest.raises(PayloadError, match=rf"names no {missing}\.$"):
            read(name, id=None)

    def test_json_without_a_type_is_no_event(self, now: datetime) -> None:
        with pytest.raises(PayloadError, match=r"^The body is not a Square event"):
            square.normalise(Webhook("till", {}, b'{"data":{"type":"webhooks","id":">id<"}}', now), SOURCE)

    @pytest.mark.parametrize("kind", ["payment.updated", "webhooks.test_notification", "loyalty.account.created"])
    def test_what_holds_no_object_is_a_test_and_ignored(self, kind: str, now: datetime) -> None:
        body = json.dumps({"type": kind, "data": {"type": "payment", "id": "x"}}).encode()
        assert square.normalise(Webhook("till", {}, body, now), SOURCE) == ()


class TestApi:
    @pytest.fixture
    def apis(self) -> MemoryApis:
        root = Path(__file__).resolve().parents[3]
        return MemoryApis(json.loads((root / "events" / "apis" / "square.json").read_bytes()))

    def test_a_customer_known_by_id_is_asked_for_once(self, read: Read, apis: MemoryApis) -> None:
        event = read("payment.updated")
        found = square.find_customer(event, SOURCE, apis.call)
        assert (found.customer.email, found.customer.name) == ("thandi.okafor@example.com", "Thandi Okafor")
        assert found.customer.attributes == event.customer.attributes
        assert apis.asked == [f"/v2/customers/{CUSTOMER}"]

    @pytest.mark.parametrize("name", ["refund.updated", "dispute.created"])
    def test_a_reversal_finds_its_customer_through_the_payment(self, name: str, read: Read, apis: MemoryApis) -> None:
        found = square.find_customer(read(name), SOURCE, apis.call)
        assert (found.customer.id, found.customer.email) == (CUSTOMER, "thandi.okafor@example.com")
        assert found.customer.attributes == {"payment_method": "card"}

    def test_a_fulfilment_finds_customer_and_amount_through_the_order(self, read: Read, apis: MemoryApis) -> None:
        found = square.find_customer(read("order.fulfillment.updated"), SOURCE, apis.call)
        assert (found.customer.email, found.money) == ("thandi.okafor@example.com", Money(4900, "USD"))

    def test_a_payment_without_a_customer_asks_for_its_order_not_for_itself(self, read: Read, apis: MemoryApis) -> None:
        found = square.find_customer(read("payment.updated", customer_id=None), SOURCE, apis.call)
        assert found.customer.email == "thandi.okafor@example.com"
        assert not [path for path in apis.asked if path.startswith("/v2/payments/")]

    def test_the_address_on_an_order_is_enough(self, read: Read) -> None:
        event = read("order.fulfillment.updated")
        order = {"fulfillments": [{"pickup_details": {"recipient": {"email_address": "otto.brandt@example.org"}}}]}
        apis = MemoryApis({f"/v2/orders/{event.objects['order']}": {"order": order}})
        assert square.find_customer(event, SOURCE, apis.call).customer.email == "otto.brandt@example.org"

    def test_the_address_on_a_payment_is_enough(self, read: Read) -> None:
        event = read("refund.updated")
        payment = {"buyer_email_address": "otto.brandt@example.org"}
        apis = MemoryApis({f"/v2/payments/{event.objects['payment']}": {"payment": payment}})
        found = square.find_customer(event, SOURCE, apis.call)
        assert (found.customer.email, found.money) == ("otto.brandt@example.org", event.money)

    def test_what_the_api_does_not_know_stays_as_it_is(self, read: Read) -> None:
        apis = MemoryApis()
        for name in ("refund.updated", "payment.created.failed", "order.fulfillment.updated"):
            assert square.find_customer(read(name), SOURCE, apis.call) == read(name)
        assert square.find_customer(read("subscription.created"), SOURCE, apis.call).customer.email is None

    def test_ids_are_quoted_in_paths(self, read: Read) -> None:
        apis = MemoryApis()
        square.find_customer(read("payment.updated", customer_id="../payments/x?y"), SOURCE, apis.call)
        assert apis.asked == ["/v2/customers/..%2Fpayments%2Fx%3Fy"]


RECORDED = {
    "customer.created": [None],
    "invoice.payment_made": [Touchpoint.PAYMENT_SUCCEEDED],
    "invoice.scheduled_charge_failed": [Touchpoint.PAYMENT_FAILED],
    "order.fulfillment.updated": [],
    "payment.created": [],
    "payment.updated": [Touchpoint.PAYMENT_SUCCEEDED],
    "refund.created": [Touchpoint.REFUNDED],
    "subscription.created": [Touchpoint.SUBSCRIPTION_STARTED],
}


@pytest.mark.parametrize(("name", "meaning"), RECORDED.items(), ids=list(RECORDED))
def test_recorded_payloads_mean_what_they_should(
    name: str, meaning: list[Touchpoint | None], payloads: Path, now: datetime
) -> None:
    body = (payloads / "square" / f"{name}.json").read_bytes()
    assert [event.touchpoint for event in square.normalise(Webhook("till", {}, body, now), SOURCE)] == meaning


@pytest.mark.parametrize(
    ("name", "meaning", "day"),
    [
        ("8a.payment-of-august-refunded-today", None, date(2026, 8, 1)),
        ("8b.refund-created-pending", Touchpoint.REFUNDED, date(2026, 11, 22)),
    ],
)
def test_reported_payloads_mean_what_is_right(
    name: str, meaning: Touchpoint | None, day: date, payloads: Path, now: datetime
) -> None:
    file = payloads.parent / "faults" / "square" / f"{name}.json"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    (event,) = square.normalise(Webhook("till", {}, file.read_bytes(), now), SOURCE)
    assert (event.touchpoint, event.occurred_at.date()) == (meaning, day)
