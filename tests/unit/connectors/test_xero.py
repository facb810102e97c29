"""Xero: its handshake, batches with a bad event, and what the API's answers come to."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import xero
from afterbill.connectors._kit.json import parse
from afterbill.model.billing import UNMATCHED, CustomerRef, Money, ObjectReference, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

TENANT = "7d5f1c1e-3a64-4f0b-9a6e-51b1f0c2d9aa"
INVOICE = "00000041-5b1c-4c6e-8f2a-9d1f0e3b7a41"
CONTACT = "00000061-2f7d-4e19-b3c4-6a8e5d2c1b61"
NOTE = "00000081-9e3a-47b5-a1d8-3c5f7b9d2e81"
SOURCE = Source("books", "xero")
Read = Callable[..., tuple[Any, ...]]
REFERENCE = ObjectReference("books", "evt", datetime(2025, 11, 3, 9, 15, tzinfo=UTC), "INVOICE", INVOICE, TENANT)


def event(**changed: Any) -> dict[str, Any]:
    return {
        "resourceId": INVOICE,
        "eventDateUtc": "2025-11-03T09:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": TENANT,
    } | changed


@pytest.fixture
def read(now: datetime) -> Read:
    def normalise(*events: Any, source: Source = SOURCE) -> tuple[Any, ...]:
        return xero.normalise(Webhook("books", {}, json.dumps({"events": events}).encode(), now), source)

    return normalise


@pytest.fixture
def apis() -> MemoryApis:
    recorded = Path(__file__).resolve().parents[3] / "events" / "apis" / "xero.json"
    return MemoryApis(dict(parse(recorded.read_bytes())))


def changed(apis: MemoryApis, collection: str, id_: str, **fields: Any) -> MemoryApis:
    """Return the answers with one object changed as Xero would write it."""
    (found,) = apis.answers[f"/api.xro/2.0/{collection}/{id_}"][collection]
    return MemoryApis({**apis.answers, f"/api.xro/2.0/{collection}/{id_}": {collection: [found | fields]}})


class TestHandshake:
    def test_a_rightly_signed_empty_batch_is_taken_with_an_empty_answer(self, now: datetime) -> None:
        intent = xero.sign(Webhook("books", {}, b'{"events": [], "entropy": "X"}', now), "key")
        assert xero.verify(intent, ["key"], now) is None
        assert xero.normalise(intent, SOURCE) == ()
        assert (xero.ACCEPTED.status, xero.ACCEPTED.body) == (200, "")

    def test_a_wrongly_signed_one_is_told_so_with_an_empty_answer(self, now: datetime) -> None:
        intent = replace(Webhook("books", {}, b'{"events": []}', now), headers={"x-xero-signature": "bm9wZQ=="})
        assert xero.verify(intent, ["key"], now) is Refusal.MISMATCH
        assert (xero.REFUSED.status, xero.REFUSED.body) == (401, "")

    def test_nothing_can_be_signed_with_a_blank_key(self, now: datetime) -> None:
        assert xero.sign(Webhook("books", {}, b"{}", now), " ").headers["x-xero-signature"] == ""


class TestBatches:
    def test_an_event_is_a_pointer_to_the_object_of_its_tenant(self, read: Read) -> None:
        (found,) = read(event())
        assert (found.kind, found.id, found.account) == ("INVOICE", INVOICE, TENANT)

    def test_a_time_without_z_is_utc(self, read: Read) -> None:
        assert read(event())[0].occurred_at == datetime(2025, 11, 3, 9, 15, 39, 902000, tzinfo=UTC)

    def test_a_time_that_is_none_is_the_time_of_receipt(self, read: Read, now: datetime) -> None:
        assert read(event(eventDateUtc="yesterday"))[0].occurred_at == now

    def test_upper_and_lower_case_are_alike(self, read: Read) -> None:
        assert read(event(eventType="Update", resourceId=INVOICE.upper())) == read(event())

    @pytest.mark.parametrize(
        "bad",
        [
            7,
            {},
            event(tenantId="../../"),
            event(tenantId=f"{TENANT}\r\nx: y"),
            event(resourceId="1"),
            event(resourceId=None),
        ],
        ids=["number", "empty", "path", "header", "short", "none"],
    )
    def test_a_bad_event_is_an_error_in_its_place_and_the_others_stay(self, bad: object, read: Read) -> None:
        before, error, after = read(event(), bad, event(eventCategory="CONTACT"))
        assert (before.kind, after.kind) == ("INVOICE", "CONTACT")
        assert isinstance(error, PayloadError)

    @pytest.mark.parametrize(
        "unwanted",
        [
            event(eventCategory="SUBSCRIPTION", resourceId="x"),
            event(eventType="DELETE"),
            event(eventCategory="CREDITNOTE", data={"Type": "ACCPAYCREDIT", "Status": "PAID"}),
        ],
        ids=["subscription", "delete", "supplier"],
    )
    def test_other_kinds_are_left_out(self, unwanted: object, read: Read) -> None:
        assert read(unwanted) == ()

    def test_a_source_of_one_tenant_ignores_the_others(self, read: Read) -> None:
        other = event(tenantId="00000000-0000-4000-8000-000000000000")
        assert len(read(event(), other, source=replace(SOURCE, account=TENANT.upper()))) == 1

    def test_a_body_without_events_is_an_error(self, now: datetime) -> None:
        with pytest.raises(PayloadError, match=r"^The body "):
            xero.normalise(Webhook("books", {}, b'{"events": {}}', now), SOURCE)


class TestInvoices:
    def test_a_paid_one_is_a_payment(self, apis: MemoryApis) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        assert found.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
        assert found.fact == f"xero|{TENANT}|{INVOICE}|payment|"
        assert found.money == Money(17850, "EUR")
        assert found.products == ("Support, October 2025",)

    def test_the_tenant_goes_into_the_header(self) -> None:
        calls: list[Any] = []

        def call(path: str, **request: Any) -> object:
            calls.append((path, request))
            return None

        assert xero.resolve(REFERENCE, SOURCE, call) == ()
        assert calls == [(f"/api.xro/2.0/Invoices/{INVOICE}", {"headers": {"xero-tenant-id": TENANT}})]

    @pytest.mark.parametrize(
        ("paid_on", "at"),
        [
            ("/Date(1761955200000+0000)/", datetime(2025, 11, 1, 12, tzinfo=UTC)),
            ("/Date(1761955200000)/", datetime(2025, 11, 1, 12, tzinfo=UTC)),
            ("2025-11-01T00:00:00", datetime(2025, 11, 1, 12, tzinfo=UTC)),
            ("/Date(1762128000000+0000)/", REFERENCE.occurred_at),
            ("2026-01-01T00:00:00", REFERENCE.occurred_at),
        ],
    )
    def test_it_was_paid_at_noon_of_its_day_and_never_after_the_event(
        self, paid_on: object, at: datetime, apis: MemoryApis
    ) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, FullyPaidOnDate=paid_on).call)
        assert found.occurred_at == at

    def test_noon_is_that_of_the_organisation(self, apis: MemoryApis) -> None:
        call = changed(apis, "Invoices", INVOICE, FullyPaidOnDate="2025-11-01T00:00:00").call
        (found,) = xero.resolve(REFERENCE, replace(SOURCE, time_zone="Pacific/Auckland"), call)
        assert found.occurred_at == datetime(2025, 10, 31, 23, tzinfo=UTC)

    def test_without_a_day_of_its_own_the_last_payments_counts(self, apis: MemoryApis) -> None:
        payments = [{"Date": "/Date(1761955200000)/"}, {"Date": "/Date(1761868800000)/"}, {"Date": None}]
        call = changed(apis, "Invoices", INVOICE, FullyPaidOnDate="/Date(-1)/", Payments=payments).call
        assert xero.resolve(REFERENCE, SOURCE, call)[0].occurred_at == datetime(2025, 11, 1, 12, tzinfo=UTC)

    def test_an_invoice_paid_on_no_day_only_teaches(self, apis: MemoryApis) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, FullyPaidOnDate=None).call)
        assert (found.touchpoint, found.fact, found.customer.id) == (None, "", CONTACT)

    def test_an_invoice_without_currency_has_the_sources(self, apis: MemoryApis) -> None:
        call = changed(apis, "Invoices", INVOICE, CurrencyCode=None).call
        assert xero.resolve(REFERENCE, replace(SOURCE, currency="NZD"), call)[0].money == Money(17850, "NZD")

    @pytest.mark.parametrize(
        "fields",
        [
            {"Status": "AUTHORISED"},
            {"Status": "DRAFT"},
            {"Status": "SUBMITTED"},
            {"Status": "DELETED"},
            {"Status": "VOIDED", "Type": "ACCPAY"},
            {"Type": "ACCPAY"},
            {"Total": 0},
            {"Payments": [], "CreditNotes": [{}]},
            {"Payments": [{"Status": "DELETED"}], "CreditNotes": [{}]},
        ],
    )
    def test_one_that_no_customer_paid_is_nothing(self, fields: dict[str, Any], apis: MemoryApis) -> None:
        assert xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, **fields).call) == ()

    def test_a_payment_that_was_removed_takes_back_itself(self, apis: MemoryApis) -> None:
        (paid,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        removed = {"PaymentID": paid.objects["payment"], "Status": "DELETED", "Amount": 178.5}
        removed |= {"Invoice": {"InvoiceID": INVOICE}}
        kept = removed | {"PaymentID": "another", "Status": "AUTHORISED"}
        opened = changed(apis, "Invoices", INVOICE, Status="AUTHORISED")
        opened.answers["/api.xro/2.0/Payments"] = {"Payments": [removed, kept, {**removed, "Invoice": None}]}
        (found,) = xero.resolve(REFERENCE, SOURCE, opened.call)
        assert found.touchpoint is Touchpoint.PAYMENT_REVERSED
        assert (found.links, found.occurred_at) == ((f"xero|{TENANT}|{removed['PaymentID']}",), REFERENCE.occurred_at)
        assert set(found.links) < set(paid.links)

    def test_removed_payments_are_asked_for_by_their_invoice(self) -> None:
        queries: list[Any] = []

        def call(path: str, **request: Any) -> object:
            queries.append(request.get("query"))
            return {"Invoices": [{"Status": "AUTHORISED", "Type": "ACCREC"}]} if path.endswith(INVOICE) else None

        assert xero.resolve(REFERENCE, SOURCE, call) == ()
        assert queries[1] == {"where": f'Status=="DELETED" AND Invoice.InvoiceID==guid("{INVOICE}")'}

    def test_a_voided_invoice_takes_back_itself(self, apis: MemoryApis) -> None:
        (paid,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        (found,) = xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, Status="VOIDED").call)
        assert found.touchpoint is Touchpoint.ORDER_CANCELLED
        assert found.links == (f"xero|{TENANT}|{INVOICE}",)
        assert set(found.links) < set(paid.links)

    @pytest.mark.parametrize("by", ["Payments", "Prepayments", "Overpayments"])
    def test_credit_beside_a_payment_does_not_hide_it(self, by: str, apis: MemoryApis) -> None:
        fields = {"CreditNotes": [{}], "Payments": [], by: [{}]}
        assert xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, **fields).call)

    def test_an_invoice_that_lacks_the_address_asks_for_the_contact(self, apis: MemoryApis) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        assert found.customer.email is None
        who = xero.find_customer(found, SOURCE, apis.call).customer
        assert who == CustomerRef(CONTACT, "lena.petersen@example.org", "Nordlicht Buchladen", country="DE")

    def test_a_contact_that_is_gone_leaves_the_event_as_it_was(self, apis: MemoryApis) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        assert xero.find_customer(found, SOURCE, MemoryApis().call) == found

    @pytest.mark.parametrize("contact", [{}, {"ContactID": "../x"}])
    def test_nobody_is_asked_for_who_is_no_contact(self, contact: dict[str, str], apis: MemoryApis) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, Contact=contact).call)
        assert xero.find_customer(found, SOURCE, MemoryApis(down=True).call) == found


RETURNED = [{"Amount": 50, "Date": "/Date(1761955200000)/"}]
"""A payment on a credit note: money that went back."""


class TestCreditNotes:
    @pytest.fixture
    def refund(self, apis: MemoryApis) -> Read:
        def resolve(**fields: Any) -> tuple[Any, ...]:
            call = changed(apis, "CreditNotes", NOTE, **{"Payments": RETURNED} | fields).call
            return xero.resolve(replace(REFERENCE, kind="CREDITNOTE", id=NOTE), SOURCE, call)

        return resolve

    def test_money_paid_back_finds_the_payment_of_its_invoice(self, apis: MemoryApis, refund: Read) -> None:
        (payment,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        (found,) = refund()
        assert (found.touchpoint, found.money) == (Touchpoint.REFUNDED, Money(5000, "EUR"))
        assert found.occurred_at == datetime(2025, 11, 1, 12, tzinfo=UTC)
        assert set(found.links) & set(payment.links)

    def test_parts_that_went_back_are_added_up(self, refund: Read) -> None:
        removed = {"Amount": 7, "Status": "DELETED"}
        assert refund(Payments=[*RETURNED, {"Amount": 20}, removed])[0].money == Money(7000, "EUR")

    def test_of_an_unknown_amount_it_is_a_refund_all_the_same(self, refund: Read) -> None:
        assert refund(Payments=[{}])[0].money is None

    def test_a_credit_note_for_several_invoices_finds_each(self, refund: Read) -> None:
        second = INVOICE.replace("41", "42")
        allocations = [{"Invoice": {"InvoiceID": INVOICE}}, {"Invoice": {"InvoiceID": second}}, {"Invoice": None}]
        (found,) = refund(Allocations=allocations)
        assert (found.objects["invoice"], found.objects["invoice_2"]) == (INVOICE, second)

    @pytest.mark.parametrize(
        "fields",
        [
            {"Type": "ACCPAYCREDIT"},
            {"Status": "DRAFT"},
            {"Payments": []},
            {"Payments": None},
            {"Payments": [{"Amount": 0}]},
            {"Payments": [{"Amount": 50, "Status": "DELETED"}]},
        ],
        ids=str,
    )
    def test_a_credit_note_that_pays_nothing_back_is_nothing(self, fields: dict[str, Any], refund: Read) -> None:
        assert refund(**fields) == ()

    @pytest.mark.parametrize(
        ("paid", "reference"),
        [
            ([("41", 178.5), ("42", 50)], "for INV-0041"),
            ([("41", 50), ("42", 178.5)], None),
            ([("41", 178.5)], None),
        ],
        ids=["named", "of the same total", "the only one"],
    )
    def test_a_refund_that_names_no_invoice_finds_it(
        self, paid: list[tuple[str, float]], reference: str | None, apis: MemoryApis, refund: Read
    ) -> None:
        apis.answers["/api.xro/2.0/Invoices"] = {"Invoices": [invoice_of(*one) for one in paid]}
        (found,) = refund(Allocations=[], Reference=reference)
        assert found.objects["invoice"] == INVOICE

    @pytest.mark.parametrize("invoices", [[("41", 178.5), ("42", 178.5)], [("41", 50), ("42", 50)], []], ids=len)
    def test_where_it_is_not_found_somebody_has_to_look(
        self, invoices: list[tuple[str, float]], apis: MemoryApis, refund: Read
    ) -> None:
        apis.answers["/api.xro/2.0/Invoices"] = {"Invoices": [invoice_of(*one) for one in invoices]}
        found, task = refund(Allocations=[])
        assert (found.touchpoint, found.links) == (Touchpoint.REFUNDED, (f"xero|{TENANT}|{NOTE}",))
        assert (task.kind, task.id, task.details) == (UNMATCHED, NOTE, {"credit_note": "CN-0081", "customer": CONTACT})

    def test_of_somebody_unknown_no_invoice_is_sought(self, apis: MemoryApis, refund: Read) -> None:
        assert len(refund(Allocations=[], Contact={"ContactID": "x"})) == 2
        assert "/api.xro/2.0/Invoices" not in apis.asked


def invoice_of(number: str, total: float) -> dict[str, Any]:
    """Return a paid invoice as it stands in a list."""
    return {
        "InvoiceID": INVOICE.replace("41", number),
        "InvoiceNumber": f"INV-00{number}",
        "Type": "ACCREC",
        "Status": "PAID",
        "Total": total,
    }


class TestOthers:
    @pytest.mark.parametrize("kept", [{"EmailAddress": "", "Name": "Lena"}, {"EmailAddress": None, "Name": "Lena"}])
    def test_an_address_may_be_that_of_a_person_who_gets_the_invoices(
        self, kept: dict[str, Any], apis: MemoryApis
    ) -> None:
        persons = [{"EmailAddress": "a@example.org"}, {"EmailAddress": "b@example.org", "IncludeInEmails": True}]
        call = changed(apis, "Contacts", CONTACT, ContactPersons=persons, **kept).call
        (found,) = xero.resolve(replace(REFERENCE, kind="CONTACT", id=CONTACT), SOURCE, call)
        assert found.customer.email == "b@example.org"

    @pytest.mark.parametrize(("bought", "events"), [(False, 0), (True, 1), (None, 1)])
    def test_of_a_supplier_who_never_bought_nothing_is_learned(
        self, bought: object, events: int, apis: MemoryApis
    ) -> None:
        call = changed(apis, "Contacts", CONTACT, IsSupplier=True, IsCustomer=bought).call
        assert len(xero.resolve(replace(REFERENCE, kind="CONTACT", id=CONTACT), SOURCE, call)) == events

    def test_a_contact_teaches_who_it_is(self, apis: MemoryApis) -> None:
        reference = replace(REFERENCE, kind="CONTACT", id=CONTACT)
        (found,) = xero.resolve(reference, SOURCE, apis.call)
        assert (found.touchpoint, found.customer.email) == (None, "lena.petersen@example.org")
        assert xero.find_customer(found, SOURCE, apis.call) == found

    def test_a_contact_without_a_company_has_the_persons_name(self, apis: MemoryApis) -> None:
        call = changed(apis, "Contacts", CONTACT, Name="").call
        (found,) = xero.resolve(replace(REFERENCE, kind="CONTACT", id=CONTACT), SOURCE, call)
        assert found.customer.name == "Lena Petersen"

    def test_of_a_contact_to_be_erased_only_the_deletion_is_learned(self, apis: MemoryApis) -> None:
        erased = {"ContactStatus": "GDPRREQUEST", "IsSupplier": True, "IsCustomer": False}
        call = changed(apis, "Contacts", CONTACT, **erased).call
        (found,) = xero.resolve(replace(REFERENCE, kind="CONTACT", id=CONTACT), SOURCE, call)
        assert found.customer == CustomerRef(CONTACT, deleted=True)

    @pytest.mark.parametrize("answer", [None, 7, {}, {"Invoices": None}, {"Invoices": []}, {"Invoices": [1]}])
    def test_an_answer_of_another_shape_is_nothing(self, answer: object) -> None:
        apis = MemoryApis({f"/api.xro/2.0/Invoices/{INVOICE}": answer})
        assert xero.resolve(REFERENCE, SOURCE, apis.call) == ()
