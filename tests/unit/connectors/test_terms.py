"""Each billing system tells the worth of a fact, its way of paying, and the reason of an end."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from afterbill.connectors import gocardless, mollie, paypal, quickbooks
from afterbill.connectors._kit.json import parse
from afterbill.connectors.quickbooks.transactions import Books, read
from afterbill.model.billing import BillingEvent, Money, ObjectReference
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Source
from afterbill_cli.memory.keys import MemoryApis

APIS = Path(__file__).resolve().parents[3] / "events" / "apis"

Read = Callable[..., BillingEvent]
Change = Callable[[dict[str, Any]], object]


def apis_of(provider: str) -> MemoryApis:
    return MemoryApis(dict(parse((APIS / f"{provider}.json").read_bytes())))


@pytest.fixture
def event(sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]) -> Read:
    """The first event in a sample whose body was changed first."""

    def changed(provider: str, name: str, change: Change = lambda _: None, **more: Any) -> BillingEvent:
        body = json.loads(sample(provider, name))
        body = body.get("body", body)
        change(body)
        return understood(provider, json.dumps(body).encode(), **more)[0]

    return changed


class TestBraintree:
    @pytest.fixture
    def recurring(self, sample, understood) -> Callable[..., Recurring | None]:
        """The recurring amount of a renewal in whose XML something was replaced first."""

        def replaced(*changes: tuple[str, str], **source: str) -> Recurring | None:
            fields = json.loads(sample("braintree", "subscription_charged_successfully.renewed"))
            xml = base64.b64decode(fields["bt_payload"]).decode()
            for old, new in changes:
                assert old in xml
                xml = xml.replace(old, new)
            body = urlencode({"bt_payload": base64.b64encode(xml.encode())}).encode()
            found: Recurring | None = understood("braintree", body, Source("b", "braintree", **source))[0].recurring
            return found

        return replaced

    def period(self, first: str, last: str) -> tuple[tuple[str, str], tuple[str, str]]:
        return (
            ("2025-12-03</billing-period-start", f"{first}</billing-period-start"),
            ("2026-01-02</billing-period-end", f"{last}</billing-period-end"),
        )

    @pytest.mark.parametrize(
        ("first", "last", "months"),
        [
            ("2025-12-03", "2026-01-02", 1),
            ("2025-11-03", "2026-02-02", 3),
            ("2025-11-03", "2026-11-02", 12),
            ("2026-01-31", "2026-02-27", 1),
            ("2026-01-30", "2026-02-27", 1),
            ("2026-02-28", "2026-03-30", 1),
        ],
    )
    def test_the_interval_is_the_number_of_months_of_the_period(self, first, last, months, recurring) -> None:
        assert recurring(*self.period(first, last)) == Recurring(Money(2900, "USD"), months, "month")

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("2026-01-15", "2026-02-27"),
            ("2026-01-15", "2026-01-20"),
            ("2026-01-15", "9999-12-31"),
            ("soon", "2026-01-02"),
        ],
    )
    def test_a_period_of_no_whole_months_tells_no_interval(self, first: str, last: str, recurring) -> None:
        assert recurring(*self.period(first, last)) is None

    def test_add_ons_and_discounts_are_in_the_amount_of_the_next_period(self, recurring) -> None:
        dearer = ("<next-billing-period-amount>29.00", "<next-billing-period-amount>41.50")
        assert recurring(dearer) == Recurring(Money(4150, "USD"), 1, "month")

    def test_without_that_amount_the_price_serves_unless_something_is_added_to_it(self, recurring) -> None:
        missing = ("<next-billing-period-amount>29.00</next-billing-period-amount>", "")
        added = ('<add-ons type="array"/>', '<add-ons type="array"><add-on><amount>5.00</amount></add-on></add-ons>')
        assert recurring(missing) == Recurring(Money(2900, "USD"), 1, "month")
        assert recurring(missing, added) is None

    def test_a_currency_that_no_transaction_names_is_the_one_of_the_source(self, recurring) -> None:
        unnamed = ("<currency-iso-code>USD</currency-iso-code>", "")
        assert recurring(unnamed) is None
        assert recurring(unnamed, currency="CHF") == Recurring(Money(2900, "CHF"), 1, "month")


class TestGoCardless:
    SHOP = Source("gocardless", "gocardless")

    def ended(self, event: Read, **details: str) -> BillingEvent:
        return event("gocardless", "subscriptions.cancelled", lambda body: body["events"][0].update(details=details))

    @pytest.mark.parametrize(
        ("unit", "every", "known"), [("weekly", 4, "week"), ("monthly", 3, "month"), ("yearly", 1, "year")]
    )
    def test_the_subscription_that_is_asked_for_tells_its_price_and_interval(self, unit, every, known, event) -> None:
        apis = apis_of("gocardless")
        answer = apis.answers["/subscriptions/SB0A7K01"]["subscriptions"]
        answer |= {"interval": every, "interval_unit": unit}
        found = gocardless.find_customer(self.ended(event), self.SHOP, apis.call)
        assert found.recurring == Recurring(Money(1900, "EUR"), every, known)

    def test_a_payment_does_not_tell_its_interval(self, event) -> None:
        paid = event("gocardless", "payments.confirmed.subscription")
        assert gocardless.find_customer(paid, self.SHOP, apis_of("gocardless").call).recurring is None

    def test_the_cause_of_an_end_is_its_reason(self, event) -> None:
        assert self.ended(event, cause="bank_account_closed").reported_reason == "bank_account_closed"

    @pytest.mark.parametrize("details", [{}, {"cause": "subscription_cancelled"}, {"cause": "x" * 65}])
    def test_a_cause_that_says_no_more_than_the_event_is_no_reason(self, details: dict[str, str], event) -> None:
        assert self.ended(event, **details).reported_reason == ""

    def test_a_subscription_is_paid_by_the_scheme_of_its_mandate(self, event) -> None:
        created = gocardless.find_customer(self.ended(event), self.SHOP, apis_of("gocardless").call)
        assert created.payment_method == "sepa_debit"


class TestLemonSqueezy:
    @pytest.mark.parametrize(
        ("told", "method"),
        [
            ({"card_brand": "visa"}, "card"),
            ({"card_brand": None, "payment_processor": "paypal"}, "paypal"),
            ({"card_brand": "", "payment_processor": "stripe"}, ""),
        ],
    )
    def test_a_card_is_known_by_its_brand_and_paypal_by_name(self, told: dict[str, Any], method: str, event) -> None:
        paid = event(
            "lemonsqueezy", "subscription_payment_success", lambda body: body["data"]["attributes"].update(told)
        )
        assert paid.payment_method == method


class TestMollie:
    def test_a_payment_link_is_paid_as_the_payment_behind_it(self, event) -> None:
        apis = apis_of("mollie")
        linked = event("mollie", "event.payment-link.paid")
        assert linked.payment_method == ""
        assert mollie.find_customer(linked, Source("mollie", "mollie"), apis.call).payment_method == "ideal"


YEARLY = {"interval": "year", "frequency": 1}


class TestPaddle:
    def items(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = body["data"]["items"]
        return found

    def test_quantities_count(self, event) -> None:
        def seats(body: dict[str, Any]) -> None:
            self.items(body)[0]["quantity"] = 3

        found = event("paddle", "subscription.created", seats)
        assert found.recurring == Recurring(Money(3 * 4100 + 900, "EUR"), 1, "month")

    def test_items_of_different_intervals_are_added_per_month(self, event) -> None:
        def yearly(body: dict[str, Any]) -> None:
            self.items(body)[0]["price"] |= {"billing_cycle": YEARLY, "unit_price": _price("12000")}

        found = event("paddle", "subscription.created", yearly)
        assert found.recurring == Recurring(Money(1000 + 900, "EUR"), 1, "month")

    def test_what_is_sold_once_does_not_recur(self, event) -> None:
        assert event("paddle", "transaction.completed.one_off").recurring is None

    def test_a_plan_for_nothing_recurs_for_nothing(self, event) -> None:
        def free(body: dict[str, Any]) -> None:
            del self.items(body)[1:]
            self.items(body)[0]["price"]["unit_price"] = _price("0")

        assert event("paddle", "subscription.created", free).recurring == Recurring(Money(0, "EUR"), 1, "month")

    def test_a_price_that_was_converted_is_the_one_on_the_bill(self, event) -> None:
        def in_dollars(body: dict[str, Any]) -> None:
            for item in self.items(body):
                item["price"]["unit_price"]["currency_code"] = "USD"

        assert event("paddle", "transaction.completed.renewed", in_dollars).recurring.money == Money(5000, "EUR")
        assert event("paddle", "subscription.created", in_dollars).recurring is None

    def test_a_price_of_a_country_counts_in_its_currency(self, event) -> None:
        def local(body: dict[str, Any]) -> None:
            del self.items(body)[1:]
            price = self.items(body)[0]["price"]
            price["unit_price_overrides"] = [{"country_codes": ["GB"], "unit_price": _price("3900", "GBP")}]
            body["data"]["currency_code"] = "GBP"

        assert event("paddle", "subscription.created", local).recurring == Recurring(Money(3900, "GBP"), 1, "month")

    def test_of_two_prices_in_one_currency_nobody_knows_which_is_paid(self, event) -> None:
        def cheaper_somewhere(body: dict[str, Any]) -> None:
            price = self.items(body)[0]["price"]
            price["unit_price_overrides"] = [{"country_codes": ["PT"], "unit_price": _price("2900")}]

        assert event("paddle", "subscription.created", cheaper_somewhere).recurring is None

    def test_what_was_prorated_is_no_price(self, event) -> None:
        def prorated(body: dict[str, Any]) -> None:
            self.items(body)[1]["proration"] = {"rate": "0.5"}
            line = body["data"]["details"]["line_items"][0]
            line |= {"proration": {"rate": "0.5"}, "unit_totals": {"subtotal": "2050"}}

        assert event("paddle", "transaction.completed.renewed", prorated).recurring.money == Money(4100, "EUR")

    @pytest.mark.parametrize("quantity", [None, "several"])
    def test_an_unknown_quantity_makes_the_sum_unknown(self, quantity: object, event) -> None:
        def uncounted(body: dict[str, Any]) -> None:
            self.items(body)[0]["quantity"] = quantity

        assert event("paddle", "subscription.created", uncounted).recurring is None

    def test_a_change_bills_a_part_of_the_subscription(self, event) -> None:
        assert event("paddle", "transaction.completed.plan_change").recurring is None


def _price(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency_code": currency}


class TestPayPal:
    TILL = Source("till", "paypal", webhook_id="WH")

    def activated(self, event: Read, **changed: Any) -> BillingEvent:
        return event("paypal", "billing.subscription.activated", lambda body: body["resource"].update(changed))

    def cycle(self, every: object = 1, unit: str = "MONTH", price: str = "12.00") -> dict[str, Any]:
        return {
            "tenure_type": "REGULAR",
            "frequency": {"interval_unit": unit, "interval_count": every},
            "pricing_scheme": {"fixed_price": {"value": price, "currency_code": "USD"}},
        }

    def test_the_quantity_counts(self, event) -> None:
        assert self.activated(event, quantity="20").recurring == Recurring(Money(24000, "USD"), 1, "month")

    def test_trials_are_passed_over(self, event) -> None:
        trial = {**self.cycle(1, "WEEK", "0.00"), "tenure_type": "TRIAL"}
        plan = {"billing_cycles": [trial, self.cycle(1, "YEAR", "99.00")]}
        assert self.activated(event, plan=plan).recurring == Recurring(Money(9900, "USD"), 1, "year")

    @pytest.mark.parametrize(
        "changed",
        [
            {"plan": {}},
            {"plan": {"billing_cycles": [{"tenure_type": "REGULAR", "pricing_scheme": {"pricing_model": "TIERED"}}]}},
            {"quantity": "many"},
        ],
    )
    def test_without_one_price_nothing_recurs_that_is_known(self, changed: dict[str, Any], event) -> None:
        assert self.activated(event, **changed).recurring is None

    def test_two_regular_cycles_leave_open_which_is_paid(self, event) -> None:
        assert self.activated(event, plan={"billing_cycles": [self.cycle(), self.cycle(3)]}).recurring is None

    def test_an_agreement_of_the_older_api_names_its_price_in_its_plan(self, event) -> None:
        def quarterly(body: dict[str, Any]) -> None:
            body["resource"]["plan"]["payment_definitions"][0] |= {"frequency_interval": "3"}

        found = event("paypal", "v1.billing.subscription.created", quarterly)
        assert found.recurring == Recurring(Money(1200, "USD"), 3, "month")

    def test_a_payment_is_worth_what_the_subscription_says_that_is_asked_for_its_address(self, event) -> None:
        asked: list[object] = []

        def call(path: str, *, query: object = None) -> object:
            asked.append((path, query))
            return apis_of("paypal").call(path)

        found = paypal.find_customer(event("paypal", "payment.sale.completed.renewed"), self.TILL, call)
        assert found.recurring == Recurring(Money(1200, "USD"), 1, "month")
        assert asked == [("/v1/billing/subscriptions/I-7HD3KW9RTM2X", {"fields": "plan"})]

    def test_the_note_of_whoever_cancelled_is_kept_as_words(self, event) -> None:
        def noted(body: dict[str, Any]) -> None:
            body["resource"]["status_change_note"] = "Too dear\x00" + "!" * 20_000

        ended = event("paypal", "billing.subscription.cancelled", noted)
        assert (ended.reported_reason, ended.reported_comment[:9]) == ("", "Too dear!")
        assert len(ended.reported_comment) == COMMENT_LENGTH

    @pytest.mark.parametrize(
        "source", [{"payment_source": {"card": {"brand": "VISA"}}}, {"payer": {"payment_method": "credit_card"}}]
    )
    def test_an_order_tells_with_what_it_was_paid(self, source: dict[str, Any], event) -> None:
        paid = event("paypal", "checkout.order.completed", lambda body: body["resource"].update(source))
        assert paid.payment_method == "card"


class TestQuickBooks:
    @pytest.mark.parametrize(
        ("told", "method"),
        [
            ({"PaymentMethodRef": {"value": "3", "name": "Bank transfer"}}, "bank_transfer"),
            ({"PaymentMethodRef": {"value": "3"}, "CreditCardPayment": {"CreditChargeInfo": {}}}, "card"),
            ({"PaymentMethodRef": {"value": "3"}}, ""),
        ],
    )
    def test_a_payment_names_the_sellers_own_method_or_a_card(self, told, method, now) -> None:
        apis = apis_of("quickbooks")
        payment = {**apis.answers["/v3/company/4620816365002917440/payment/3301"]["Payment"], "PaymentMethodRef": {}}
        reference = ObjectReference("books", "e", now, "Payment", "3301", "4620816365002917440")
        books = Books("4620816365002917440", apis.call)
        (paid,) = read(payment | told, reference, Source("books", "quickbooks"), books)
        assert isinstance(paid, BillingEvent)
        assert paid.payment_method == method
        assert quickbooks.find_customer(paid, Source("books", "quickbooks"), apis.call).payment_method == method


class TestWooCommerce:
    def subscription(self, event: Read, **changed: Any) -> BillingEvent:
        headers = {"x-wc-webhook-topic": "subscription.updated"}
        return event(
            "woocommerce", "subscription.updated.cancelled", lambda body: body.update(changed), headers=headers
        )

    @pytest.mark.parametrize(
        ("changed", "amount"),
        [({"total_tax": "4.00"}, 2000), ({"total_tax": None}, 2400), ({"total": "0.00", "total_tax": "0.00"}, 0)],
    )
    def test_the_tax_that_is_told_apart_is_left_out(self, changed: dict[str, Any], amount: int, event) -> None:
        assert self.subscription(event, **changed).recurring == Recurring(Money(amount, "EUR"), 1, "month")

    def test_every_second_week_is_that(self, event) -> None:
        found = self.subscription(event, billing_period="week", billing_interval="2").recurring
        assert found == Recurring(Money(2000, "EUR"), 2, "week")

    @pytest.mark.parametrize("changed", [{"total": None}, {"billing_period": ""}, {"total_tax": "99.00"}])
    def test_half_of_it_is_no_recurring_amount(self, changed: dict[str, Any], event) -> None:
        assert self.subscription(event, **changed).recurring is None
