import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import lemonsqueezy
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli import samples

EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks" / "lemonsqueezy"
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
SOURCE = Source("lemon", "lemonsqueezy")
ORDER = "5d0c7a34-91be-4f20-8a67-3c2e9b1f7d55"


def body_of(name: str, **changes: Any) -> Any:
    found = json.loads((EVENTS / f"{name}.json").read_bytes())
    found["data"]["attributes"] |= changes
    return found


def normalise(body: Any, source: Source = SOURCE) -> tuple[BillingEvent, ...]:
    return lemonsqueezy.normalise(Webhook("lemon", {}, json.dumps(body).encode(), NOW), source)


def read(name: str, **changes: Any) -> BillingEvent:
    (event,) = normalise(body_of(name, **changes))
    return event


class TestSignature:
    def test_the_published_vector_verifies_with_its_line_breaks(self, payloads: Path) -> None:
        vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_text())["vectors"]
        (vector,) = (one for one in vectors if one["provider"] == "lemonsqueezy")
        body = vector["body"].encode()
        headers = {"x-signature": vector["headers"]["X-Signature"]}
        assert lemonsqueezy.verify(Webhook("lemon", headers, body, NOW), [vector["secret"]], NOW) is None
        stripped = Webhook("lemon", headers, body.strip(), NOW)
        assert lemonsqueezy.verify(stripped, [vector["secret"]], NOW) is Refusal.MISMATCH

    def test_a_known_body_has_a_known_signature(self) -> None:
        signed = lemonsqueezy.sign(Webhook("lemon", {}, b"{}", NOW), "secret")
        assert signed.headers["x-signature"] == "77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13"

    @pytest.mark.parametrize("header", ["zz", "é", "77325902"])
    def test_what_is_no_signature_is_refused(self, header: str) -> None:
        assert lemonsqueezy.verify(Webhook("lemon", {"x-signature": header}, b"{}", NOW), ["secret"], NOW)

    def test_a_blank_secret_signs_nothing(self) -> None:
        assert lemonsqueezy.sign(Webhook("lemon", {}, b"{}", NOW), " ").headers["x-signature"] == ""


def test_it_wants_to_hear_200() -> None:
    assert lemonsqueezy.ACCEPTED.status == 200


class TestOrders:
    def test_a_payment_says_who_bought_what(self) -> None:
        event = read("order_created")
        assert event.touchpoint is Touchpoint.ORDER_PAID
        assert event.customer == CustomerRef("3120458", "tomas.vela@example.com", "Tomás Vela")
        assert event.money == Money(2900, "EUR")
        assert event.products == ("Plotter (Monthly)",)
        assert event.occurred_at == datetime(2025, 11, 3, 11, 58, 2, tzinfo=UTC)

    def test_amounts_are_the_orders_not_in_dollars(self) -> None:
        assert read("order_created.yen").money == Money(4500, "JPY")

    @pytest.mark.parametrize("free", [{"discount_total": 2417}, {"first_order_item": {"price": 0}}])
    def test_an_order_that_is_free_or_discounted_is_paid(self, free: dict[str, Any]) -> None:
        event = read("order_created", total=0, **free)
        assert (event.touchpoint, event.money) == (Touchpoint.ORDER_PAID, Money(0, "EUR"))

    @pytest.mark.parametrize("status", ["pending", "failed", None])
    def test_an_order_that_is_not_paid_teaches_nothing(self, status: str | None) -> None:
        assert normalise(body_of("order_created", status=status)) == ()

    @pytest.mark.parametrize("status", ["refunded", "partial_refund"])
    def test_an_order_that_was_refunded_since_only_teaches(self, status: str) -> None:
        event = read("order_created", status=status)
        assert (event.touchpoint, event.customer.email) == (None, "tomas.vela@example.com")

    def test_a_fraud_is_a_cancelled_order_whoever_tells_it(self) -> None:
        told = read("order_created", status="fraudulent")
        assert told.touchpoint is Touchpoint.ORDER_CANCELLED
        assert told.fact == read("order_refunded.nothing", status="fraudulent").fact
        assert set(told.links) & set(read("subscription_payment_success").links)

    def test_an_order_that_is_told_again_is_of_the_day_it_was_bought(self) -> None:
        again = read("order_created", updated_at="2026-01-15T09:00:00.000000Z")
        assert again.occurred_at == read("order_created").occurred_at

    @pytest.mark.parametrize(
        ("product", "variant", "name"),
        [
            ("Icons", "Default", "Icons"),
            ("Icons", None, "Icons"),
            ("Icons", "Pro", "Icons (Pro)"),
            (None, "Pro", "Pro"),
        ],
    )
    def test_a_variant_is_named_where_there_is_a_choice(self, product: Any, variant: Any, name: str) -> None:
        item = {"product_name": product, "variant_name": variant}
        assert read("order_created", first_order_item=item).products == (name,)

    def test_an_order_without_items_names_no_product(self) -> None:
        assert read("order_created", first_order_item=None).products == ()


class TestOnePurchase:
    def test_an_order_and_the_first_invoice_of_its_subscription_are_one_fact(self) -> None:
        bought, started = read("order_created"), read("subscription_payment_success")
        assert started.touchpoint is Touchpoint.SUBSCRIPTION_STARTED
        assert bought.fact == started.fact

    @pytest.mark.parametrize("url", [None, "", "https://app.lemonsqueezy.com/my-orders/.../subscription-invoice/1", 7])
    def test_an_address_that_shows_no_order_leaves_the_invoice(self, url: object) -> None:
        event = read("subscription_payment_success", urls={"invoice_url": url})
        assert event.fact.split("|")[2] == "4502210"

    def test_a_renewal_shows_the_same_order_but_is_a_payment_of_its_own(self) -> None:
        renewed = read("subscription_payment_success.renewal")
        assert renewed.touchpoint is Touchpoint.RENEWED
        assert not set(renewed.links) & set(read("subscription_payment_success").links)

    def test_an_invoice_and_an_order_of_the_same_number_have_nothing_in_common(self) -> None:
        body = body_of("subscription_payment_success.renewal")
        body["data"]["id"] = "6391207"
        assert not set(normalise(body)[0].links) & set(read("order_created").links)


class TestInvoices:
    def test_a_recovery_is_a_twin_of_the_success_sent_with_it(self) -> None:
        recovered, renewed = read("subscription_payment_recovered"), read("subscription_payment_success.renewal")
        assert recovered.touchpoint is Touchpoint.PAYMENT_RECOVERED
        assert recovered.fact == renewed.fact

    def test_a_payment_for_another_reason_is_a_payment(self) -> None:
        for reason in ("updated", None, "unheard-of"):
            event = read("subscription_payment_success.updated", billing_reason=reason)
            assert event.touchpoint is Touchpoint.PAYMENT_SUCCEEDED

    def test_each_failed_attempt_is_a_fact_of_its_own(self) -> None:
        first, again = read("subscription_payment_failed"), read("subscription_payment_failed")
        second = read("subscription_payment_failed", updated_at="2025-12-05T11:58:10.000000Z")
        assert first.fact == again.fact != second.fact
        assert first.money == Money(2900, "EUR")

    @pytest.mark.parametrize("paid", ["subscription_payment_success", "subscription_payment_success.renewal"])
    def test_a_failure_takes_back_the_success_of_the_same_invoice(self, paid: str) -> None:
        body = body_of(paid)
        body["meta"]["event_name"] = "subscription_payment_failed"
        (failed,) = normalise(body)
        assert (failed.touchpoint, failed.takes_back) == (Touchpoint.PAYMENT_FAILED, read(paid).fact)

    def test_the_invoice_is_the_object_the_subscription_stands_beside_it(self) -> None:
        event = read("subscription_payment_failed")
        assert event.objects == {"invoice": "4611090", "subscription": "1499802", "customer": "3120458"}

    def test_a_subscription_in_place_of_an_invoice_is_an_error(self) -> None:
        body = body_of("subscription_payment_failed")
        body["data"]["type"] = "subscriptions"
        with pytest.raises(
            PayloadError, match=r"^The Lemon Squeezy event subscription_payment_failed names no invoice\.$"
        ):
            normalise(body)


class TestRefunds:
    @pytest.mark.parametrize(
        ("paid", "back"),
        [
            ("order_created", "order_refunded"),
            ("order_created", "subscription_payment_refunded.initial"),
            ("subscription_payment_success", "order_refunded"),
            ("subscription_payment_success.renewal", "subscription_payment_refunded"),
        ],
    )
    def test_a_refund_finds_its_payment(self, paid: str, back: str) -> None:
        assert set(read(paid).links) & set(read(back).links)

    def test_a_refund_of_one_renewal_leaves_the_others_alone(self) -> None:
        back = read("subscription_payment_refunded")
        assert not set(back.links) & set(read("subscription_payment_success").links)

    def test_parts_of_a_refund_are_facts_of_their_own(self) -> None:
        part, whole = read("order_refunded.partly"), read("order_refunded")
        assert (part.money, whole.money) == (Money(900, "EUR"), Money(2900, "EUR"))
        assert part.fact != whole.fact

    def test_both_reports_of_one_refund_are_one_fact(self) -> None:
        assert read("order_refunded").fact == read("subscription_payment_refunded.initial").fact

    def test_before_there_were_parts_everything_was_given_back(self) -> None:
        assert read("order_refunded", refunded_amount=None).money == Money(2900, "EUR")

    @pytest.mark.parametrize("name", ["order_refunded", "subscription_payment_refunded"])
    def test_nothing_given_back_is_no_refund(self, name: str) -> None:
        assert normalise(body_of(name, refunded_amount=0)) == ()
        assert normalise(body_of(name, refunded_amount=None, total=0)) == ()

    def test_a_refund_without_any_amount_is_one(self) -> None:
        event = read("order_refunded", refunded_amount=None, total=None)
        assert (event.touchpoint, event.money) == (Touchpoint.REFUNDED, None)


class TestSubscriptions:
    def test_cancelled_and_expired_are_one_fact(self) -> None:
        assert read("subscription_cancelled").fact == read("subscription_expired").fact

    def test_one_that_was_resumed_may_end_again(self) -> None:
        later = read("subscription_cancelled", ends_at="2026-01-03T11:58:02.000000Z")
        assert later.fact != read("subscription_cancelled").fact

    def test_an_end_without_a_date_is_one(self) -> None:
        assert read("subscription_expired", ends_at=None).fact.endswith("|cancelled|")

    @pytest.mark.parametrize("name", ["resumed", "unpaused", "updated", "created", "plan_changed"])
    def test_one_that_runs_has_no_announced_end(self, name: str) -> None:
        event = read(f"subscription_{name}")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.RUNNING)
        assert event.objects["subscription"] == read("subscription_cancelled").objects["subscription"]

    @pytest.mark.parametrize("changed", [{"status": "cancelled"}, {"status": "unpaid"}, {"cancelled": True}])
    def test_an_update_of_one_that_ends_proves_nothing(self, changed: dict[str, Any]) -> None:
        assert read("subscription_updated", **changed).subscription_state is None
        assert read("subscription_paused").subscription_state is None

    def test_the_begin_of_a_trial_teaches_and_starts_nothing(self) -> None:
        order, invoice = read("order_created.trial"), read("subscription_payment_success.trial")
        assert (order.touchpoint, invoice.touchpoint) == (None, None)
        assert order.objects["order"] == invoice.objects["order"]

    def test_a_first_payment_that_a_discount_made_free_is_a_start(self) -> None:
        event = read("subscription_payment_success", total=0, discount_total=2417)
        assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_every_change_teaches_the_plan(self) -> None:
        event = read("subscription_plan_changed")
        assert (event.touchpoint, event.plan) == (None, "Plotter (Yearly)")
        assert event.customer.attributes == {"payment_method": "visa"}

    def test_a_new_one_is_no_second_report_of_its_payment(self) -> None:
        event = read("subscription_created")
        assert (event.touchpoint, event.links) == (None, ())


class TestEnvelope:
    @pytest.mark.parametrize("marked", ["data", "meta"])
    def test_test_mode_may_be_the_objects_or_the_events(self, marked: str) -> None:
        body = body_of("order_created")
        inside = body["meta"] if marked == "meta" else body["data"]["attributes"]
        inside["test_mode"] = True
        assert normalise(body)[0].test
        assert not read("order_created").test

    def test_older_events_have_no_flag_in_their_meta(self) -> None:
        body = body_of("order_created") | {"meta": {"event_name": "order_created"}}
        assert not normalise(body)[0].test

    def test_a_retry_has_the_same_id_and_a_later_change_another(self) -> None:
        assert read("order_created").event_id == read("order_created").event_id
        assert read("order_created").event_id != read("order_created", updated_at="2025-11-04T00:00:00Z").event_id

    def test_the_time_is_the_last_change_else_the_first_else_of_arrival(self) -> None:
        paid = "subscription_payment_success"
        assert read(paid).occurred_at == datetime(2025, 11, 3, 11, 58, 7, tzinfo=UTC)
        assert read(paid, updated_at=None).occurred_at == datetime(2025, 11, 3, 11, 58, 4, tzinfo=UTC)
        assert read("order_created", updated_at=None, created_at=None).occurred_at == NOW

    def test_other_stores_are_ignored_where_the_source_names_one(self) -> None:
        assert normalise(body_of("order_created"), Source("lemon", "lemonsqueezy", account="4711"))
        assert normalise(body_of("order_created"), Source("lemon", "lemonsqueezy", account="1")) == ()
        assert normalise(body_of("order_created", store_id=None), Source("lemon", "lemonsqueezy", account="1"))

    @pytest.mark.parametrize("body", [{}, {"meta": {"event_name": "order_created"}}, {"meta": {}, "data": {"id": "1"}}])
    def test_what_is_no_event_is_an_error(self, body: Any) -> None:
        with pytest.raises(PayloadError, match=r"^The body is not a Lemon Squeezy event.*\.$"):
            normalise(body)

    @pytest.mark.parametrize(
        "name", ["order_created", "subscription_cancelled", "subscription_payment_success.renewal"]
    )
    def test_a_fact_about_nothing_is_an_error(self, name: str) -> None:
        body = body_of(name, identifier=None)
        del body["data"]["id"]
        with pytest.raises(PayloadError, match=r"names no (order|subscription|invoice)\.$"):
            normalise(body)

    def test_an_older_order_without_a_uuid_is_known_by_its_number(self) -> None:
        assert read("order_created", identifier=None).objects["order"] == "6391207"


def test_recorded_payloads_are_understood(payloads: Path) -> None:
    files = sorted((payloads / "lemonsqueezy").glob("*.json"))
    events = {
        file.stem: lemonsqueezy.normalise(samples.read(file, lemonsqueezy.ABOUT, "l", NOW), SOURCE)[0] for file in files
    }
    assert events["order_created"].money == Money(5899, "USD")
    assert events["subscription_payment_success"].touchpoint is Touchpoint.SUBSCRIPTION_STARTED
    assert events["subscription_created"].plan == "Subscription One"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("2g.subscription_cancelled", (Touchpoint.CANCELLED, None)),
        ("2h.subscription_resumed", (None, SubscriptionState.RUNNING)),
    ],
)
def test_what_people_reported(name: str, meaning: object, payloads: Path) -> None:
    folder = payloads.parent / "faults"
    if not folder.is_dir():
        pytest.skip(f"no reported inputs in {folder}")
    (event,) = normalise(json.loads((folder / "lemonsqueezy" / f"{name}.json").read_bytes()))
    assert (event.touchpoint, event.subscription_state) == meaning
