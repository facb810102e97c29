"""QuickBooks: both formats of its batches, twins of one payment, and what the API's answers come to."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import quickbooks
from afterbill.connectors._kit.json import parse
from afterbill.model.billing import (
    UNMATCHED,
    CustomerRef,
    Money,
    ObjectReference,
    OperatorTask,
    Touchpoint,
)
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

REALM = "4620816365002917440"
SOURCE = Source("books", "quickbooks")
AT = datetime(2025, 11, 3, 10, 20, 30, tzinfo=UTC)
Read = Callable[..., tuple[Any, ...]]


def entity(**changed: Any) -> dict[str, Any]:
    return {"name": "Invoice", "id": "2201", "operation": "Update", "lastUpdated": "2025-11-03T10:20:30Z"} | changed


def cloud_event(**changed: Any) -> dict[str, Any]:
    attributes = {"specversion": "1.0", "id": "ce-1", "type": "qbo.invoice.updated.v1", "time": "2025-11-03T10:20:30Z"}
    return attributes | {"intuitentityid": "2201", "intuitaccountid": REALM} | changed


@pytest.fixture
def read(now: datetime) -> Read:
    """The references in a body, or in entities of the older format."""

    def normalise(*entities: Any, body: object = None, source: Source = SOURCE) -> tuple[Any, ...]:
        older = {"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": entities}}]}
        raw = json.dumps(older if body is None else body).encode()
        return quickbooks.normalise(Webhook("books", {}, raw, now), source)

    return normalise


@pytest.fixture
def apis() -> MemoryApis:
    recorded = Path(__file__).resolve().parents[3] / "events" / "apis" / "quickbooks.json"
    return MemoryApis(dict(parse(recorded.read_bytes())))


def resolve(kind: str, id_: str, apis: MemoryApis, source: Source = SOURCE, **changed: Any) -> tuple[Any, ...]:
    """Read the recorded object with some of its fields changed."""
    path = f"/v3/company/{REALM}/{kind.lower()}/{id_}"
    recorded = apis.answers[path][kind]
    api = MemoryApis({**apis.answers, path: {kind: recorded | changed}})
    return quickbooks.resolve(ObjectReference("books", "evt", AT, kind, id_, REALM), source, api.call)


class TestSignatures:
    def test_it_is_the_base64_of_the_bodys_mac(self, now: datetime) -> None:
        signed = quickbooks.sign(Webhook("books", {}, b"[]", now), "token")
        assert signed.headers["intuit-signature"].endswith("=")
        assert quickbooks.verify(signed, ["old", "token"], now) is None
        assert quickbooks.verify(replace(signed, body=b"[ ]"), ["token"], now) is Refusal.MISMATCH

    def test_nothing_can_be_signed_with_a_blank_token(self, now: datetime) -> None:
        assert quickbooks.sign(Webhook("books", {}, b"[]", now), "").headers["intuit-signature"] == ""

    def test_the_answer_is_200(self) -> None:
        assert quickbooks.ACCEPTED.status == 200


class TestBatches:
    def test_both_formats_point_at_the_same_object(self, read: Read) -> None:
        (older,), (newer,) = read(entity()), read(body=[cloud_event()])
        assert older == replace(newer, event_id=older.event_id)
        assert (older.kind, older.id, older.account, older.occurred_at) == ("Invoice", "2201", REALM, AT)

    def test_a_cloud_event_outside_an_array_is_read_all_the_same(self, read: Read) -> None:
        assert read(body=cloud_event()) == read(body=[cloud_event()])

    def test_the_newer_format_brings_its_own_event_id(self, read: Read) -> None:
        assert read(body=[cloud_event()])[0].event_id == "ce-1"

    def test_the_older_ones_id_tells_changes_apart(self, read: Read) -> None:
        later = entity(lastUpdated="2025-11-03T02:20:31-0800")
        ids = {one.event_id for one in read(entity(), later, entity(operation="Create"), entity(id="2202"))}
        assert len(ids) == 4

    def test_an_offset_without_a_colon_is_understood(self, read: Read) -> None:
        assert read(entity(lastUpdated="2025-11-03T02:20:30-0800"))[0].occurred_at == AT

    def test_a_time_that_is_none_is_the_time_of_receipt(self, read: Read, now: datetime) -> None:
        assert read(entity(lastUpdated=None))[0].occurred_at == now

    @pytest.mark.parametrize("kind", ["qbo.sales_receipt.created.v1", "qbo.SalesReceipt.Created.v2"])
    def test_a_type_may_be_spelled_in_several_ways(self, kind: str, read: Read) -> None:
        assert read(body=[cloud_event(type=kind)])[0].kind == "SalesReceipt"

    @pytest.mark.parametrize("bad", [7, None, {}, entity(id=None), entity(id="1/../2"), entity(id="9" * 65)], ids=str)
    def test_a_bad_entity_is_an_error_in_its_place_and_the_others_stay(self, bad: object, read: Read) -> None:
        before, error, after = read(entity(), bad, entity(name="Payment"))
        assert (before.kind, after.kind) == ("Invoice", "Payment")
        assert isinstance(error, PayloadError)

    @pytest.mark.parametrize(
        "bad", [7, {}, {"type": "qbo"}, cloud_event(intuitaccountid="12/../3"), cloud_event(intuitentityid=None)]
    )
    def test_a_bad_cloud_event_is_an_error_in_its_place(self, bad: object, read: Read) -> None:
        before, error, after = read(body=[cloud_event(), bad, cloud_event()])
        assert before == after
        assert isinstance(error, PayloadError)

    @pytest.mark.parametrize("notification", [7, {}, {"realmId": REALM, "dataChangeEvent": {"entities": "x"}}])
    def test_a_notification_without_entities_is_an_error_in_its_place(self, notification: object, read: Read) -> None:
        (error,) = read(body={"eventNotifications": [notification]})
        assert isinstance(error, PayloadError)

    @pytest.mark.parametrize(
        "unwanted",
        [
            entity(name="Vendor"),
            entity(operation="Emailed"),
            entity(name="CreditMemo", operation="Create"),
            entity(name="RefundReceipt", operation="Void"),
            entity(name="Customer", operation="Delete"),
            entity(name="Customer", operation="Merge"),
            entity(name="SalesReceipt"),
            entity(name="Estimate", operation="Create"),
        ],
        ids=lambda one: f"{one['name']}-{one['operation']}",
    )
    def test_other_kinds_and_operations_are_left_out(self, unwanted: object, read: Read) -> None:
        assert read(unwanted) == ()

    def test_a_source_of_one_company_ignores_the_others(self, read: Read) -> None:
        assert read(entity(), source=replace(SOURCE, account="123")) == ()
        assert read(entity(), source=replace(SOURCE, account=REALM))

    @pytest.mark.parametrize("body", [{}, {"eventNotifications": {}}, 7])
    def test_a_body_of_neither_format_is_an_error(self, body: object, read: Read) -> None:
        with pytest.raises(PayloadError, match=r"^The body "):
            read(body=body)


class TestPayments:
    def test_a_payment_and_its_invoice_are_one_fact(self, apis: MemoryApis) -> None:
        (payment,), (invoice,) = resolve("Payment", "3301", apis), resolve("Invoice", "2201", apis)
        assert payment.fact == invoice.fact == f"quickbooks|{REALM}|2201|payment|"
        assert payment.touchpoint is invoice.touchpoint is Touchpoint.PAYMENT_SUCCEEDED

    def test_of_several_invoices_the_first_is_the_fact_and_all_are_linked(self, apis: MemoryApis) -> None:
        lines = [{"LinkedTxn": [{"TxnId": str(id_), "TxnType": "Invoice"}]} for id_ in (11, 12, 11)]
        (found,) = resolve("Payment", "3301", apis, Line=lines)
        assert found.fact.split("|")[2] == "11"
        assert found.objects == {"invoice": "11", "invoice_2": "12", "payment": "3301", "customer": "71"}

    def test_amounts_are_exact(self, apis: MemoryApis) -> None:
        (found,) = resolve("SalesReceipt", "4401", apis, TotalAmt=Decimal("19.90"))
        assert found.money == Money(1990, "USD")

    def test_a_company_without_currencies_has_the_sources(self, apis: MemoryApis) -> None:
        source = replace(SOURCE, currency="CAD")
        assert resolve("SalesReceipt", "4401", apis, source, CurrencyRef=None)[0].money == Money(1999, "CAD")

    def test_a_payment_of_zero_only_sets_a_credit_against_an_invoice(self, apis: MemoryApis) -> None:
        assert resolve("Payment", "3303", apis) == ()

    def test_an_estimate_counts_once_it_is_accepted(self, apis: MemoryApis) -> None:
        (found,) = resolve("Estimate", "6601", apis)
        assert (found.touchpoint, found.fact.split("|")[2]) == (Touchpoint.ESTIMATE_ACCEPTED, "6601")
        assert resolve("Estimate", "6602", apis) == ()

    def test_a_payment_whose_amount_is_unknown_is_one_all_the_same(self, apis: MemoryApis) -> None:
        (found,) = resolve("Payment", "3301", apis, TotalAmt=None)
        assert found.money is None

    @pytest.mark.parametrize(
        "changed", [{"Balance": Decimal("0.01")}, {"Balance": None}, {"TotalAmt": 0}, {"TotalAmt": None}]
    )
    def test_an_invoice_counts_when_nothing_is_left_of_more_than_zero(
        self, changed: dict[str, Any], apis: MemoryApis
    ) -> None:
        assert resolve("Invoice", "2201", apis, **changed) == ()

    @pytest.mark.parametrize(("kind", "id_"), [("Payment", "3301"), ("SalesReceipt", "4401")])
    def test_the_time_is_noon_of_the_day_of_the_payment(self, kind: str, id_: str, apis: MemoryApis) -> None:
        (found,) = resolve(kind, id_, apis, TxnDate="2024-01-05")
        assert found.occurred_at == datetime(2024, 1, 5, 12, tzinfo=UTC)

    @pytest.mark.parametrize("day", ["2025-11-03", "2025-12-24"])
    def test_the_time_is_never_after_the_notification(self, day: str, apis: MemoryApis) -> None:
        assert resolve("Payment", "3301", apis, TxnDate=day)[0].occurred_at == AT

    @pytest.mark.parametrize(("kind", "id_"), [("Payment", "3301"), ("SalesReceipt", "4401")])
    def test_what_was_paid_on_no_day_only_teaches(self, kind: str, id_: str, apis: MemoryApis) -> None:
        (found,) = resolve(kind, id_, apis, TxnDate=None)
        assert (found.touchpoint, found.fact) == (None, "")
        assert found.customer.id in ("71", "72")

    def test_an_invoice_edited_today_was_paid_when_its_payment_was_made(self, apis: MemoryApis) -> None:
        apis.answers[f"/v3/company/{REALM}/payment/3301"]["Payment"]["TxnDate"] = "2024-01-05"
        (found,) = resolve("Invoice", "2201", apis)
        assert found.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
        assert found.occurred_at == datetime(2024, 1, 5, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        "linked",
        [
            [],
            [{"TxnId": "3303", "TxnType": "Payment"}],
            [{"TxnId": "5601", "TxnType": "CreditMemo"}],
            [{"TxnId": "9999", "TxnType": "Payment"}],
            [{"TxnId": "../customer/71", "TxnType": "Payment"}],
        ],
        ids=["nothing", "a payment of zero", "a credit", "a payment that is gone", "no id"],
    )
    def test_an_invoice_that_no_payment_settled_only_teaches(self, linked: list[object], apis: MemoryApis) -> None:
        (found,) = resolve("Invoice", "2201", apis, LinkedTxn=linked)
        assert (found.touchpoint, found.fact) == (None, "")
        assert found.customer.email == "rosa.lindqvist@example.com"

    def test_an_estimate_was_accepted_on_its_day_or_now(self, apis: MemoryApis) -> None:
        assert resolve("Estimate", "6601", apis)[0].occurred_at == datetime(2025, 11, 2, 12, tzinfo=UTC)
        assert resolve("Estimate", "6601", apis, AcceptedDate=None)[0].occurred_at == AT

    def test_products_are_the_items_of_the_lines(self, apis: MemoryApis) -> None:
        assert resolve("Invoice", "2201", apis)[0].products == ("Gardening", "Pest control")


class TestReversals:
    @pytest.mark.parametrize("operation", ["Void", "Delete"])
    @pytest.mark.parametrize(
        ("subject", "touchpoint"),
        [
            (("Payment", "3301"), Touchpoint.PAYMENT_REVERSED),
            (("SalesReceipt", "4401"), Touchpoint.PAYMENT_REVERSED),
            (("Invoice", "2201"), Touchpoint.ORDER_CANCELLED),
        ],
    )
    def test_what_is_void_or_deleted_takes_back_itself(
        self, subject: tuple[str, str], touchpoint: Touchpoint, operation: str, read: Read
    ) -> None:
        name, id_ = subject
        (found,) = read(entity(name=name, id=id_, operation=operation))
        assert (found.touchpoint, found.customer) == (touchpoint, CustomerRef())
        assert found.links == (f"quickbooks|{REALM}|{id_}",)

    def test_both_formats_tell_one_fact(self, read: Read) -> None:
        (older,) = read(entity(name="Payment", operation="Void"))
        (newer,) = read(body=[cloud_event(type="qbo.payment.voided.v1")])
        assert older.fact == newer.fact

    def test_a_void_payment_takes_back_what_its_invoice_told(self, read: Read, apis: MemoryApis) -> None:
        (paid,) = resolve("Invoice", "2201", apis)
        (void,) = read(entity(name="Payment", id="3301", operation="Void"))
        assert set(void.links) <= set(paid.links)

    @pytest.mark.parametrize(
        "changed",
        [{}, {"LinkedTxn": [], "InvoiceRef": {"value": "4401"}}, {"LinkedTxn": []}],
        ids=["linked", "named", "of the same total"],
    )
    def test_a_refund_finds_its_payment(self, changed: dict[str, Any], apis: MemoryApis) -> None:
        (found,) = resolve("RefundReceipt", "5501", apis, **changed)
        assert found.touchpoint is Touchpoint.REFUNDED
        assert f"quickbooks|{REALM}|4401" in found.links
        assert found.occurred_at == AT

    def test_a_part_of_the_only_payment_is_of_that_one(self, apis: MemoryApis) -> None:
        apis.answers[f"/v3/company/{REALM}/query"] = {"QueryResponse": {"Payment": [{"Id": "3302", "TotalAmt": 40}]}}
        (found,) = resolve("RefundReceipt", "5501", apis, LinkedTxn=[])
        assert found.objects["payment"] == "3302"

    def test_what_a_customer_paid_is_asked_for_in_quickbooks_language(self) -> None:
        asked: list[Any] = []

        def call(path: str, **request: Any) -> object:
            asked.append((path, request))
            return {} if request else {"RefundReceipt": {"CustomerRef": {"value": "72"}}}

        quickbooks.resolve(ObjectReference("books", "evt", AT, "RefundReceipt", "1", REALM), SOURCE, call)
        sold = "select * from SalesReceipt where CustomerRef = '72'"
        assert asked[1] == (f"/v3/company/{REALM}/query", {"query": {"query": sold}})

    def test_where_it_is_not_found_somebody_has_to_look(self, apis: MemoryApis) -> None:
        found, task = resolve("RefundReceipt", "5501", apis, LinkedTxn=[], TotalAmt=5, DocNumber="R-1")
        assert (found.touchpoint, found.links) == (Touchpoint.REFUNDED, (f"quickbooks|{REALM}|5501",))
        assert isinstance(task, OperatorTask)
        assert (task.kind, task.id, task.details) == (UNMATCHED, "5501", {"number": "R-1", "customer": "72"})

    def test_of_nobody_no_payment_is_sought(self, apis: MemoryApis) -> None:
        assert len(resolve("RefundReceipt", "5501", apis, LinkedTxn=[], CustomerRef={"value": "' or '1'"})) == 2
        assert f"/v3/company/{REALM}/query" not in apis.asked

    @pytest.mark.parametrize("total", [0, Decimal("-1.00")])
    def test_a_refund_of_nothing_is_none(self, total: object, apis: MemoryApis) -> None:
        assert resolve("RefundReceipt", "5501", apis, TotalAmt=total) == ()


class TestCustomers:
    def test_the_bills_address_is_the_customers(self, apis: MemoryApis) -> None:
        (found,) = resolve("Invoice", "2201", apis)
        assert found.customer == CustomerRef("71", "rosa.lindqvist@example.com", "Rosa Lindqvist")

    @pytest.mark.parametrize("several", ["a@example.com, b@example.com", "a@example.com;b@example.com"])
    def test_of_several_addresses_the_first_is_taken(self, several: str, apis: MemoryApis) -> None:
        (found,) = resolve("SalesReceipt", "4401", apis, BillEmail={"Address": several})
        assert found.customer.email == "a@example.com"

    def test_a_payment_asks_for_its_customer(self, apis: MemoryApis) -> None:
        (found,) = resolve("Payment", "3301", apis)
        who = quickbooks.find_customer(found, SOURCE, apis.call).customer
        assert who == CustomerRef(
            "71", "rosa.lindqvist@example.com", "Rosa Lindqvist", country="US", attributes={"payment_method": "Check"}
        )

    def test_the_bill_that_was_paid_may_name_another_address(self, apis: MemoryApis) -> None:
        apis.answers[f"/v3/company/{REALM}/invoice/2201"]["Invoice"]["BillEmail"] = {"Address": "bills@example.com"}
        (found,) = resolve("Payment", "3301", apis)
        assert quickbooks.find_customer(found, SOURCE, apis.call).customer.email == "bills@example.com"

    def test_a_job_is_written_to_at_the_customer_it_is_done_for(self, apis: MemoryApis) -> None:
        (found,) = resolve("Customer", "73", apis)
        assert found.customer == CustomerRef("73", "rosa.lindqvist@example.com", "Rosa Lindqvist", country="US")

    def test_customers_above_one_another_in_a_circle_end_the_search(self, apis: MemoryApis) -> None:
        above = {"ParentRef": {"value": "73"}, "PrimaryEmailAddr": None}
        apis.answers[f"/v3/company/{REALM}/customer/71"]["Customer"] |= above
        (found,) = resolve("Customer", "73", apis)
        assert found.customer == CustomerRef("73", None, "Greenhouse")

    def test_a_customer_that_is_gone_leaves_the_event_as_it_was(self, apis: MemoryApis) -> None:
        (found,) = resolve("Payment", "3301", apis)
        assert quickbooks.find_customer(found, SOURCE, MemoryApis().call) == found

    @pytest.mark.parametrize("buyer", [None, {"value": "../71"}])
    def test_nobody_is_asked_for_who_has_no_id(self, buyer: object, apis: MemoryApis) -> None:
        (found,) = resolve("Payment", "3301", apis, CustomerRef=buyer)
        assert quickbooks.find_customer(found, SOURCE, MemoryApis(down=True).call) == found

    def test_a_customer_teaches_who_it_is(self, apis: MemoryApis) -> None:
        (found,) = resolve("Customer", "72", apis)
        assert found.customer == CustomerRef("72", "tomas.eriksen@example.net", "Tomas Eriksen")
        assert quickbooks.find_customer(found, SOURCE, apis.call) == found

    @pytest.mark.parametrize("answer", [None, 7, {}, {"Invoice": None}, {"Payment": {}}])
    def test_an_answer_of_another_shape_is_nothing(self, answer: object) -> None:
        apis = MemoryApis({f"/v3/company/{REALM}/invoice/2201": answer})
        assert (
            quickbooks.resolve(ObjectReference("books", "evt", AT, "Invoice", "2201", REALM), SOURCE, apis.call) == ()
        )
