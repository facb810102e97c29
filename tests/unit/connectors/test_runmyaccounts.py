"""Run my Accounts: how payments are fetched and marked, and what one of them says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from afterbill.connectors import runmyaccounts
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint
from afterbill.model.errors import ConfigurationError, PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SOURCE = Source("ledger", "runmyaccounts", account="muster")
CLIENT = "/api/latest/clients/muster"
DAY = "2025-11-01T00:00:00.000+0100"
PAYMENT = {"id": 7, "invnumber": "R-1", "datepaid": DAY, "amount_paid": Decimal("49.00"), "currency": "CHF"}
Read = Callable[..., tuple[BillingEvent, ...]]


@pytest.fixture
def read(now: datetime) -> Read:
    def normalise(source: Source = SOURCE, **changed: Any) -> tuple[BillingEvent, ...]:
        body = json.dumps(PAYMENT | changed, default=str).encode()
        return runmyaccounts.normalise(Webhook("ledger", {}, body, now), source)

    return normalise


class TestPolling:
    @pytest.mark.parametrize(
        "answer",
        [
            [PAYMENT],
            {"payment": [PAYMENT]},
            {"payment": PAYMENT},
            PAYMENT,
            {"count": 1, "payments": [PAYMENT, 7, {"amount_paid": 1}]},
        ],
        ids=["list", "wrapped", "one", "bare", "among others"],
    )
    def test_payments_are_found_however_they_are_wrapped(self, answer: object) -> None:
        apis = MemoryApis({f"{CLIENT}/invoices/payment_list": answer})
        ((id_, body),) = runmyaccounts.poller.fetch(SOURCE, apis.call)
        assert id_ == "7"
        assert json.loads(body) == PAYMENT | {"amount_paid": "49.00"}

    def test_what_was_never_marked_is_asked_for(self) -> None:
        calls: list[Any] = []

        def call(path: str, **request: Any) -> None:
            calls.append((path, request))

        assert list(runmyaccounts.poller.fetch(SOURCE, call)) == []
        assert calls == [(f"{CLIENT}/invoices/payment_list", {"query": {"processed": "2000-01-01T00:00"}})]

    def test_a_source_without_the_clients_name_is_told_which_setting_is_missing(self) -> None:
        with pytest.raises(ConfigurationError, match=r"\[sources.ledger\] account"):
            list(runmyaccounts.poller.fetch(replace(SOURCE, account=""), MemoryApis().call))

    def test_payments_are_marked_in_one_form_with_repeated_ids(self) -> None:
        calls: list[Any] = []

        def call(path: str, *, method: str, body: bytes, content_type: str) -> None:
            calls.append((path, method, parse_qsl(body.decode()), content_type))

        runmyaccounts.poller.acknowledge(["7", "8&9"], SOURCE, call)
        form = "application/x-www-form-urlencoded"
        assert calls == [(f"{CLIENT}/invoices/set_as_processed", "POST", [("id", "7"), ("id", "8&9")], form)]

    def test_nothing_is_marked_when_there_is_nothing(self) -> None:
        calls: list[Any] = []
        runmyaccounts.poller.acknowledge([], SOURCE, lambda path, **_: calls.append(path))
        assert calls == []

    def test_what_was_fetched_is_what_is_read_later(self, now: datetime) -> None:
        apis = MemoryApis({f"{CLIENT}/invoices/payment_list": [PAYMENT]})
        ((_, body),) = runmyaccounts.poller.fetch(SOURCE, apis.call)
        (found,) = runmyaccounts.normalise(Webhook("ledger", {}, body, now), SOURCE)
        assert (found.fact, found.money) == ("runmyaccounts|muster|R-1|payment|", Money(4900, "CHF"))


class TestPayments:
    def test_two_parts_of_one_invoice_are_one_fact(self, read: Read) -> None:
        assert read(id=7)[0].fact == read(id=8)[0].fact

    @pytest.mark.parametrize(
        "written", ["2025-11-01T00:00:00+01:00", "2025-10-31T23:00:00Z", "2025-11-01T00:00:00", "2025-11-01"]
    )
    def test_a_day_is_its_noon_in_switzerland_however_it_is_written(self, written: str, read: Read) -> None:
        assert read(datepaid=written)[0].occurred_at == datetime(2025, 11, 1, 11, tzinfo=UTC)

    def test_a_client_elsewhere_counts_days_in_its_own_zone(self, read: Read) -> None:
        (found,) = read(replace(SOURCE, time_zone="America/New_York"))
        assert found.occurred_at == datetime(2025, 11, 1, 16, tzinfo=UTC)

    def test_a_payment_is_never_later_than_its_fetch(self, read: Read, now: datetime) -> None:
        assert read(datepaid="2026-11-01")[0].occurred_at == now

    def test_a_payment_that_names_no_day_only_teaches(self, read: Read) -> None:
        (found,) = read(datepaid="soon", customernumber="K-1")
        assert (found.touchpoint, found.fact, found.customer.id) == (None, "", "K-1")

    @pytest.mark.parametrize("day", [DAY, None])
    def test_one_below_zero_takes_back_the_payment_of_its_invoice(self, day: str | None, read: Read) -> None:
        (paid,), (back,) = read(id=7), read(id=8, amount_paid="-49.00", datepaid=day)
        assert (back.touchpoint, back.money) == (Touchpoint.PAYMENT_REVERSED, Money(4900, "CHF"))
        assert back.fact == "runmyaccounts|muster|8|payment_reversed|"
        assert set(back.links) & set(paid.links)

    @pytest.mark.parametrize("amount", ["0", "0.00", Decimal("-0.00")])
    def test_one_of_zero_is_no_payment(self, amount: object, read: Read) -> None:
        assert read(amount_paid=amount) == ()

    @pytest.mark.parametrize(
        ("payment", "source", "expected"),
        [
            ("EUR", "USD", "EUR"),
            (None, "USD", "USD"),
            (None, "", "CHF"),
            ("francs", "presentment", "CHF"),
        ],
    )
    def test_the_currency_is_the_payments_else_the_sources_else_francs(
        self, payment: object, source: str, expected: str, read: Read
    ) -> None:
        (found,) = read(replace(SOURCE, currency=source), currency=payment)
        assert found.money == Money(4900, expected)

    @pytest.mark.parametrize(
        "named", [{"invnumber": "R-9"}, {"invoice_number": "R-9"}, {"invoice": {"invnumber": "R-9"}}]
    )
    def test_the_invoice_may_be_named_in_several_ways(self, named: dict[str, Any], read: Read) -> None:
        assert read(**{"invnumber": None, **named})[0].objects["invoice"] == "R-9"

    @pytest.mark.parametrize("body", [b"{}", b'{"id": null}', b'{"id": " "}'])
    def test_a_body_without_an_id_is_an_error(self, body: bytes, now: datetime) -> None:
        with pytest.raises(PayloadError, match=r"^The body "):
            runmyaccounts.normalise(Webhook("ledger", {}, body, now), SOURCE)

    def test_whatever_arrives_as_a_webhook_is_refused(self, now: datetime) -> None:
        webhook = Webhook("ledger", {}, b"{}", now)
        assert runmyaccounts.verify(runmyaccounts.sign(webhook, "key"), ["key"], now) is Refusal.MISSING


class TestCustomers:
    @pytest.fixture
    def apis(self) -> MemoryApis:
        person = {"customernumber": "K-1", "firstname": "Nina", "lastname": "Brunner", "email": "nina@example.com"}
        invoice = {"invnumber": "R-1", "currency": "EUR", "amount": 12, "customer": {**person, "country": "Schweiz"}}
        return MemoryApis({f"{CLIENT}/invoices/R-1": invoice})

    def test_the_invoice_knows_who_paid(self, apis: MemoryApis, read: Read) -> None:
        who = runmyaccounts.find_customer(read()[0], SOURCE, apis.call).customer
        assert who == CustomerRef("K-1", "nina@example.com", "Nina Brunner")

    def test_the_invoices_amount_serves_where_the_payment_names_none(self, apis: MemoryApis, read: Read) -> None:
        assert runmyaccounts.find_customer(read()[0], SOURCE, apis.call).money == Money(4900, "CHF")
        (unknown,) = read(amount_paid=None)
        assert runmyaccounts.find_customer(unknown, SOURCE, apis.call).money == Money(1200, "EUR")

    def test_an_invoice_without_the_address_leads_to_the_customer(self, read: Read) -> None:
        person = {"name": "Studio Moretti", "email": "studio@example.org", "language_code": "it", "country": "ch"}
        apis = MemoryApis(
            {
                f"{CLIENT}/invoices/R-1": {"invoice": {"customer": {"customernumber": "K/1"}}},
                f"{CLIENT}/customers/K%2F1": {"customer": person},
            }
        )
        who = runmyaccounts.find_customer(read()[0], SOURCE, apis.call).customer
        assert who == CustomerRef("K/1", "studio@example.org", "Studio Moretti", locale="it", country="CH")

    @pytest.mark.parametrize("invoice", ["R-404", None])
    def test_an_unknown_invoice_leaves_the_event_as_it_was(self, invoice: object, read: Read) -> None:
        (found,) = read(invnumber=invoice)
        assert runmyaccounts.find_customer(found, SOURCE, MemoryApis().call) == found

    def test_a_number_cannot_lead_out_of_the_clients_invoices(self, read: Read) -> None:
        apis = MemoryApis()
        runmyaccounts.find_customer(read(invnumber="../../x?y")[0], SOURCE, apis.call)
        assert apis.asked == [f"{CLIENT}/invoices/..%2F..%2Fx%3Fy"]
