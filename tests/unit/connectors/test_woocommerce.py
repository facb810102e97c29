import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import woocommerce
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook
from afterbill_cli import samples

EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks" / "woocommerce"
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
SOURCE = Source("laden", "woocommerce")
SITE = "https://laden.example.com/"


def body_of(name: str, **changes: Any) -> Any:
    found = json.loads((EVENTS / f"{name}.json").read_bytes())
    return (found.get("body", found) if "headers" in found else found) | changes


def read(
    body: Any, topic: str = "order.updated", source: Source = SOURCE, site: str = "", delivery: str = ""
) -> tuple[BillingEvent, ...]:
    named = {"topic": topic, "source": site, "delivery-id": delivery}
    headers = {f"x-wc-webhook-{name}": value for name, value in named.items() if value}
    return woocommerce.normalise(Webhook("laden", headers, json.dumps(body).encode(), NOW), source)


def touchpoints(body: Any, topic: str = "order.updated") -> list[str]:
    return [str(one.touchpoint or "learned") for one in read(body, topic)]


def subscription(name: str, **changes: Any) -> BillingEvent:
    (event,) = read(body_of(f"subscription.updated.{name}", **changes), "subscription.updated")
    return event


def mac(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class TestSignature:
    @pytest.mark.parametrize("stored", ["a&amp;b", "a&b"])
    def test_a_secret_with_entities_signs_decoded(self, stored: str) -> None:
        signed = Webhook("laden", {"x-wc-webhook-signature": mac(b"{}", "a&b")}, b"{}", NOW)
        assert woocommerce.verify(signed, [stored], NOW) is None

    def test_a_secret_is_also_tried_as_it_was_typed(self) -> None:
        signed = Webhook("laden", {"x-wc-webhook-signature": mac(b"{}", "a&eacute;")}, b"{}", NOW)
        assert woocommerce.verify(signed, ["a&eacute;"], NOW) is None

    @pytest.mark.parametrize("blank", ["", " ", "&nbsp;"])
    def test_a_blank_secret_never_verifies(self, blank: str) -> None:
        signed = woocommerce.sign(Webhook("laden", {}, b"{}", NOW), blank)
        assert isinstance(woocommerce.verify(signed, [blank], NOW), Refusal)
        blankly = Webhook("laden", {"x-wc-webhook-signature": mac(b"{}", "\xa0")}, b"{}", NOW)
        assert woocommerce.verify(blankly, [blank], NOW) is Refusal.MISMATCH


class TestPing:
    @pytest.mark.parametrize("body", [b"webhook_id=7", b"webhook_id=1234\n"])
    def test_it_gets_exactly_200_before_there_is_a_secret(self, body: bytes) -> None:
        assert woocommerce.handshake(Webhook("laden", {}, body, NOW), []) == Reply(200, "")

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"webhook_id=", b"webhook_id=a", b"webhook_id=7&x=1", b"x=webhook_id=7"]
    )
    def test_nothing_else_is_greeted(self, body: bytes) -> None:
        assert woocommerce.handshake(Webhook("laden", {}, body, NOW), ["s"]) is None


class TestOrders:
    def test_a_paid_order_says_who_bought_what(self) -> None:
        (paid,) = read(body_of("order.updated.processing"))
        assert paid.touchpoint is Touchpoint.ORDER_PAID
        assert paid.customer == CustomerRef(
            "58", "nora.falk@example.com", "Nora Falk", country="AT", attributes={"payment_method": "stripe"}
        )
        assert paid.money == Money(6380, "EUR")
        assert paid.products == ("Notebook & pen", "Gift wrap")
        assert paid.objects == {"order": "4107", "payment": "ch_3QxTn2Woo", "customer": "58"}
        assert paid.occurred_at == datetime(2025, 11, 3, 11, 41, tzinfo=UTC)
        assert not paid.test

    def test_a_completed_one_was_fulfilled_and_paid(self) -> None:
        assert touchpoints(body_of("order.updated.completed")) == ["order_fulfilled", "order_paid"]
        assert touchpoints(body_of("order.updated.completed.unpaid")) == ["order_fulfilled"]

    def test_every_save_repeats_the_same_facts(self) -> None:
        (paid,) = read(body_of("order.updated.processing"))
        fulfilled, paid_again = read(body_of("order.updated.completed"), delivery="another")
        assert paid.fact == paid_again.fact
        assert paid.fact != fulfilled.fact
        assert paid.event_id != paid_again.event_id == "another"

    def test_the_topic_does_not_matter(self) -> None:
        for topic in ("order.created", "order.restored", "plugin.anything", ""):
            assert touchpoints(body_of("order.updated.processing"), topic) == ["order_paid"]

    def test_a_guest_has_an_address_and_no_id(self) -> None:
        (paid,) = read(body_of("order.created"))
        assert (paid.customer.id, paid.customer.email) == (None, "paul.ost@example.org")
        assert "customer" not in paid.objects

    @pytest.mark.parametrize("status", ["pending", "on-hold", "wc-on-hold", "unheard-of"])
    def test_any_other_status_only_teaches(self, status: str) -> None:
        (event,) = read(body_of("order.updated.processing", status=status))
        assert (event.touchpoint, event.customer.email) == (None, "nora.falk@example.com")

    @pytest.mark.parametrize("status", ["checkout-draft", "wc-checkout-draft", "auto-draft", "draft", "new", "trash"])
    def test_nothing_is_learned_from_a_draft(self, status: str) -> None:
        assert read(body_of("order.updated.checkout_draft", status=status)) == ()
        assert read(body_of("subscription.updated", status=status), "subscription.created") == ()

    @pytest.mark.parametrize("name", ["order.updated.cancelled", "order.updated.cancelled.paid"])
    def test_a_cancelled_order_is_nobodys_leaving(self, name: str) -> None:
        (event,) = read(body_of(name))
        assert event.touchpoint is Touchpoint.ORDER_CANCELLED

    def test_a_cancelled_order_concerns_itself_alone(self) -> None:
        (first,) = read(body_of("order.updated.cancelled"))
        (second,) = read(body_of("order.updated.processing"))
        assert first.links == ("woocommerce|laden|4114",)
        assert not set(first.links) & set(second.links)

    def test_a_paid_order_that_fails_was_taken_back_by_the_bank(self) -> None:
        (event,) = read(body_of("order.updated.failed.late"))
        (paid,) = read(body_of("order.updated.failed.late", status="processing"))
        assert event.touchpoint is Touchpoint.PAYMENT_REVERSED
        assert event.occurred_at > paid.occurred_at
        assert set(event.links) == set(paid.links)

    def test_a_failure_takes_back_the_payment_of_its_order(self) -> None:
        (failed,) = read(body_of("order.updated.failed"))
        (paid,) = read(body_of("order.updated.processing", id=4113))
        assert (failed.touchpoint, failed.takes_back) == (Touchpoint.PAYMENT_FAILED, paid.fact)

    def test_a_renewal_names_its_subscription(self) -> None:
        (paid,) = read(body_of("order.updated.processing.renewal"))
        assert (paid.touchpoint, paid.objects["subscription"]) == (Touchpoint.ORDER_PAID, "4200")
        assert "woocommerce|laden|4200" not in paid.links

    def test_an_order_without_an_address_is_its_accounts(self) -> None:
        (paid,) = read(body_of("order.updated.processing", billing={}))
        assert (paid.customer.id, paid.customer.email) == ("58", None)

    def test_a_status_may_have_the_prefix_of_the_shops_tables(self) -> None:
        assert touchpoints(body_of("order.updated.processing", status="wc-processing")) == ["order_paid"]

    def test_an_old_order_that_is_edited_was_still_paid_then(self) -> None:
        (paid,) = read(body_of("order.updated.processing", date_paid_gmt="2024-01-05T08:00:00"))
        assert paid.occurred_at == datetime(2024, 1, 5, 8, tzinfo=UTC)

    def test_local_times_cannot_be_placed(self) -> None:
        body = body_of("order.updated.processing", date_paid_gmt=None, date_modified_gmt=None)
        (paid,) = read(body)
        assert paid.occurred_at == NOW

    def test_a_currency_the_payload_does_not_name_is_the_sources(self) -> None:
        (paid,) = read(body_of("order.updated.processing", currency=""), source=Source("l", "w", currency="CHF"))
        assert paid.money == Money(6380, "CHF")

    @pytest.mark.parametrize(("total", "currency", "amount"), [("500", "JPY", 500), ("1.250", "KWD", 1250)])
    def test_amounts_follow_the_decimals_of_their_currency(self, total: str, currency: str, amount: int) -> None:
        (paid,) = read(body_of("order.updated.processing", total=total, currency=currency))
        assert paid.money == Money(amount, currency)

    def test_the_legacy_api_wraps_the_order(self) -> None:
        fulfilled, paid = read(body_of("order.updated.legacy"))
        assert (fulfilled.touchpoint, paid.touchpoint) == (Touchpoint.ORDER_FULFILLED, Touchpoint.ORDER_PAID)
        assert paid.customer.email == "ida.berg@example.net"
        assert paid.customer.attributes == {"payment_method": "paypal"}
        assert fulfilled.occurred_at == datetime(2025, 11, 3, 11, 45, tzinfo=UTC)


class TestRefunds:
    def test_each_listed_refund_is_a_fact_of_its_own(self) -> None:
        first, second = (
            one for one in read(body_of("order.updated.completed.refunded_twice")) if "refund" in one.objects
        )
        assert (first.money, second.money) == (Money(1000, "EUR"), Money(550, "EUR"))
        assert first.fact != second.fact
        assert first.touchpoint is second.touchpoint is Touchpoint.REFUNDED

    def test_a_refund_finds_its_payment(self) -> None:
        (paid,) = read(body_of("order.updated.processing"))
        (back,) = read(body_of("order.updated.refunded"))
        assert set(paid.links) & set(back.links)

    def test_on_its_own_it_is_the_same_fact_as_in_its_orders_list(self) -> None:
        (listed,) = read(body_of("order.updated.refunded"))
        (alone,) = read(body_of("order.updated.refund"), source=Source("laden", "woocommerce", currency="EUR"))
        assert alone.fact == listed.fact
        assert alone.money == listed.money == Money(6380, "EUR")

    def test_on_its_own_it_names_no_currency(self) -> None:
        (alone,) = read(body_of("order.updated.refund"))
        assert (alone.touchpoint, alone.money) == (Touchpoint.REFUNDED, None)

    @pytest.mark.parametrize("named", [{"parent_id": 4107}, {"order_id": 4107}])
    def test_a_plugin_may_name_the_order_plainly(self, named: dict[str, int]) -> None:
        (alone,) = read(body_of("order.updated.refund.alone", **named))
        assert alone.objects["order"] == "4107"

    @pytest.mark.parametrize("links", [{}, {"up": []}, {"up": [{"href": "https://example.com/orders/x"}]}])
    def test_without_its_order_it_says_nothing(self, links: dict[str, Any]) -> None:
        assert read(body_of("order.updated.refund.alone", parent_id=0, _links=links)) == ()

    @pytest.mark.parametrize("total", ["0.00", "-0.00", "0", 0])
    def test_goods_put_back_into_stock_gave_nothing_back(self, total: object) -> None:
        body = body_of("order.updated.completed.restocked", refunds=[{"id": 9, "total": total}])
        assert touchpoints(body) == ["order_fulfilled", "order_paid"]
        assert touchpoints(body_of("order.updated.refunded", refunds=[{"id": 9, "total": total}])) == ["learned"]

    def test_a_part_is_given_back_beside_nothing(self) -> None:
        listed = [{"id": 9, "total": "-0.00"}, {"id": 10, "total": "-0.01"}]
        (back,) = read(body_of("order.updated.refunded", refunds=listed))
        assert (back.money, back.objects["refund"]) == (Money(1, "EUR"), "10")

    def test_alone_too_a_refund_of_nothing_is_none(self) -> None:
        assert read(body_of("order.updated.refund.nothing")) == ()

    def test_an_order_that_was_free_had_nothing_to_give_back(self) -> None:
        assert touchpoints(body_of("order.updated.refunded.free")) == ["learned"]

    def test_a_refunded_order_without_a_list_was_refunded_once(self) -> None:
        (back,) = read(body_of("order.updated.refunded.unlisted"))
        assert (back.money, back.fact.endswith("|refunded|")) == (Money(6380, "EUR"), True)


class TestSites:
    def test_equal_numbers_of_two_shops_are_two_facts(self) -> None:
        sources = [Source(name, "woocommerce") for name in ("laden", "boutique")]
        (here,), (there,) = (read(body_of("order.updated.processing"), source=source) for source in sources)
        assert here.fact != there.fact

    @pytest.mark.parametrize("site", [SITE, "https://example.org", "x", "", "http://["])
    def test_a_header_that_nobody_signed_makes_no_other_fact(self, site: str) -> None:
        (paid,) = read(body_of("order.updated.processing"), site=site)
        assert paid.fact == "woocommerce|laden|4107|payment|"

    @pytest.mark.parametrize("account", ["laden.example.com", "https://laden.example.com/", "LADEN.example.com"])
    def test_other_sites_are_ignored_where_the_source_names_one(self, account: str) -> None:
        source = Source("laden", "woocommerce", account=account)
        assert read(body_of("order.updated.processing"), source=source, site=SITE)
        assert read(body_of("order.updated.processing"), source=source)
        assert read(body_of("order.updated.processing"), source=source, site="https://example.org/") == ()

    def test_a_host_names_all_sites_on_it(self) -> None:
        source = Source("laden", "woocommerce", account="example.com")
        assert read(body_of("order.updated.processing"), source=source, site="https://example.com/shop")


class TestCustomers:
    def test_an_account_teaches_its_profile(self) -> None:
        (event,) = read(body_of("customer.updated"), "customer.updated")
        assert event.customer == CustomerRef("58", "nora.falk@example.com", "Nora Falk", country="AT")
        assert event.touchpoint is None

    def test_the_bill_fills_in_what_the_account_leaves_open(self) -> None:
        (event,) = read(body_of("customer.updated", first_name="", last_name="", email=""), "customer.updated")
        assert (event.customer.email, event.customer.name) == ("nora.falk@example.com", "Nora Falk")

    @pytest.mark.parametrize("role", ["administrator", "shop_manager"])
    def test_the_shops_own_people_are_no_customers(self, role: str) -> None:
        assert read(body_of("customer.updated", role=role), "customer.updated") == ()

    def test_a_deleted_account_is_known_by_its_topic(self) -> None:
        (event,) = read({"id": 58}, "customer.deleted")
        assert event.customer == CustomerRef("58", deleted=True)
        assert read({"id": 0}, "customer.deleted") == ()

    def test_an_account_without_a_number_is_known_by_its_address(self) -> None:
        (event,) = read(body_of("customer.updated", id=0), "customer.updated")
        assert (event.customer.id, event.objects) == (None, {})

    def test_the_legacy_api_wraps_it(self) -> None:
        body = {"customer": {"id": 12, "email": "ida.berg@example.net", "billing_address": {"country": "de"}}}
        (event,) = read(body, "customer.created")
        assert (event.customer.email, event.customer.country) == ("ida.berg@example.net", "DE")


class TestSubscriptions:
    def test_an_end_is_announced_and_then_comes(self) -> None:
        announced, came = subscription("pending_cancel"), subscription("cancelled")
        assert announced.touchpoint is came.touchpoint is Touchpoint.CANCELLED
        assert announced.fact == came.fact
        assert announced.occurred_at == datetime(2025, 11, 20, 7, 30, tzinfo=UTC)
        assert came.occurred_at == datetime(2025, 12, 3, 11, 40, 3, tzinfo=UTC)

    def test_an_old_end_that_is_edited_today_is_of_its_own_day(self) -> None:
        edited = subscription("cancelled", date_modified_gmt="2026-10-01T00:00:00")
        assert edited.occurred_at == subscription("cancelled").occurred_at

    def test_an_end_can_be_taken_back(self) -> None:
        event, announced = subscription("reactivated"), subscription("pending_cancel")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.RUNNING)
        assert event.objects == announced.objects
        assert event.occurred_at > announced.occurred_at

    @pytest.mark.parametrize("name", ["expired", "switched", "cancelled.unpaid"])
    def test_over_it_may_be_without_anybody_leaving(self, name: str) -> None:
        event = subscription(name)
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.EXPIRED)

    def test_a_term_that_was_cut_short_was_left(self) -> None:
        event = subscription("expired", cancelled_date_gmt="2026-10-20T07:30:00")
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_what_was_announced_before_any_payment_was_left(self) -> None:
        event = subscription("cancelled.unpaid", end_date_gmt="2025-12-03T11:40:00")
        assert event.touchpoint is Touchpoint.CANCELLED

    @pytest.mark.parametrize("status", ["on-hold", "pending"])
    def test_neither_running_nor_over_says_nothing_of_its_end(self, status: str) -> None:
        event = subscription("on_hold", status=status)
        assert (event.touchpoint, event.subscription_state) == (None, None)

    def test_its_state_teaches_the_plan(self) -> None:
        (event,) = read(body_of("subscription.updated"), "subscription.updated")
        assert (event.touchpoint, event.plan, event.objects["subscription"]) == (None, "Box of the month", "4200")

    def test_it_is_no_order_even_under_another_topic(self) -> None:
        (event,) = read(body_of("subscription.updated", status="completed"))
        assert event.touchpoint is None

    def test_its_topic_is_enough(self) -> None:
        body = body_of("order.updated.processing", status="cancelled")
        (event,) = read(body, "subscription.updated")
        assert event.objects["subscription"] == "4107"


class TestUnwanted:
    @pytest.mark.parametrize("topic", ["coupon.updated", "product.created", "action.woocommerce_add_to_cart"])
    def test_things_that_are_no_order_are_ignored_whatever_they_hold(self, topic: str) -> None:
        assert read(body_of("order.updated.processing"), topic) == ()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"id": 5},
            {"id": 5, "status": "publish"},
            {"id": 5, "email": "a@example.com"},
            {"id": [], "line_items": []},
        ],
    )
    def test_a_body_that_is_nothing_of_ours_is_ignored(self, body: Any) -> None:
        assert read(body) == ()

    def test_what_is_no_json_is_an_error(self) -> None:
        with pytest.raises(PayloadError, match=r"^The body .*\.$"):
            woocommerce.normalise(Webhook("laden", {}, b"webhook_id=5", NOW), SOURCE)


def test_recorded_payloads_are_understood(payloads: Path) -> None:
    files = sorted((payloads / "woocommerce").glob("*.json"))
    events = {
        file.stem: woocommerce.normalise(samples.read(file, woocommerce.ABOUT, "l", NOW), SOURCE) for file in files
    }
    assert events["captured.coupon.created"] == ()
    assert [one.touchpoint for one in events["order.completed"]] == [Touchpoint.ORDER_FULFILLED, Touchpoint.ORDER_PAID]
    (paid,) = events["order.processing"]
    assert (paid.money, paid.customer.email) == (Money(2935, "USD"), "john.doe@example.com")
    (back,) = events["refund"]
    assert back.objects == {"order": "723", "refund": "726"}


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("1a.order.updated.paid", [Touchpoint.ORDER_PAID]),
        ("1b.order.updated.cancelled_unpaid_by_timeout", [Touchpoint.ORDER_CANCELLED]),
        ("4.order.updated.refund_of_zero", [Touchpoint.ORDER_PAID]),
        ("8.order.updated.checkout_draft", []),
    ],
)
def test_reported_payloads_mean_what_is_right(name: str, meaning: list[Touchpoint], payloads: Path) -> None:
    file = payloads.parent / "faults" / "woocommerce" / f"{name}.json"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    found = woocommerce.normalise(samples.read(file, woocommerce.ABOUT, "laden", NOW), SOURCE)
    assert [one.touchpoint for one in found] == meaning
