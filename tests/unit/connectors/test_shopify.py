import base64
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.connectors import shopify
from afterbill.model.billing import BillingEvent, CustomerRef, Money, OperatorTask, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.privacy import PrivacyAsk, RequestKind
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis

EVENTS = Path(__file__).resolve().parents[3] / "events"
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
SHOP = "kranich-tea.myshopify.com"
ORDER, BUYER = "6118834700553", "8204417736905"
SOURCE = Source("shop", "shopify")
OWN_SHOP = Source("shop", "shopify", account=SHOP)
Element: TypeAlias = BillingEvent | OperatorTask | PrivacyAsk


def body_of(name: str) -> Any:
    found = json.loads((EVENTS / "webhooks" / "shopify" / f"{name}.json").read_bytes())
    return found.get("body", found) if "headers" in found else found


FIELDS = sorted({field for file in (EVENTS / "webhooks" / "shopify").iterdir() for field in body_of(file.stem)})
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([{}]) | st.just({"id": "x"})


def webhook(topic: str, body: Any, **headers: str) -> Webhook:
    named = {f"x-shopify-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Webhook("shop", {"x-shopify-topic": topic, **named}, json.dumps(body).encode(), NOW)


def read(topic: str, body: Any, source: Source = SOURCE, **headers: str) -> tuple[Element, ...]:
    return shopify.normalise(webhook(topic, body, **headers), source)


def read_event(topic: str, body: Any, source: Source = SOURCE, **headers: str) -> BillingEvent:
    (event,) = read(topic, body, source, **headers)
    assert isinstance(event, BillingEvent)
    return event


def read_task(topic: str, body: Any, **headers: str) -> OperatorTask:
    (task,) = read(topic, body, **headers)
    assert isinstance(task, OperatorTask)
    return task


def read_ask(topic: str, body: Any, source: Source = SOURCE, **headers: str) -> PrivacyAsk:
    (ask,) = read(topic, body, source, **headers)
    assert isinstance(ask, PrivacyAsk)
    return ask


def mac(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class TestSignature:
    @pytest.mark.parametrize("header", ["x-shopify-hmac-sha256", "shopify-hmac-sha256"])
    def test_both_spellings_of_the_header_are_read(self, header: str) -> None:
        body = b'{"id": 1}'
        signed = Webhook("shop", {header: mac(body, "hush")}, body, NOW)
        assert shopify.verify(signed, ["hush"], NOW) is None
        assert shopify.verify(signed, ["other"], NOW) is Refusal.MISMATCH

    def test_a_secret_that_was_rotated_away_may_still_sign(self) -> None:
        body = b"{}"
        signed = Webhook("shop", {"x-shopify-hmac-sha256": mac(body, "old")}, body, NOW)
        assert shopify.verify(signed, ["new", "old"], NOW) is None

    def test_escaped_slashes_are_signed_as_they_came(self) -> None:
        body = rb'{"url": "https:\/\/example.com"}'
        signed = Webhook("shop", {"x-shopify-hmac-sha256": mac(body, "hush")}, body, NOW)
        assert shopify.verify(signed, ["hush"], NOW) is None

    def test_a_blank_secret_signs_nothing(self) -> None:
        assert shopify.sign(Webhook("shop", {}, b"{}", NOW), " ").headers["x-shopify-hmac-sha256"] == ""

    def test_unsigned_is_refused(self) -> None:
        assert shopify.verify(Webhook("shop", {}, b"{}", NOW), ["hush"], NOW) is Refusal.MISSING


class TestEnvelope:
    def test_a_body_without_its_topic_cannot_be_read(self) -> None:
        with pytest.raises(PayloadError, match=r"^The body .*x-shopify-topic\.$"):
            shopify.normalise(Webhook("shop", {}, b"{}", NOW), SOURCE)

    def test_the_event_id_goes_before_the_id_of_the_delivery(self) -> None:
        both = {"event_id": "e-1", "webhook_id": "w-1"}
        assert read_event("orders/paid", body_of("orders.paid"), **both).event_id == "orders/paid:e-1"
        assert read_event("orders/paid", body_of("orders.paid"), webhook_id="w-1").event_id == "orders/paid:w-1"

    def test_without_either_the_same_bytes_have_the_same_id(self) -> None:
        once, again = (read_event("orders/paid", body_of("orders.paid")).event_id for _ in range(2))
        assert once == again

    def test_the_time_is_when_it_was_triggered(self) -> None:
        event = read_event("orders/paid", body_of("orders.paid"), triggered_at="2025-11-03T11:58:41.204518733Z")
        assert event.occurred_at == datetime(2025, 11, 3, 11, 58, 41, 204518, UTC)

    def test_else_the_time_of_the_object_else_of_arrival(self) -> None:
        assert read_event("orders/paid", body_of("orders.paid")).occurred_at == datetime(
            2025, 11, 3, 11, 57, 3, tzinfo=UTC
        )
        assert read_event("orders/paid", {"id": 7}).occurred_at == NOW

    def test_a_header_that_nobody_signed_makes_no_other_fact(self) -> None:
        facts = {
            read_event("orders/paid", body_of("orders.paid"), shop_domain=name).fact for name in (SHOP, "other", ",;=")
        }
        assert len(facts) == 1

    def test_the_source_tells_shops_apart(self) -> None:
        assert read_event("orders/paid", body_of("orders.paid")).fact.split("|")[1] == "shop"

    def test_another_shop_of_the_same_app_is_ignored(self) -> None:
        ours = Source("shop", "shopify", account=SHOP.upper())
        assert read("orders/paid", body_of("orders.paid"), ours, shop_domain="other.myshopify.com") == ()
        assert read("orders/paid", body_of("orders.paid"), ours, shop_domain=SHOP)
        assert read("shop/redact", {"shop_id": 9, "shop_domain": "other.myshopify.com"}, ours) == ()

    @pytest.mark.parametrize("marked", [{"headers": {"test": "true"}}, {"body": {"test": True}}])
    def test_a_notification_or_an_order_may_be_a_test(self, marked: dict[str, Any]) -> None:
        body = body_of("orders.paid") | marked.get("body", {})
        assert read_event("orders/paid", body, **marked.get("headers", {})).test

    def test_a_refund_of_a_test_order_is_a_test(self) -> None:
        refund = body_of("refunds.create")
        refund["transactions"][0]["test"] = True
        assert read_event("refunds/create", refund).test
        assert not read_event("refunds/create", body_of("refunds.create")).test

    @given(st.sampled_from(sorted(shopify._READERS)), st.dictionaries(st.sampled_from(FIELDS), VALUES))
    def test_any_field_of_a_known_topic_may_hold_anything(self, topic: str, body: dict[str, Any]) -> None:
        with suppress(PayloadError):
            assert all(isinstance(one, Element) for one in read(topic, body))


class TestIds:
    def test_an_id_beyond_2_to_the_53_is_exact(self) -> None:
        assert read_event("orders/paid", {"id": 820982911946154508}).objects["order"] == "820982911946154508"

    def test_the_graphql_id_survives_a_rounded_number(self) -> None:
        rounded = {"id": 820982911946154500, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"}
        assert read_event("orders/paid", rounded).objects["order"] == "820982911946154508"

    @pytest.mark.parametrize("id_", [None, True, 0, -1, 10**21, "", "gid://shopify/Order/", [], {}])
    def test_an_order_without_a_usable_id_is_an_error(self, id_: object) -> None:
        with pytest.raises(PayloadError, match=r"^The Shopify event orders/paid names no order\.$"):
            read("orders/paid", {"id": id_})


class TestOrders:
    def test_a_payment_says_who_bought_what_for_how_much(self) -> None:
        event = read_event("orders/paid", body_of("orders.paid"))
        assert event.touchpoint is Touchpoint.ORDER_PAID
        assert event.customer == CustomerRef(
            id=BUYER,
            email="mira.koenig@example.com",
            name="Mira König",
            locale="de-DE",
            country="DE",
            attributes={"payment_method": "shopify_payments"},
        )
        assert event.money == Money(4870, "EUR")
        assert event.products == ("Sencha, 100 g",)

    def test_the_orders_address_goes_before_the_accounts(self) -> None:
        order = body_of("orders.paid") | {"email": "gift@example.org"}
        assert read_event("orders/paid", order).customer.email == "gift@example.org"
        order |= {"email": None, "contact_email": "contact@example.org"}
        assert read_event("orders/paid", order).customer.email == "contact@example.org"
        order |= {"contact_email": ""}
        assert read_event("orders/paid", order).customer.email == "mira.koenig@example.com"

    def test_a_guest_is_named_by_the_bill(self) -> None:
        order = body_of("orders.paid") | {"customer": None}
        assert read_event("orders/paid", order).customer.name == "Mira König"
        assert read_event("orders/paid", order).customer.id is None

    def test_hidden_personal_fields_leave_the_id(self) -> None:
        hidden = {"email": None, "contact_email": None, "billing_address": None, "shipping_address": None}
        order = body_of("orders.paid") | hidden | {"customer": {"id": int(BUYER)}, "payment_gateway_names": []}
        assert read_event("orders/paid", order).customer == CustomerRef(id=BUYER, locale="de-DE")

    def test_amounts_are_the_shops_unless_the_source_wants_the_customers(self) -> None:
        order = body_of("orders.paid.abroad")
        seen = Source("shop", "shopify", currency="presentment")
        assert read_event("orders/paid", order).money == Money(4870, "EUR")
        assert read_event("orders/paid", order, seen).money == Money(8540, "JPY")

    def test_without_a_pair_of_amounts_the_plain_one_is_all_there_is(self) -> None:
        order = {"id": 1, "total_price": "12.00", "currency": "EUR"}
        assert read_event("orders/paid", order, Source("shop", "shopify", currency="presentment")).money == Money(
            1200, "EUR"
        )

    def test_without_a_currency_the_pair_knows_it_else_the_source(self) -> None:
        order = body_of("orders.paid") | {"currency": None}
        assert read_event("orders/paid", order).money == Money(4870, "EUR")
        plain = {"id": 1, "total_price": "12.00"}
        assert read_event("orders/paid", plain).money is None
        assert read_event("orders/paid", plain, Source("shop", "shopify", currency="CHF")).money == Money(1200, "CHF")

    def test_a_free_order_is_one_too(self) -> None:
        assert read_event("orders/paid", body_of("orders.paid") | {"total_price": "0.00"}).money == Money(0, "EUR")

    def test_products_are_named_once_and_at_most_ten(self) -> None:
        lines = [{"title": "A"}, {"title": "A"}, {"name": "B"}, {"title": ""}, *({"title": str(n)} for n in range(20))]
        event = read_event("orders/paid", {"id": 1, "line_items": lines})
        assert event.products == ("A", "B", "0", "1", "2", "3", "4", "5")

    def test_payment_fulfilment_and_cancellation_are_three_facts(self) -> None:
        order = body_of("orders.paid")
        assert len({read_event(f"orders/{what}", order).fact for what in ("paid", "fulfilled", "cancelled")}) == 3

    @pytest.mark.parametrize("reason", ["customer", "fraud", "inventory", "declined", "staff", "other", None])
    @pytest.mark.parametrize("status", ["pending", "voided", "paid", "refunded", "expired"])
    def test_a_cancelled_order_is_nobodys_leaving(self, status: str, reason: str | None) -> None:
        order = body_of("orders.cancelled") | {"cancel_reason": reason, "financial_status": status}
        event = read_event("orders/cancelled", order)
        assert event.touchpoint is Touchpoint.ORDER_CANCELLED
        assert event.links == (f"shopify|shop|{ORDER}",)

    @pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/partially_fulfilled"])
    def test_any_topic_may_be_how_we_hear_of_it(self, topic: str) -> None:
        told = read_event("orders/cancelled", body_of("orders.cancelled"))
        heard = read_event(topic, body_of("orders.cancelled"), triggered_at="2026-01-03T12:00:00Z")
        assert (heard.fact, heard.touchpoint, heard.occurred_at) == (told.fact, told.touchpoint, told.occurred_at)

    def test_an_order_cancelled_last_year_and_edited_today_was_cancelled_last_year(self) -> None:
        event = read_event("orders/updated", body_of("orders.updated.cancelled"), triggered_at="2026-11-07T15:30:01Z")
        assert event.occurred_at == datetime(2025, 11, 5, 9, tzinfo=UTC)

    def test_an_imported_order_is_of_its_own_day(self) -> None:
        event = read_event("orders/paid", body_of("orders.paid.imported"), triggered_at="2025-11-03T11:58:41Z")
        assert event.occurred_at == datetime(2024, 3, 8, 9, 20, tzinfo=UTC)

    def test_an_order_that_is_paid_late_is_paid_that_day(self) -> None:
        event = read_event("orders/paid", body_of("orders.paid"), triggered_at="2025-11-13T11:58:41Z")
        assert event.occurred_at == datetime(2025, 11, 13, 11, 58, 41, tzinfo=UTC)

    @pytest.mark.parametrize("status", ["refunded", "partially_refunded"])
    def test_what_is_given_back_by_now_is_not_asked_about(self, status: str) -> None:
        event = read_event("orders/paid", body_of("orders.paid") | {"financial_status": status})
        assert (event.touchpoint, event.customer.email) == (None, "mira.koenig@example.com")

    def test_an_order_marked_as_paid_by_hand_is_paid(self) -> None:
        event = read_event("orders/paid", body_of("orders.paid") | {"payment_gateway_names": ["Bank Deposit"]})
        assert (event.touchpoint, event.money) == (Touchpoint.ORDER_PAID, Money(4870, "EUR"))

    @pytest.mark.parametrize("source_name", ["subscription_contract", "subscription_contract_checkout_one"])
    def test_an_order_that_a_billing_attempt_made_is_a_renewal(self, source_name: str) -> None:
        event = read_event("orders/paid", body_of("orders.paid.renewal") | {"source_name": source_name})
        assert (event.touchpoint, event.money) == (Touchpoint.RENEWED, Money(4870, "EUR"))

    @pytest.mark.parametrize(
        "topic", ["draft_orders/create", "draft_orders/update", "checkouts/create", "carts/update"]
    )
    def test_nothing_is_learned_from_what_is_not_yet_an_order(self, topic: str) -> None:
        assert read(topic, body_of("draft_orders.create")) == ()

    def test_an_edit_names_its_order_and_nobody(self) -> None:
        event = read_event("orders/edited", body_of("orders.edited"))
        assert event.touchpoint is None
        assert event.objects == {"order": ORDER}
        assert event.customer == CustomerRef()


class TestFulfilment:
    def test_a_parcel_and_the_order_report_one_fulfilment(self) -> None:
        of_order = read_event("orders/fulfilled", body_of("orders.fulfilled"))
        of_parcel = read_event("fulfillments/create", body_of("fulfillments.create"))
        later = read_event("fulfillments/update", body_of("fulfillments.update"))
        assert of_order.fact == of_parcel.fact == later.fact

    def test_a_parcel_names_its_receiver(self) -> None:
        event = read_event("fulfillments/create", body_of("fulfillments.create"))
        assert event.customer == CustomerRef(email="mira.koenig@example.com", country="DE")
        assert event.products == ("Sencha, 100 g",)

    def test_a_parcel_that_is_tracked_for_weeks_left_on_its_own_day(self) -> None:
        parcel = body_of("fulfillments.update") | {"created_at": "2025-08-01T10:00:00+02:00"}
        event = read_event("fulfillments/update", parcel, triggered_at="2025-11-03T11:58:41Z")
        assert event.occurred_at == datetime(2025, 8, 1, 8, tzinfo=UTC)

    def test_without_its_order_it_is_an_error(self) -> None:
        with pytest.raises(PayloadError, match=r"names no order\.$"):
            read("fulfillments/create", {"id": 1, "status": "success"})


class TestMoneyBack:
    def test_a_refund_finds_its_payment(self) -> None:
        paid, back = (
            read_event("orders/paid", body_of("orders.paid")),
            read_event("refunds/create", body_of("refunds.create")),
        )
        assert set(paid.links) & set(back.links)
        assert BUYER not in "".join(paid.links)

    def test_a_dispute_and_a_failed_charge_find_it_too(self) -> None:
        paid = read_event("orders/paid", body_of("orders.paid"))
        for topic in ("disputes/create", "order_transactions/create"):
            assert set(paid.links) & set(read_event(topic, body_of(topic.replace("/", "."))).links)

    def test_the_amount_is_the_sum_of_what_went_through(self) -> None:
        assert read_event("refunds/create", body_of("refunds.create.split")).money == Money(1460, "EUR")
        refund = body_of("refunds.create.split")
        refund["transactions"][1]["status"] = "pending"
        assert read_event("refunds/create", refund).money == Money(1000, "EUR")

    def test_two_currencies_or_an_unreadable_part_have_no_sum(self) -> None:
        refund = body_of("refunds.create.split")
        refund["transactions"][1]["currency"] = "USD"
        assert read_event("refunds/create", refund).money is None
        refund["transactions"][1] |= {"currency": "EUR", "amount": "much"}
        assert read_event("refunds/create", refund).money is None

    def test_a_refund_on_its_way_has_no_amount_yet(self) -> None:
        assert read_event("refunds/create", body_of("refunds.create.pending")).money is None

    @pytest.mark.parametrize("name", ["failed", "restocked", "nothing", "voided"])
    def test_a_refund_of_nothing_is_none(self, name: str) -> None:
        assert read("refunds/create", body_of(f"refunds.create.{name}")) == ()

    def test_a_refund_that_hides_its_transactions_may_have_given_money_back(self) -> None:
        body = body_of("refunds.create")
        del body["transactions"]
        event = read_event("refunds/create", body)
        assert (event.touchpoint, event.money) == (Touchpoint.REFUNDED, None)

    def test_goods_that_do_not_come_back_are_paid_back_in_another_way(self) -> None:
        kept = {"restock_type": "no_restock", "subtotal": 14.6}
        body = body_of("refunds.create.restocked") | {"restock": False, "refund_line_items": [kept]}
        assert read_event("refunds/create", body).touchpoint is Touchpoint.REFUNDED
        for change in ({"restock": True}, {"refund_line_items": [kept | {"subtotal": "0.00"}]}):
            assert read("refunds/create", body | change) == ()

    def test_a_charge_that_fails_after_all_takes_back_its_orders_payment(self) -> None:
        failed = read_event("order_transactions/create", body_of("order_transactions.create"))
        assert failed.takes_back == read_event("orders/paid", body_of("orders.paid")).fact
        alone = body_of("order_transactions.create") | {"order_id": None}
        assert read_event("order_transactions/create", alone).takes_back == ""

    @pytest.mark.parametrize(
        ("kind", "status", "counts"),
        [
            ("sale", "failure", True),
            ("authorization", "error", True),
            ("capture", "failure", True),
            ("sale", "pending", False),
            ("refund", "failure", False),
            ("void", "error", False),
        ],
    )
    def test_only_a_charge_that_failed_is_a_failed_payment(self, kind: str, status: str, counts: bool) -> None:
        body = body_of("order_transactions.create") | {"kind": kind, "status": status}
        assert bool(read("order_transactions/create", body)) is counts

    def test_two_attempts_are_two_facts(self) -> None:
        first = body_of("order_transactions.create")
        second = first | {"id": 5, "admin_graphql_api_id": None}
        assert (
            read_event("order_transactions/create", first).fact != read_event("order_transactions/create", second).fact
        )


class TestSubscriptions:
    def test_a_contract_is_a_twin_of_the_payment_it_came_from(self) -> None:
        paid = read_event("orders/paid", body_of("orders.paid"))
        assert read_event("subscription_contracts/create", body_of("subscription_contracts.create")).fact == paid.fact

    def test_one_end_however_it_is_reported(self) -> None:
        ends = [
            read_event("subscription_contracts/cancel", body_of("subscription_contracts.cancel")),
            read_event("subscription_contracts/update", body_of("subscription_contracts.update.cancelled")),
        ]
        assert len({end.fact for end in ends}) == 1

    @pytest.mark.parametrize(
        ("topic", "status", "state"),
        [
            ("subscription_contracts/update", "ACTIVE", SubscriptionState.RUNNING),
            ("subscription_contracts/activate", "active", SubscriptionState.RUNNING),
            ("subscription_contracts/activate", None, SubscriptionState.RUNNING),
            ("subscription_contracts/update", "EXPIRED", SubscriptionState.EXPIRED),
            ("subscription_contracts/expire", "expired", SubscriptionState.EXPIRED),
            ("subscription_contracts/expire", None, SubscriptionState.EXPIRED),
            ("subscription_contracts/pause", "paused", None),
            ("subscription_contracts/update", "failed", None),
        ],
    )
    def test_a_contract_says_whether_it_runs(
        self, topic: str, status: str | None, state: SubscriptionState | None
    ) -> None:
        event = read_event(topic, body_of("subscription_contracts.update") | {"status": status})
        assert (event.touchpoint, event.subscription_state) == (None, state)
        assert (event.objects["subscription"], event.objects["customer"]) == ("31102599305", BUYER)

    def test_a_new_contract_runs(self) -> None:
        started = read_event("subscription_contracts/create", body_of("subscription_contracts.create"))
        assert started.subscription_state is SubscriptionState.RUNNING

    def test_a_billing_attempt_without_an_id_is_known_by_its_idempotency_key(self) -> None:
        event = read_event("subscription_billing_attempts/failure", body_of("subscription_billing_attempts.failure"))
        assert event.objects["attempt"] == "contract-31102599305-2025-12"

    def test_without_either_it_is_an_error(self) -> None:
        with pytest.raises(PayloadError, match=r"names no billing attempt\.$"):
            read("subscription_billing_attempts/failure", {"ready": True})

    def test_a_challenge_and_the_failure_of_one_attempt_are_one_fact(self) -> None:
        attempt = body_of("subscription_billing_attempts.challenged")
        asked, failed = (
            read_event(f"subscription_billing_attempts/{what}", attempt) for what in ("challenged", "failure")
        )
        assert asked.fact == failed.fact


class TestCustomers:
    def test_an_update_teaches_the_profile(self) -> None:
        event = read_event("customers/update", body_of("customers.update"))
        assert event.touchpoint is None
        assert event.customer == CustomerRef(BUYER, "mira.koenig@example.com", "Mira König", country="DE")

    def test_a_deletion_teaches_nothing_else(self) -> None:
        body = body_of("customers.delete") | {"email": "mira.koenig@example.com"}
        assert read_event("customers/delete", body).customer == CustomerRef(BUYER, deleted=True)

    def test_consent_to_marketing_teaches_the_address(self) -> None:
        topic = "customers_email_marketing_consent/update"
        event = read_event(topic, body_of(topic.replace("/", ".")))
        assert event.customer == CustomerRef(BUYER, "mira.koenig@example.com")

    def test_a_customer_without_an_id_is_an_error(self) -> None:
        with pytest.raises(PayloadError, match=r"names no customer\.$"):
            read("customers/create", {"email": "mira.koenig@example.com"})


class TestPrivacy:
    def test_a_request_for_data_has_the_number_that_the_shop_sees(self) -> None:
        ask = read_ask("customers/data_request", body_of("customers.data_request"))
        assert (ask.kind, ask.id) == (RequestKind.EXPORT, "40099171")
        assert ask.customer == CustomerRef(BUYER, "mira.koenig@example.com")

    def test_an_erasure_is_known_by_its_webhook_so_that_who_came_back_can_be_erased_again(self) -> None:
        body = body_of("customers.redact")
        first, again, other = (read_ask("customers/redact", body, webhook_id=one) for one in ("w-1", "w-1", "w-2"))
        assert (first.kind, first.customer.id) == (RequestKind.ERASE, BUYER)
        assert first.id == again.id != other.id

    def test_a_customer_may_be_known_by_address_alone(self) -> None:
        ask = read_ask("customers/redact", body_of("customers.redact.address"))
        assert ask.customer == CustomerRef(email="lea@example.net")

    def test_the_shop_of_the_source_is_emptied(self) -> None:
        ask = read_ask("shop/redact", body_of("shop.redact"), source=OWN_SHOP)
        assert (ask.kind, ask.customer) == (RequestKind.ERASE_SOURCE, CustomerRef())

    def test_where_a_source_takes_any_shop_a_person_decides(self) -> None:
        task = read_task("shop/redact", body_of("shop.redact"))
        assert (task.kind, task.id, task.details) == ("shop_redact", "60114422901", {"shop": SHOP})

    def test_a_body_that_names_no_shop_empties_none(self) -> None:
        (task,) = read("shop/redact", {}, OWN_SHOP, webhook_id="w-1")
        assert isinstance(task, OperatorTask)
        assert (task.id, task.details) == ("shop/redact:w-1", {})

    @pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
    def test_what_the_signed_body_says_of_another_shop_is_ignored_whatever_the_header_says(self, topic: str) -> None:
        body = body_of(topic.replace("/", ".")) | {"shop_domain": "other.myshopify.com"}
        assert read(topic, body, OWN_SHOP, shop_domain=SHOP) == ()


class TestApi:
    @pytest.fixture
    def apis(self) -> MemoryApis:
        return MemoryApis(json.loads((EVENTS / "apis" / "shopify.json").read_bytes()))

    def test_a_refund_learns_its_customer_but_keeps_its_own_amount(self, apis: MemoryApis) -> None:
        pending = read_event("refunds/create", body_of("refunds.create.pending"))
        event = shopify.find_customer(pending, SOURCE, apis.call)
        assert event.customer.email == "mira.koenig@example.com"
        assert event.money is None
        assert event.products == ("Sencha, 100 g",)

    def test_a_failed_attempt_learns_the_amount_of_its_order(self, apis: MemoryApis) -> None:
        name = "subscription_billing_attempts.failure.with_order"
        event = shopify.find_customer(
            read_event("subscription_billing_attempts/failure", body_of(name)), SOURCE, apis.call
        )
        assert (event.customer.email, event.money) == ("mira.koenig@example.com", Money(4870, "EUR"))

    def test_an_order_that_hides_the_address_leads_to_the_customer(self, apis: MemoryApis) -> None:
        hidden = {"id": int(ORDER), "customer": {"id": int(BUYER)}, "customer_locale": "de-DE", "test": True}
        apis.answers[f"/admin/api/2024-10/orders/{ORDER}.json"] = {"order": hidden}
        event = shopify.find_customer(read_event("refunds/create", body_of("refunds.create")), SOURCE, apis.call)
        assert (event.customer.email, event.customer.locale) == ("mira.koenig@example.com", "de-DE")
        assert event.test

    def test_a_contract_without_an_order_asks_for_its_customer(self, apis: MemoryApis) -> None:
        started = read_event("subscription_contracts/create", body_of("subscription_contracts.create.imported"))
        event = shopify.find_customer(started, SOURCE, apis.call)
        assert apis.asked == [f"/admin/api/2024-10/customers/{BUYER}.json"]
        assert event.customer.email == "mira.koenig@example.com"

    def test_what_the_shop_no_longer_knows_stays_as_it_is(self) -> None:
        for name in ("refunds.create", "fulfillments.create.nameless", "subscription_billing_attempts.failure"):
            topic = "/".join(name.split(".")[:2])
            before = read_event(topic, body_of(name))
            assert shopify.find_customer(before, SOURCE, MemoryApis().call) == before

    def test_a_customer_whose_address_is_hidden_is_still_known_by_id(self) -> None:
        started = read_event("subscription_contracts/create", body_of("subscription_contracts.create"))
        assert shopify.find_customer(started, SOURCE, MemoryApis().call).customer == CustomerRef(BUYER)

    def test_ids_are_quoted_in_addresses(self) -> None:
        apis = MemoryApis()
        odd = read_event("refunds/create", {"id": 1, "order_id": "?a=b&c"})
        shopify.find_customer(odd, SOURCE, apis.call)
        assert apis.asked == ["/admin/api/2024-10/orders/%3Fa%3Db%26c.json"]


def test_recorded_webhooks_are_understood(payloads: Path) -> None:
    files = sorted((payloads / "shopify").glob("*.json"))
    events = {file.stem: shopify.normalise(samples.read(file, shopify.ABOUT, "shop", NOW), SOURCE) for file in files}
    assert events["2024-10.returns.request"] == events["2024-10.app_subscriptions.update"] == ()
    (paid,) = events["2024-10.orders.paid"]
    assert isinstance(paid, BillingEvent)
    assert (paid.money, paid.customer.email, paid.test) == (Money(38800, "USD"), "jon@example.com", True)
    assert paid.objects["order"] == "820982911946154508"
