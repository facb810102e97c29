"""Turn a transaction or customer from QuickBooks' API into an event."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    day_moment,
    full_name,
    identifier,
    identifiers,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, Touchpoint
from afterbill.model.webhooks import Source

_MOST_LINES = 100
_MOST_LINKED = 5
_PAID = {"invoice": "Invoice", "payment": "Payment", "sales_receipt": "SalesReceipt"}


Fetch = Callable[[str, str], Json]
"""The object of this kind and id, empty where there is none."""


@dataclass(frozen=True, slots=True)
class _Transaction:
    """One transaction, the reference that led to it, the currency of a company that names none, and a way to others."""

    content: Json
    reference: ObjectReference
    currency: str
    fetch: Fetch

    @property
    def money(self) -> Money | None:
        return self.amount("TotalAmt")

    def amount(self, key: str) -> Money | None:
        named = section(self.content, "CurrencyRef").get("value")
        return from_decimal(self.content.get(key), named or self.currency)

    @property
    def lines(self) -> list[Json]:
        return records(self.content.get("Line"), _MOST_LINES)

    def linked(self, kind: str) -> dict[str, str]:
        """The ids of the linked transactions of this kind: kind, kind_2..."""
        places = [self.content, *self.lines]
        links = [link for place in places for link in records(place.get("LinkedTxn"), _MOST_LINES)]
        ids = dict.fromkeys(identifier(link.get("TxnId")) for link in links if link.get("TxnType") == _PAID[kind])
        linked = [id_ for id_ in ids if id_][:_MOST_LINKED]
        return {f"{kind}_{number}" if number > 1 else kind: id_ for number, id_ in enumerate(linked, start=1)}

    @property
    def buyer(self) -> CustomerRef:
        named = section(self.content, "CustomerRef")
        return CustomerRef(
            id=identifier(named.get("value")),
            email=_first_address(section(self.content, "BillEmail")),
            name=text(named.get("name")),
            country=country(section(self.content, "BillAddr").get("Country")),
        )

    def on(self, day: object) -> "_Transaction | None":
        """Return the transaction dated at this day, for an old one can be edited today; None without a day."""
        at = day_moment(day, self.reference.occurred_at)
        return replace(self, reference=replace(self.reference, occurred_at=at)) if at else None

    def profile(self) -> BillingEvent:
        """Make a profile update of the buyer."""
        return _envelope(self.reference).profile(self.buyer, identifiers(customer=self.buyer.id))

    def fact(self, touchpoint: Touchpoint, meaning: str, objects: Mapping[str, str], about: str = "") -> BillingEvent:
        """The fact about this transaction, or about the object it belongs to."""
        sold = (text(section(line, "SalesItemLineDetail", "ItemRef").get("name")) for line in self.lines)
        return _envelope(self.reference).fact(
            touchpoint,
            (about or self.reference.id, meaning, ""),
            self.buyer,
            {**objects, **identifiers(customer=self.buyer.id)},
            money=self.money,
            products=tuple(filter(None, sold))[:MOST_PRODUCTS],
        )


def _payment(payment: _Transaction) -> BillingEvent | None:
    if payment.money and not payment.money.amount:
        return None  # it only sets a credit against an invoice
    linked = payment.linked("invoice")
    objects = {**linked, "payment": payment.reference.id}
    paid = payment.on(payment.content.get("TxnDate"))
    if not paid:
        return payment.profile()
    return paid.fact(Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, objects, linked.get("invoice", ""))


def _invoice(invoice: _Transaction) -> BillingEvent | None:
    total, balance = invoice.money, invoice.amount("Balance")
    if not total or total.amount <= 0 or not balance or balance.amount:
        return None
    objects = {"invoice": invoice.reference.id, **invoice.linked("payment")}
    paid = invoice.on(_day_of_payment(invoice))
    return paid.fact(Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, objects) if paid else invoice.profile()


def _day_of_payment(invoice: _Transaction) -> object:
    """The day its first payment was made; None where a credit or a write-off settled it, or nobody knows what did."""
    id_ = invoice.linked("payment").get("payment")
    payment = replace(invoice, content=invoice.fetch("Payment", id_) if id_ else {})
    return payment.content.get("TxnDate") if payment.money and payment.money.amount > 0 else None


def _sales_receipt(receipt: _Transaction) -> BillingEvent:
    paid = receipt.on(receipt.content.get("TxnDate"))
    objects = {"sales_receipt": receipt.reference.id}
    return paid.fact(Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, objects) if paid else receipt.profile()


def _refund(refund: _Transaction) -> BillingEvent:
    """A refund receipt or a credit memo; it finds its payment only where it names what was paid."""
    objects = identifiers(refund=refund.reference.id, invoice=section(refund.content, "InvoiceRef").get("value"))
    for kind in _PAID:
        objects |= refund.linked(kind)
    return refund.fact(Touchpoint.REFUNDED, Touchpoint.REFUNDED.value, objects)


def _estimate(estimate: _Transaction) -> BillingEvent | None:
    if estimate.content.get("TxnStatus") != "Accepted":
        return None
    touchpoint = Touchpoint.ESTIMATE_ACCEPTED
    accepted = estimate.on(estimate.content.get("AcceptedDate")) or estimate
    return accepted.fact(touchpoint, touchpoint.value, {"estimate": estimate.reference.id})


_READERS: Mapping[str, Callable[[_Transaction], BillingEvent | None]] = {
    "Payment": _payment,
    "Invoice": _invoice,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund,
    "CreditMemo": _refund,
    "Estimate": _estimate,
}


def read(content: Json, reference: ObjectReference, source: Source, fetch: Fetch) -> BillingEvent | None:
    """Return the event that this object stands for, None where it means nothing here."""
    if reference.kind == "Customer":
        return _envelope(reference).profile(customer_of(content, reference.id), {"customer": reference.id})
    return _READERS[reference.kind](_Transaction(content, reference, source.currency, fetch))


def customer_of(customer: Json, id_: str) -> CustomerRef:
    """Return the customer with this id, as their object describes them."""
    return CustomerRef(
        id=id_,
        email=_first_address(section(customer, "PrimaryEmailAddr")),
        name=text(customer.get("DisplayName")) or full_name(customer.get("GivenName"), customer.get("FamilyName")),
        country=country(section(customer, "BillAddr").get("Country")),
    )


def consent_fields(content: Json) -> dict[str, object]:
    """Return the custom fields of an invoice or a receipt, where a seller may keep a legal basis in short texts."""
    fields = records(content.get("CustomField"), _MOST_LINES)
    return {name: field.get("StringValue") for field in fields if (name := text(field.get("Name")))}


def _first_address(value: Json) -> str | None:
    """People may enter several addresses, with commas between them."""
    return address(*re.split("[,;]", text(value.get("Address")) or ""))


def _envelope(reference: ObjectReference) -> Envelope:
    return Envelope("quickbooks", reference.account, reference.source, reference.event_id, reference.occurred_at)
