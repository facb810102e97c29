import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import mollie, registry
from afterbill.model.billing import UNMATCHED, BillingEvent, Money, ObjectReference, OperatorTask, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis

ROOT = Path(__file__).resolve().parents[3]
SHOP = Source("shop", "mollie")
SECRET = "a signing secret"
APIS = json.loads((ROOT / "events" / "apis" / "mollie.json").read_bytes())
BODY = b'{"resource": "event", "type": "hook.ping"}'


def webhook(body: bytes, now: datetime, signature: str = "") -> Webhook:
    return Webhook("shop", {"x-mollie-signature": signature} if signature else {}, body, now)


def mac(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def apis() -> MemoryApis:
    return MemoryApis(json.loads(json.dumps(APIS)))


@pytest.fixture
def read(now, apis: MemoryApis) -> Callable[..., tuple[BillingEvent, ...]]:
    """Read a body with an API that knows these fields of the payment, order... it is about."""

    def understand(body: bytes | dict[str, Any], source: Source = SHOP, **known: Any) -> tuple[BillingEvent, ...]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        found: list[Any] = []
        for one in mollie.normalise(webhook(raw, now), source):
            if isinstance(one, ObjectReference):
                for answer in apis.answers.values():
                    if isinstance(answer, dict) and answer.get("id") == one.id:
                        answer.update(known)
                found += mollie.resolve(one, source, apis.call)
            else:
                found.append(one)
        return tuple(found)

    return understand


def event(kind: str, entity: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    content = {"resource": "event", "id": "event_1", "type": kind, "entityId": "tr_5Kq8vN2wXa"}
    embedded = {"_embedded": {"entity": entity}} if entity is not None else {}
    return content | {"createdAt": "2025-10-01T09:20:00+00:00"} | embedded | changes


# Signatures


@pytest.mark.parametrize("prefix", ["sha256=", ""])
def test_the_signature_may_have_a_prefix(prefix: str, now) -> None:
    assert mollie.verify(webhook(BODY, now, prefix + mac(BODY)), ["another", SECRET], now) is None


def test_during_a_rotation_one_of_several_signatures_is_enough(now) -> None:
    both = f"sha256={mac(BODY, 'an old one')}, sha256={mac(BODY)}"
    assert mollie.verify(webhook(BODY, now, both), [SECRET], now) is None
    assert mollie.verify(webhook(BODY, now, both), ["a third"], now) is Refusal.MISMATCH


@pytest.mark.parametrize("header", ["sha256=", ",", "é", "\ud800", "sha256=sha256="])
def test_an_odd_signature_is_a_mismatch_and_no_crash(header: str, now) -> None:
    assert mollie.verify(webhook(BODY, now, header), [SECRET, ""], now) is Refusal.MISMATCH


def test_what_we_sign_verifies_under_the_right_secret_only(now) -> None:
    signed = mollie.sign(webhook(BODY, now), SECRET)
    assert signed.headers["x-mollie-signature"] == f"sha256={mac(BODY)}"
    assert mollie.verify(signed, ["", SECRET], now) is None
    assert mollie.verify(signed, ["", " "], now) is Refusal.MISMATCH


@pytest.mark.parametrize("body", [b"id=tr_7UhSN1zuXS", b"id=ord_kEn1PlbGa", b"id=sub_1&testByMollie=1"])
def test_a_classic_webhook_needs_no_signature(body: bytes, now) -> None:
    assert mollie.verify(webhook(body, now), [], now) is None
    unsigned = webhook(body, now)
    assert mollie.sign(unsigned, SECRET) is unsigned


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        b"",
        b"id=",
        b"id=tr_",
        b"id=TR_1",
        b"id=tr_../../customers",
        b"id=tr_" + b"1" * 65,
        b"id=tr_1&" + b"x" * 201,
        b"id=tr_1" + b"&x" * 6,
        b"x=1&id=tr_1",
        b'{"id": "tr_1"}',
        b'{"resource": "event", "x": "&id=tr_1&"}',
        "id=tr_é".encode(),
    ],
)
def test_nothing_else_is_taken_unsigned(body: bytes, now) -> None:
    assert mollie.verify(webhook(body, now), [SECRET], now) is Refusal.MISSING


def test_a_signature_that_is_there_must_match_on_a_classic_webhook_too(now) -> None:
    assert mollie.verify(webhook(b"id=tr_1", now, "sha256=00"), [SECRET], now) is Refusal.MISMATCH


def test_what_came_unsigned_only_points_whatever_follows_the_id(now) -> None:
    body = b'id=tr_1&resource=event&type=payment.paid&{"resource":"payment","id":"tr_2","status":"paid"}'
    assert mollie.verify(webhook(body, now), [], now) is None
    assert mollie.normalise(webhook(body, now), SHOP) == (ObjectReference("shop", "tr_1", now, "payment", "tr_1"),)


def test_only_a_classic_webhook_is_unsigned(now) -> None:
    assert mollie.is_unsigned(webhook(b"id=tr_1&testByMollie=1", now))
    assert not mollie.is_unsigned(mollie.sign(webhook(BODY, now), SECRET))


def test_an_id_that_mollie_cannot_take_is_an_unknown_one_if_anybody_could_have_made_it_up(now) -> None:
    def call(*_: object, **__: object) -> object:
        raise PayloadError("GET /v2/payments/tr_1: status 422")

    (classic,) = mollie.normalise(webhook(b"id=tr_1", now), SHOP)
    assert isinstance(classic, ObjectReference)
    assert mollie.resolve(classic, SHOP, call) == ()
    (signed,) = mollie.normalise(webhook(json.dumps(event("payment.paid")).encode(), now), SHOP)
    assert isinstance(signed, ObjectReference)
    with pytest.raises(PayloadError):
        mollie.resolve(signed, SHOP, call)


def test_every_classic_webhook_is_answered_alike() -> None:
    assert registry.load("mollie").ACCEPTED.status == 200


# Classic


def test_an_id_mollie_does_not_know_leads_to_nothing(read, apis: MemoryApis) -> None:
    assert read(b"id=tr_Unknown") == ()
    assert apis.asked == ["/v2/payments/tr_Unknown"]


def test_ids_of_other_objects_are_not_even_asked_for(read, apis: MemoryApis) -> None:
    assert read(b"id=sub_1aSub") == ()
    assert apis.asked == []


def test_a_paid_payment_names_its_payer_amount_and_time(read) -> None:
    (paid,) = read(b"id=tr_1aPaid")
    assert (paid.touchpoint, paid.money) == (Touchpoint.PAYMENT_SUCCEEDED, Money(3500, "EUR"))
    assert paid.occurred_at == datetime(2025, 10, 1, 9, 2, 11, tzinfo=UTC)
    customer = paid.customer
    assert (customer.email, customer.name) == ("sanne.bakker@example.com", "Sanne Bakker")
    assert (customer.locale, customer.country) == ("nl_NL", "NL")
    assert customer.attributes == {"payment_method": "ideal"}
    assert not paid.test


def test_no_iban_is_taken_for_anything(read) -> None:
    (paid,) = read(b"id=tr_2bCust")
    assert "NL55INGB0000000000" not in repr(paid)
    assert paid.customer.name == "S BAKKER"


@pytest.mark.parametrize(
    ("known", "email"),
    [
        ({"details": {"consumerAccount": "payer@example.net"}}, "payer@example.net"),
        ({"metadata": {"email": "meta@example.net"}}, "meta@example.net"),
        ({"billingEmail": "bill@example.net"}, "bill@example.net"),
        ({"metadata": '{"email":"x@example.net"}'}, None),
    ],
)
def test_an_address_may_stand_in_other_places(known: dict[str, Any], email: str | None, read) -> None:
    (paid,) = read(b"id=tr_2bCust", **known)
    assert paid.customer.email == email


def test_the_payments_mode_tells_a_test(read) -> None:
    (paid,) = read(b"id=tr_1aPaid", mode="test")
    assert paid.test


@pytest.mark.parametrize(
    ("known", "touchpoint"),
    [
        ({"sequenceType": "first", "subscriptionId": None}, Touchpoint.PAYMENT_SUCCEEDED),
        ({"sequenceType": "recurring", "subscriptionId": None}, Touchpoint.PAYMENT_SUCCEEDED),
        ({"sequenceType": "recurring", "subscriptionId": "sub_1"}, Touchpoint.RENEWED),
    ],
)
def test_only_a_recurring_payment_of_a_subscription_is_a_renewal(known, touchpoint: Touchpoint, read) -> None:
    (paid,) = read(b"id=tr_4dRenew", **known)
    assert paid.touchpoint is touchpoint


@pytest.mark.parametrize("status", ["open", "pending", "authorized", "expired", None, 1, ["paid"]])
def test_any_other_status_is_nothing(status: object, read) -> None:
    assert read(b"id=tr_1aPaid", status=status) == ()
    assert read(b"id=ord_1aPaid", status="created" if status == "expired" else status) == ()


def test_a_failed_payment_names_what_was_due(read) -> None:
    (failed,) = read(b"id=tr_5eFail")
    assert (failed.touchpoint, failed.money) == (Touchpoint.PAYMENT_FAILED, Money(3500, "EUR"))
    assert failed.occurred_at == datetime(2025, 10, 3, 9, tzinfo=UTC)


def test_a_canceled_payment_never_was_one_but_a_canceled_order_was(read) -> None:
    assert read(b"id=tr_1aPaid", status="canceled") == ()
    (cancelled,) = read(b"id=ord_3cGone")
    assert cancelled.touchpoint is Touchpoint.ORDER_CANCELLED


@pytest.mark.parametrize("id_", ["ord_3cGone", "ord_5eLapse"])
def test_a_cancelled_order_takes_back_itself_alone(id_: str, read) -> None:
    (cancelled,) = read(f"id={id_}".encode())
    assert cancelled.touchpoint is Touchpoint.ORDER_CANCELLED
    assert cancelled.links == (f"mollie||{id_}",)


def test_a_failure_names_the_payment_that_it_takes_back_if_that_was_paid(read) -> None:
    (paid,) = read(b"id=tr_3cOrder")
    (failed,) = read(b"id=tr_3cOrder", status="failed")
    assert failed.takes_back == paid.fact


def test_a_direct_debit_that_the_bank_returned_is_a_reversal(read) -> None:
    paid, returned = read(b"id=tr_9iReturn")
    assert (paid.touchpoint, returned.touchpoint) == (Touchpoint.RENEWED, Touchpoint.PAYMENT_REVERSED)
    assert returned.links == paid.links


def test_a_refunded_payment_is_still_the_same_payment(read) -> None:
    (before,) = read(b"id=tr_7gRef", amountRefunded=None)
    paid, refunded = read(b"id=tr_7gRef", amountRefunded={"value": "10.00", "currency": "EUR"})
    _, more = read(b"id=tr_7gRef", amountRefunded={"value": "35.00", "currency": "EUR"})
    assert before.fact == paid.fact
    assert refunded.money == Money(1000, "EUR")
    assert refunded.fact != more.fact
    assert set(refunded.links) & set(paid.links)


def test_a_chargeback_disputes_the_payment(read) -> None:
    paid, disputed = read(b"id=tr_8hCharge")
    assert (disputed.touchpoint, disputed.money) == (Touchpoint.DISPUTED, Money(3500, "EUR"))
    assert disputed.links == paid.links


def test_an_order_and_its_payment_are_one_fact(read) -> None:
    (by_payment,) = read(b"id=tr_3cOrder")
    (by_order,) = read(b"id=ord_1aPaid")
    assert by_payment.fact == by_order.fact
    assert by_payment.touchpoint is by_order.touchpoint is Touchpoint.ORDER_PAID
    assert by_order.products == ("Desk lamp", "Bulb")


def test_a_completed_order_was_paid_before(read) -> None:
    paid, fulfilled = read(b"id=ord_2bDone")
    assert (paid.touchpoint, fulfilled.touchpoint) == (Touchpoint.ORDER_PAID, Touchpoint.ORDER_FULFILLED)
    assert paid.occurred_at < fulfilled.occurred_at


def test_a_refunded_order_finds_its_payment(read) -> None:
    paid, refunded = read(b"id=ord_1aPaid", amountRefunded={"value": "80.00", "currency": "EUR"})
    assert refunded.touchpoint is Touchpoint.REFUNDED
    assert refunded.links == paid.links


def test_another_profile_is_ignored_where_one_is_pinned(read) -> None:
    assert read(b"id=tr_1aPaid", Source("shop", "mollie", account="pfl_other")) == ()
    assert len(read(b"id=tr_1aPaid", Source("shop", "mollie", account="pfl_9Wq3sample"))) == 1


# Next-gen


def test_an_event_and_a_classic_webhook_about_one_payment_are_one_fact(read) -> None:
    (classic,) = read(b"id=tr_5Kq8vN2wXa")
    (embedded,) = read(event("payment.paid", APIS["/v2/payments/tr_5Kq8vN2wXa"]))
    (simple,) = read(event("payment.paid"))
    (snapshot,) = read(APIS["/v2/payments/tr_5Kq8vN2wXa"])
    assert classic.fact == embedded.fact == simple.fact == snapshot.fact


def test_a_payment_link_names_itself_and_its_amount(read) -> None:
    link = {"id": "pl_1", "amount": {"value": "10.00", "currency": "EUR"}}
    (paid,) = read(event("payment-link.paid", link, entityId="pl_1"))
    assert (paid.objects, paid.money) == ({"payment-link": "pl_1"}, Money(1000, "EUR"))


def test_a_link_that_is_not_paid_is_nothing(read) -> None:
    link = {"resource": "payment-link", "id": "pl_1", "status": "open", "paidAt": None}
    assert read(link) == ()


def test_every_use_of_a_reusable_link_is_a_fact(read) -> None:
    facts = {
        found.fact
        for id_ in ("event_1", "event_2")
        for found in read(event("payment-link.paid", {"id": "pl_1", "reusable": True}, id=id_, entityId="pl_1"))
    }
    assert len(facts) == 2


def test_an_invoice_names_its_recipient(read) -> None:
    invoice = APIS["/v2/sales-invoices/invoice_6Fz0aPq"]
    (paid,) = read(event("sales-invoice.paid", invoice, entityId="invoice_6Fz0aPq"))
    customer = paid.customer
    assert (customer.id, customer.email, customer.name) == ("client-77", "books@example.org", "Example Trading B.V.")
    assert (paid.money, paid.products) == (Money(12100, "EUR"), ("Maintenance, October",))
    assert read(invoice | {"status": "issued"}) == ()


def test_an_invoice_that_names_its_payment_is_linked_to_it(read) -> None:
    details = {"source": "payment", "sourceReference": "tr_1"}
    (paid,) = read(event("sales-invoice.paid", {"id": "invoice_1", "paymentDetails": details}, entityId="invoice_1"))
    assert paid.objects == {"invoice": "invoice_1", "payment": "tr_1"}


def test_a_refund_is_one_fact_and_stops_its_payment(read) -> None:
    (paid,) = read(b"id=tr_5Kq8vN2wXa")
    refund = {"id": "re_1", "paymentId": "tr_5Kq8vN2wXa", "amount": {"value": "12.50", "currency": "EUR"}}
    on_its_way, arrived = (read(event(kind, refund))[0] for kind in ("refund.processing", "refund.refunded"))
    assert on_its_way.fact == arrived.fact
    assert on_its_way.money == Money(1250, "EUR")
    assert set(on_its_way.links) & set(paid.links)


REFUND = {"resource": "refund", "id": "re_1", "paymentId": "tr_5Kq8vN2wXa", "createdAt": "2025-10-05T09:00:00+00:00"}


@pytest.mark.parametrize(("status", "count"), [("queued", 1), ("pending", 1), ("failed", 0), ("canceled", 0)])
def test_a_refund_needs_money_on_its_way(status: str, count: int, read) -> None:
    assert len(read(REFUND | {"status": status})) == count


def test_a_refund_is_of_its_own_day(read) -> None:
    (refunded,) = read(event("refund.refunded", REFUND))
    assert refunded.occurred_at == datetime(2025, 10, 5, 9, tzinfo=UTC)


def test_a_refund_may_name_its_payment_in_a_link_alone(read) -> None:
    links = {"payment": {"href": "https://api.mollie.com/v2/payments/tr_5Kq8vN2wXa"}}
    (refunded,) = read(event("refund.refunded", REFUND | {"paymentId": None, "_links": links}))
    assert refunded.objects["payment"] == "tr_5Kq8vN2wXa"


@pytest.mark.parametrize(
    "body", [event("refund.refunded", entityId="re_3mVq81"), {"resource": "refund", "id": "re_3mVq81"}]
)
def test_a_refund_that_names_no_payment_is_looked_up(body: dict[str, Any], read, apis: MemoryApis) -> None:
    (refunded,) = read(body)
    assert apis.asked == ["/v2/refunds"]
    assert (refunded.objects["payment"], refunded.money) == ("tr_5Kq8vN2wXa", Money(1250, "EUR"))


@pytest.mark.parametrize("kind", ["refund.refunded", "chargeback.received"])
def test_what_takes_back_nobody_knows_what_becomes_a_task(kind: str, read) -> None:
    (task,) = read(event(kind, entityId="x_1"))
    assert isinstance(task, OperatorTask)
    assert (task.kind, task.id) == (UNMATCHED, "x_1")


def test_a_chargeback_event_and_its_payment_are_one_fact(read, apis: MemoryApis) -> None:
    apis.answers["/v2/payments/tr_8hCharge"]["method"] = "creditcard"
    chargeback = {"id": "chb_1", "paymentId": "tr_8hCharge", "amount": {"value": "35.00", "currency": "EUR"}}
    (received,) = read(event("chargeback.received", chargeback, entityId="chb_1"))
    _, by_payment = read(b"id=tr_8hCharge")
    assert (received.fact, received.touchpoint) == (by_payment.fact, Touchpoint.DISPUTED)


def test_a_chargeback_with_a_reason_of_the_bank_is_a_reversal(read) -> None:
    chargeback = {"id": "chb_1", "paymentId": "tr_1", "reason": {"code": "AM04"}}
    (returned,) = read(event("chargeback.received", chargeback))
    assert returned.touchpoint is Touchpoint.PAYMENT_REVERSED


def test_a_chargeback_that_was_withdrawn_is_none(read) -> None:
    chargeback = {"id": "chb_1", "paymentId": "tr_1", "reversedAt": "2025-10-28T08:00:00+00:00"}
    assert read(event("chargeback.received", chargeback)) == ()


@pytest.mark.parametrize("kind", ["hook.ping", "dispute.created", "sales-invoice.canceled", "payment.authorized"])
def test_other_events_are_ignored(kind: str, read) -> None:
    assert read(event(kind, {"id": "x_1"})) == ()


@pytest.mark.parametrize(
    "body",
    [
        {"resource": "event", "id": "event_1"},
        {"resource": "event", "type": "payment.paid"},
        {"resource": "customer", "id": "cst_1"},
        {"resource": ["event"]},
        {},
        *({"resource": resource} for resource in ("payment", "order", "payment-link", "sales-invoice", "refund")),
    ],
)
def test_what_is_no_event_is_an_error_that_says_why(body: dict[str, Any], read) -> None:
    with pytest.raises(PayloadError, match=r"(Mollie).*\.$"):
        read(body)


# Customers


def test_a_stored_customer_is_asked_for(read, apis: MemoryApis) -> None:
    (paid,) = read(b"id=tr_2bCust")
    found = mollie.find_customer(paid, SHOP, apis.call)
    assert (found.customer.id, found.customer.email) == ("cst_8wSample", "ines.martens@example.com")
    assert found.customer.name == "S BAKKER"


def test_a_refund_finds_its_customer_through_the_payment(read, apis: MemoryApis) -> None:
    (refunded,) = read(event("refund.refunded", {"id": "re_1", "paymentId": "tr_2bCust"}))
    assert mollie.find_customer(refunded, SHOP, apis.call).customer.email == "ines.martens@example.com"


def test_a_payment_that_names_nobody_finds_the_customer_of_its_order(read, apis: MemoryApis) -> None:
    (paid,) = read(b"id=tr_3cOrder")
    found = mollie.find_customer(paid, SHOP, apis.call)
    assert (found.customer.email, found.fact) == ("milan.visser@example.net", paid.fact)


def test_a_link_finds_its_payer_and_payment(read, apis: MemoryApis) -> None:
    (paid,) = read(event("payment-link.paid", entityId="pl_7Kd2mQv9"))
    found = mollie.find_customer(paid, SHOP, apis.call)
    assert (found.customer.email, found.fact) == ("sanne.bakker@example.com", paid.fact)
    assert found.objects == {"payment-link": "pl_7Kd2mQv9", "payment": "tr_0zLinked"}


def test_a_customer_nobody_knows_stays_nameless(read) -> None:
    (paid,) = read(b"id=tr_2bCust")
    (link,) = read(event("payment-link.paid", {"id": "pl_1"}, entityId="pl_1"))
    (invoice,) = read(event("sales-invoice.paid", {"id": "i_1", "recipientIdentifier": "77"}, entityId="i_1"))
    (order,) = read(b"id=ord_1aPaid", billingAddress=None)
    nobody = MemoryApis()
    for one in (paid, link, invoice, order):
        assert mollie.find_customer(one, SHOP, nobody.call).customer.email is None
    assert nobody.asked == ["/v2/customers/cst_8wSample", "/v2/payment-links/pl_1/payments"]


def test_recorded_objects_are_understood(payloads: Path, now, read, apis: MemoryApis) -> None:
    folder = payloads / "mollie"
    hook = samples.read(folder / "webhook-event.json", mollie.ABOUT, "shop", now)
    (paid,) = mollie.normalise(hook, SHOP)
    assert isinstance(paid, BillingEvent)
    assert (paid.touchpoint, paid.money) == (Touchpoint.PAYMENT_SUCCEEDED, Money(1000, "EUR"))
    payment = json.loads((folder / "payment.json").read_text())
    apis.answers["/v2/payments/tr_1"] = payment
    assert read(b"id=tr_1") == ()
    apis.answers["/v2/payments/tr_1"] = payment | {"status": "paid", "customerId": "cst_1"}
    (test,) = read(b"id=tr_1")
    assert (test.test, test.money, test.objects["payment"]) == (True, Money(2000, "EUR"), "tr_1")
    apis.answers["/v2/customers/cst_1"] = json.loads((folder / "customer.json").read_text())
    assert mollie.find_customer(test, SHOP, apis.call).customer.locale == "en_US"
