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
from afterbill.model.billing import CustomerRef, Money, ObjectReference, Touchpoint
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
            ("/Date(1762128000000+0000)/", datetime(2025, 11, 3, tzinfo=UTC)),
            ("/Date(1762128000000)/", datetime(2025, 11, 3, tzinfo=UTC)),
            ("2025-11-03T00:00:00", datetime(2025, 11, 3, tzinfo=UTC)),
            ("/Date(-1)/", REFERENCE.occurred_at),
            (None, REFERENCE.occurred_at),
        ],
    )
    def test_the_day_of_the_payment_counts_else_the_event(
        self, paid_on: object, at: datetime, apis: MemoryApis
    ) -> None:
        (found,) = xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, FullyPaidOnDate=paid_on).call)
        assert found.occurred_at == at

    def test_an_invoice_without_currency_has_the_sources(self, apis: MemoryApis) -> None:
        call = changed(apis, "Invoices", INVOICE, CurrencyCode=None).call
        assert xero.resolve(REFERENCE, replace(SOURCE, currency="NZD"), call)[0].money == Money(17850, "NZD")

    @pytest.mark.parametrize(
        "fields",
        [
            {"Status": "AUTHORISED"},
            {"Status": "VOIDED"},
            {"Type": "ACCPAY"},
            {"Payments": [], "CreditNotes": [{}]},
        ],
        ids=["open", "voided", "bill", "credited"],
    )
    def test_one_that_no_customer_paid_is_nothing(self, fields: dict[str, Any], apis: MemoryApis) -> None:
        assert xero.resolve(REFERENCE, SOURCE, changed(apis, "Invoices", INVOICE, **fields).call) == ()

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


class TestOthers:
    def test_a_credit_note_finds_the_payment_of_its_invoice(self, apis: MemoryApis) -> None:
        (payment,) = xero.resolve(REFERENCE, SOURCE, apis.call)
        (refund,) = xero.resolve(replace(REFERENCE, kind="CREDITNOTE", id=NOTE), SOURCE, apis.call)
        assert refund.money == Money(5000, "EUR")
        assert set(refund.links) & set(payment.links)

    def test_a_credit_note_for_several_invoices_finds_each(self, apis: MemoryApis) -> None:
        second = INVOICE.replace("41", "42")
        allocations = [{"Invoice": {"InvoiceID": INVOICE}}, {"Invoice": {"InvoiceID": second}}, {"Invoice": None}]
        call = changed(apis, "CreditNotes", NOTE, Allocations=allocations).call
        (refund,) = xero.resolve(replace(REFERENCE, kind="CREDITNOTE", id=NOTE), SOURCE, call)
        assert (refund.objects["invoice"], refund.objects["invoice_2"]) == (INVOICE, second)

    @pytest.mark.parametrize("fields", [{"Type": "ACCPAYCREDIT"}, {"Status": "DRAFT"}, {"Allocations": []}])
    def test_a_credit_note_that_pays_nothing_back_is_nothing(self, fields: dict[str, Any], apis: MemoryApis) -> None:
        call = changed(apis, "CreditNotes", NOTE, **fields).call
        assert xero.resolve(replace(REFERENCE, kind="CREDITNOTE", id=NOTE), SOURCE, call) == ()

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
        call = changed(apis, "Contacts", CONTACT, ContactStatus="GDPRREQUEST").call
        (found,) = xero.resolve(replace(REFERENCE, kind="CONTACT", id=CONTACT), SOURCE, call)
        assert found.customer == CustomerRef(CONTACT, deleted=True)

    @pytest.mark.parametrize("answer", [None, 7, {}, {"Invoices": None}, {"Invoices": []}, {"Invoices": [1]}])
    def test_an_answer_of_another_shape_is_nothing(self, answer: object) -> None:
        apis = MemoryApis({f"/api.xro/2.0/Invoices/{INVOICE}": answer})
        assert xero.resolve(REFERENCE, SOURCE, apis.call) == ()
