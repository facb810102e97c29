"""Prices, ways of paying and reasons, as Stripe, Chargebee, Recurly, Shopify and neutral bodies tell them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from afterbill.connectors import recurly
from afterbill.connectors._kit.json import parse
from afterbill.model.billing import BillingEvent, Money, ObjectReference, Touchpoint
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Source
from afterbill_cli.memory.keys import MemoryApis
from tests.factories import EVENTS

Read = Callable[..., BillingEvent]
Body = dict[str, Any]


def monthly(amount: int) -> Recurring:
    return Recurring(Money(amount, "EUR"), 1, "month")


@pytest.fixture
def event(sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]) -> Read:
    """The first event in a sample whose body was changed first."""

    def changed(provider: str, name: str, change: Callable[[Body], object] = lambda _: None, **more: Any) -> Any:
        body = json.loads(sample(provider, name))
        change(body)
        return next(iter(understood(provider, json.dumps(body).encode(), **more)), None)

    return changed


class TestStripe:
    @pytest.fixture
    def price(self, event: Read) -> Callable[..., Recurring | None]:
        """Return the price of a subscription with these items; each changes the price of the sample's."""

        def of(*items: Body, quantity: int = 1) -> Recurring | None:
            def change(body: Body) -> None:
                lines = body["data"]["object"]["items"]
                (line,) = lines["data"]
                recurring = line["price"]["recurring"]
                prices = [{**line["price"], **one, "recurring": recurring | one.get("recurring", {})} for one in items]
                lines["data"] = [{**line, "price": each, "quantity": quantity} for each in prices]

            return event("stripe", "customer.subscription.created", change).recurring

        return of

    def test_a_price_counts_as_often_as_it_was_bought(self, price) -> None:
        assert price({}, quantity=3) == monthly(14700)

    def test_an_interval_is_kept_as_it_is_billed(self, price) -> None:
        quarterly = {"unit_amount": 12000, "recurring": {"interval_count": 3}}

        assert price(quarterly) == Recurring(Money(12000, "EUR"), 3, "month")

    def test_items_of_different_intervals_are_added_per_month(self, price) -> None:
        assert price({}, {"unit_amount": 12000, "recurring": {"interval": "year"}}) == monthly(5900)

    @pytest.mark.parametrize(
        "unknown",
        [
            {"unit_amount": None, "billing_scheme": "tiered"},
            {"recurring": {"usage_type": "metered"}},
            {"currency": "usd"},
            {"recurring": {"interval": "fortnight"}},
        ],
        ids=["tiers", "use", "another currency", "another interval"],
    )
    def test_one_item_without_a_price_makes_the_whole_unknown(self, price, unknown: Body) -> None:
        assert price({}, unknown) is None

    def test_a_long_invoice_that_is_cut_off_tells_no_price(self, event: Read) -> None:
        def cut(body: Body) -> None:
            body["data"]["object"]["lines"]["has_more"] = True

        assert event("stripe", "invoice.paid").recurring == monthly(4900)
        assert event("stripe", "invoice.paid", cut).recurring is None

    @pytest.mark.parametrize(
        ("told", "method"),
        [
            ({"payment_method_types": ["card", "sepa_debit"]}, ""),
            ({"payment_method_types": ["sepa_debit"]}, "sepa_debit"),
            (
                {"payment_method_types": [], "payment_settings": {"payment_method_types": ["us_bank_account"]}},
                "ach_debit",
            ),
            ({"payment_method": {"id": "pm_1", "type": "klarna"}, "payment_method_types": None}, "klarna"),
            ({"charge": {"id": "ch_1", "payment_method_details": {"type": "link"}}}, "link"),
        ],
    )
    def test_the_way_of_paying_is_known_where_it_is_named_or_the_only_one(self, event, told: Body, method: str) -> None:
        paid = event("stripe", "invoice.paid", lambda body: body["data"]["object"].update(told))

        assert paid.payment_method == method

    def test_the_portal_tells_the_reason_seconds_after_the_end(self, event: Read) -> None:
        ended, explained = (
            event("stripe", f"customer.subscription.updated.{name}") for name in ("cancelled", "explained")
        )

        assert explained.fact == ended.fact
        assert (explained.reported_reason, explained.reported_comment) == (
            "too_expensive",
            "We moved everything to one supplier.",
        )

    def test_a_reason_without_an_end_is_news_alone(self, event: Read) -> None:
        def stays(body: Body) -> None:
            body["data"]["object"].update(cancel_at=None, cancel_at_period_end=False, canceled_at=None)

        assert event("stripe", "customer.subscription.updated.explained", stays).touchpoint is None

    def test_details_that_say_nothing_are_no_reason(self, event: Read) -> None:
        def silent(body: Body) -> None:
            details = {"comment": None, "feedback": None, "reason": "cancellation_requested"}
            body["data"]["object"]["cancellation_details"] = details

        assert event("stripe", "customer.subscription.updated.explained", silent).touchpoint is None
        ended = event("stripe", "customer.subscription.deleted", silent)
        assert (ended.reported_reason, ended.reported_comment) == ("", "")

    def test_an_end_that_payments_brought_says_so(self, event: Read) -> None:
        def unpaid(body: Body) -> None:
            body["data"]["object"]["cancellation_details"] = {"reason": "payment_failed", "feedback": None}

        assert event("stripe", "customer.subscription.deleted", unpaid).reported_reason == "payment_failed"


class TestChargebee:
    def price(self, event: Read, name: str, **subscription: Any) -> Recurring | None:
        found = event("chargebee", name, lambda body: body["content"]["subscription"].update(subscription))
        return found.recurring

    def test_plan_and_addons_are_added_and_charges_are_not(self, event: Read) -> None:
        addons = [{"id": "seat", "amount": 500}, {"id": "backup", "amount": 100}]

        assert self.price(event, "subscription_renewed", addons=addons) == monthly(5500)
        assert self.price(event, "subscription_created") == Recurring(Money(36000, "EUR"), 1, "year")

    @pytest.mark.parametrize(
        "changed", [{"plan_amount": None}, {"addons": [{"id": "metered"}]}, {"billing_period_unit": None}]
    )
    def test_a_part_without_an_amount_makes_the_whole_unknown(self, event: Read, changed: Body) -> None:
        assert self.price(event, "subscription_renewed", **changed) is None

    def test_the_sellers_own_code_comes_before_the_reason_of_chargebee(self, event: Read) -> None:
        def told(body: Body) -> None:
            body["content"]["subscription"].update(cancel_reason="not_paid", cancel_reason_code="Budget")

        assert event("chargebee", "subscription_cancelled", told).reported_reason == "Budget"


def test_recurly_tells_why_a_subscription_expired(now) -> None:
    apis = MemoryApis(dict(parse((EVENTS / "apis" / "recurly.json").read_bytes())))
    uuid = "7b1e55aa0c9d4e1f8a2b3c4d5e6f7081"
    reference = ObjectReference("books", "e", now, "subscription.expired", uuid)

    assert recurly.resolve is not None
    (ended,) = recurly.resolve(reference, Source("books", "recurly"), apis.call)
    assert isinstance(ended, BillingEvent)
    assert (ended.touchpoint, ended.reported_reason) == (Touchpoint.CANCELLED, "nonpayment")


class TestNeutralBody:
    def read(self, event: Read, name: str = "cancelled", **data: Any) -> BillingEvent:
        return event("standard_webhooks", name, lambda body: body["data"].update(data))

    def test_it_says_what_recurs_how_it_is_paid_and_why_it_ends(self, event: Read) -> None:
        started, ended = self.read(event, "subscription_started"), self.read(event)

        assert started.recurring == Recurring(Money(4900, "CHF"), 1, "month")
        assert started.payment_method == "card"
        assert (ended.reported_reason, ended.reported_comment) == ("too_expensive", "We found something cheaper.")

    @pytest.mark.parametrize(
        "changed", [{"unit": None}, {"every": 0}, {"every": 1.5}, {"value": "49.001"}, {"currency": ""}, {"minor": "x"}]
    )
    def test_a_price_of_which_a_part_cannot_be_read_is_not_known(self, event: Read, changed: Body) -> None:
        price = {"value": "49.00", "currency": "CHF", "every": 1, "unit": "month"} | changed

        assert self.read(event, recurring=price).recurring is None

    def test_only_an_end_has_a_reason(self, event: Read) -> None:
        told = self.read(event, "subscription_started", cancellation={"reason": "unused"})

        assert told.reported_reason == ""

    def test_a_reason_is_a_code_and_words_are_bounded(self, event: Read) -> None:
        told = self.read(event, cancellation={"reason": "r" * 65, "comment": "w" * 20_000})

        assert (told.reported_reason, len(told.reported_comment)) == ("", COMMENT_LENGTH)

    def test_news_of_a_subscription_teach_its_price(self, event: Read) -> None:
        price = {"minor": 4900, "currency": "CHF", "unit": "month"}

        assert self.read(event, "cancellation_withdrawn", recurring=price).recurring is not None

    def test_paths_are_mapped_like_all_others(self, event: Read) -> None:
        fields = {
            "data.recurring.value": "data.rate",
            "data.recurring.currency": "data.iso",
            "data.recurring.unit": "data.per",
        }
        source = Source("shop", "standard_webhooks", fields=fields)
        told = {"rate": "12.00", "iso": "eur", "per": "month"}

        found = event("standard_webhooks", "cancelled", lambda body: body["data"].update(told), source=source)
        assert found.recurring == monthly(1200)
