import json
from collections.abc import Callable
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Money, Touchpoint
from afterbill.model.webhooks import Source

Read = Callable[..., BillingEvent]


class TestCustomers:
    @pytest.mark.parametrize(
        ("name", "changed"),
        [
            ("invoice.paid", {"customer_email": "x@example.com"}),
            ("checkout.session.completed", {"customer_details": None, "customer_email": "x@example.com"}),
            ("checkout.session.completed", {"customer_details": {"email": "x@example.com"}}),
            ("charge.refunded", {"billing_details": {"email": "x@example.com"}}),
            ("charge.refunded", {"billing_details": None, "receipt_email": "x@example.com"}),
            ("customer.created", {"email": "x@example.com"}),
        ],
        ids=["invoice", "session", "details", "billing", "receipt", "customer"],
    )
    def test_the_address_is_found_in_each_place(self, name: str, changed: dict[str, Any], read_stripe: Read) -> None:
        assert read_stripe(name, **changed).customer.email == "x@example.com"

    @pytest.mark.parametrize(
        "email", [None, "", "  ", "nobody", "@example.com", "a@", "a@b@c", "a b@c", "a<a@b.c>", "a@b.c,", 7, ["a@b"]]
    )
    def test_what_is_no_address_is_none(self, email: object, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid", customer_email=email).customer.email is None

    def test_case_and_plus_of_an_address_are_kept(self, read_stripe: Read) -> None:
        assert read_stripe("basil.invoice.paid").customer.email == "Amara.Diallo@Example.com"
        assert read_stripe("invoice.paid.trial").customer.email == "ben.okafor+trial@example.com"

    def test_an_invoice_of_2017_names_its_customer_by_id_alone(self, read_stripe: Read) -> None:
        customer = read_stripe("2017.invoice.payment_succeeded").customer
        assert (customer.id, customer.email) == ("cus_BXy3Legacy2017", None)

    def test_a_customer_brings_name_language_and_country(self, read_stripe: Read) -> None:
        customer = read_stripe("basil.customer.created").customer
        assert (customer.name, customer.locale, customer.country) == ("Amara Diallo", "fr", "FR")

    @pytest.mark.parametrize("languages", [None, [], "de", [None], [{"de": 1}], ["not a tag"]])
    def test_a_customer_without_language_has_no_locale(self, languages: object, read_stripe: Read) -> None:
        assert read_stripe("customer.created", preferred_locales=languages).customer.locale is None

    def test_a_locale_left_to_the_browser_is_none(self, read_stripe: Read) -> None:
        assert read_stripe("checkout.session.completed").customer.locale is None
        assert read_stripe("basil.checkout.session.completed").customer.locale == "fr"

    def test_of_a_deleted_customer_only_the_deletion_is_learned(self, read_stripe: Read) -> None:
        customer = read_stripe("customer.deleted").customer
        assert customer.deleted
        assert (customer.email, customer.name) == (None, None)

    def test_the_card_says_how_but_not_where(self, read_stripe: Read) -> None:
        customer = read_stripe("basil.charge.refunded").customer
        assert customer.attributes == {"payment_method": "card"}
        assert customer.country is None

    def test_why_a_customer_left_is_learned_without_the_free_text(self, read_stripe: Read) -> None:
        attributes = read_stripe("customer.subscription.deleted").customer.attributes
        assert attributes["cancellation_reason"] == "cancellation_requested"
        assert attributes["cancellation_feedback"] == "too_expensive"
        assert not any("supplier" in value for value in attributes.values())


class TestMoneyAndPlans:
    @pytest.mark.parametrize(
        ("amount", "currency", "money"),
        [
            (4900, "eur", Money(4900, "EUR")),
            (0, "usd", Money(0, "USD")),
            (-500, "usd", Money(-500, "USD")),
            (500, "jpy", Money(500, "JPY")),
            (5120, "kwd", Money(5120, "KWD")),
            (500, "isk", Money(5, "ISK")),
            (500, "ugx", Money(5, "UGX")),
            (500, "mga", Money(50000, "MGA")),
            (True, "eur", None),
            (49.0, "eur", None),
            ("4900", "eur", None),
            (10**15, "eur", None),
            (4900, None, None),
            (4900, "euro", None),
            (4900, "e€r", None),
        ],
    )
    def test_amounts_are_whole_numbers_of_the_smallest_unit(
        self, amount: object, currency: object, money: Money | None, read_stripe: Read
    ) -> None:
        assert read_stripe("invoice.paid", amount_paid=amount, amount_due=0, currency=currency).money == money

    def test_a_failed_payment_is_about_what_was_due(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.payment_failed").money == Money(4900, "EUR")

    def test_part_of_a_refund_is_its_own_sum(self, read_stripe: Read) -> None:
        assert read_stripe("charge.refunded.partly").money == Money(1000, "EUR")

    def test_a_subscription_teaches_its_price_per_month(self, read_stripe: Read) -> None:
        attributes = read_stripe("customer.subscription.updated.downgraded").customer.attributes
        assert attributes == {"recurring_amount": "4083", "currency": "EUR"}

    def test_a_plan_has_its_name_before_basil_and_its_product_since(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid").plan == read_stripe("customer.subscription.created").plan == "Pro"
        basil = {read_stripe(f"basil.{name}").plan for name in ("invoice.paid", "customer.subscription.created")}
        assert basil == {"prod_SProPlanAfterb"}
        assert read_stripe("2017.invoice.payment_succeeded").plan == "gold"

    def test_a_lookup_key_names_a_plan_without_nickname(self, read_stripe: Read) -> None:
        item = {"price": {"id": "price_1", "nickname": None, "lookup_key": "pro_monthly", "product": "prod_1"}}
        assert read_stripe("customer.subscription.created", items={"data": [item]}).plan == "pro_monthly"

    def test_what_was_bought_once_is_no_plan(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid.one_off").plan is None

    def test_what_is_credited_for_the_plan_before_is_not_the_plan(self, read_stripe: Read) -> None:
        def line(product: str, *, proration: bool) -> dict[str, Any]:
            parent = {"subscription_item_details": {"proration": proration}}
            return {"parent": parent, "pricing": {"price_details": {"price": "price_1", "product": product}}}

        lines = {"data": [line("prod_old", proration=True), line("prod_new", proration=False)]}
        assert read_stripe("basil.invoice.paid", lines=lines).plan == "prod_new"

    def test_a_line_without_product_names_its_price(self, read_stripe: Read) -> None:
        details = {"parent": {"subscription_item_details": {"proration": False}}}
        line = {**details, "pricing": {"price_details": {"price": "price_1"}}}
        assert read_stripe("basil.invoice.paid", lines={"data": [line]}).plan == "price_1"


def item(unit: object, quantity: object = 1, **price: Any) -> dict[str, Any]:
    recurring = {"interval": price.pop("interval", "month"), "interval_count": price.pop("count", 1)}
    defaults = {"id": f"price_{unit}", "currency": "eur", "unit_amount": unit, "recurring": recurring}
    return {"quantity": quantity, "price": defaults | price}


class TestPlanChanges:
    @pytest.mark.parametrize(
        ("before", "after", "touchpoint"),
        [
            ([item(4900)], [item(9900)], Touchpoint.UPGRADED),
            ([item(4900)], [item(2900)], Touchpoint.DOWNGRADED),
            ([item(4900)], [item(4900, 2)], Touchpoint.UPGRADED),
            ([item(4900)], [item(4900), item(100)], Touchpoint.UPGRADED),
            ([item(4900)], [item(4900, None)], None),
            ([item(1000)], [item(12000, interval="year")], None),
            ([item(1000)], [item(3000, count=3)], None),
            ([item(1000)], [item(250, interval="week")], Touchpoint.UPGRADED),
            ([item(1000)], [item(30, interval="day")], Touchpoint.DOWNGRADED),
            ([item(4900)], [item(9900, currency="usd")], None),
            ([item(None)], [item(9900)], None),
            ([item(4900)], [item(9900, interval="fortnight")], None),
            ([item(4900)], [item(9900, count=0)], None),
            ([item(4900), item(1, currency="usd")], [item(9900)], None),
        ],
        ids=str,
    )
    def test_a_change_is_judged_by_what_a_month_costs(
        self, before: list[object], after: list[object], touchpoint: Touchpoint | None, read_stripe: Read
    ) -> None:
        previous = {"items": {"data": before}}
        event = read_stripe("customer.subscription.updated.upgraded", previous=previous, items={"data": after})
        assert event.touchpoint == touchpoint

    def test_of_an_old_plan_only_the_changed_keys_are_told(self, read_stripe: Read) -> None:
        event = read_stripe(
            "2017.customer.subscription.updated.upgraded", previous={"plan": {"id": "silver", "amount": 1900}}
        )
        assert event.touchpoint is Touchpoint.UPGRADED
        assert "|silver:4>gold:4@" in event.fact

    def test_the_order_of_items_changes_no_fact(self, read_stripe: Read) -> None:
        one, two, previous = item(100), item(200), {"items": {"data": [item(50)]}}
        facts = {
            read_stripe("customer.subscription.updated.upgraded", previous=previous, items={"data": items}).fact
            for items in ([one, two], [two, one])
        }
        assert len(facts) == 1

    def test_an_announced_end_weighs_more_than_the_change_that_came_with_it(self, read_stripe: Read) -> None:
        previous = {"cancel_at_period_end": False, "items": {"data": [item(1)]}}
        event = read_stripe("customer.subscription.updated.cancelled", previous=previous)
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_an_end_taken_back_is_no_end(self, read_stripe: Read) -> None:
        previous = {"cancel_at_period_end": True, "cancel_at": 1764763200}
        event = read_stripe("customer.subscription.updated.period", previous=previous, cancel_at_period_end=False)
        assert event.touchpoint is None


BARE = Source("donations", "stripe", types={"payment_intent.succeeded": "payment_succeeded", "charge.succeeded": ""})


def test_payments_without_invoices_are_read_where_the_source_says_that_there_are_only_such(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    intent = sample("stripe", "payment_intent.succeeded")
    named = json.loads(intent)["data"]["object"]
    charge = json.dumps(
        json.loads(sample("stripe", "charge.refunded"))
        | {"type": "charge.succeeded", "data": {"object": {**named, "id": "ch_1", "payment_intent": named["id"]}}}
    ).encode()

    (from_intent,), (from_charge,) = understood("stripe", intent, BARE), understood("stripe", charge, BARE)

    assert understood("stripe", intent) == ()
    assert from_intent.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert from_intent.fact == from_charge.fact
    assert from_intent.money == from_charge.money
    assert from_charge.objects["charge"] == "ch_1"


def charge(sample: Callable[[str, str], bytes], **changes: object) -> bytes:
    event = json.loads(sample("stripe", "charge.succeeded"))
    event["data"]["object"] |= changes
    return json.dumps(event).encode()


def test_a_payment_that_says_it_has_no_invoice_is_one_fact_with_its_charge(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    (from_intent,) = understood("stripe", sample("stripe", "payment_intent.succeeded.alone"))
    (from_charge,) = understood("stripe", charge(sample))

    assert from_intent.fact == from_charge.fact
    assert from_intent.customer.email == from_charge.customer.email


def test_a_payment_without_an_invoice_is_the_fact_of_its_session(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    (session,) = understood("stripe", sample("stripe", "checkout.session.completed.one_off"))
    (paid,) = understood("stripe", charge(sample, payment_intent=session.objects["payment_intent"]))

    assert paid.fact == session.fact
    assert paid.touchpoint is session.touchpoint


@pytest.mark.parametrize("changes", [{"invoice": "in_1"}, {"captured": False}], ids=["an invoice's", "held back"])
def test_a_charge_that_another_event_reports_is_not_read(
    changes: dict[str, object],
    sample: Callable[[str, str], bytes],
    understood: Callable[..., tuple[BillingEvent, ...]],
) -> None:
    assert understood("stripe", charge(sample, **changes)) == ()


def test_a_charge_that_says_nothing_of_invoices_is_read_on_request_only(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    event = json.loads(charge(sample))
    del event["data"]["object"]["invoice"]
    body = json.dumps(event).encode()

    assert understood("stripe", body) == ()
    assert understood("stripe", body, BARE) != ()


def test_a_refund_of_its_invoice_does_not_reach_the_quote(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    (accepted,) = understood("stripe", sample("stripe", "quote.accepted"))
    assert "invoice" not in accepted.objects


def test_what_an_api_of_2017_says_of_invoices_is_not_believed(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> None:
    event = json.loads(sample("stripe", "payment_intent.succeeded.alone"))
    assert understood("stripe", json.dumps(event | {"api_version": "2017-08-15"}).encode()) == ()
