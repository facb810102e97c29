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
from afterbill.intake.connector import Call
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, OperatorTask, Touchpoint
from afterbill.model.webhooks import Source

ID = re.compile(r"[0-9A-Za-z:-]{1,64}")
"""The shape of an id; nothing else goes into a path or a query."""

NAMES = {"Invoice": "invoice", "Payment": "payment", "SalesReceipt": "sales_receipt"}
"""How transactions that report a payment are called among the objects of an event."""

_MOST_LINES = 100
_MOST_LINKED = 5
_MOST_SOUGHT = 100
_MOST_PARENTS = 4
"""QuickBooks nests sub-customers up to five levels deep."""
_PAID = {name: kind for kind, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Books:
    """The API of one company, read."""

    realm: str
    call: Call

    def fetch(self, kind: str, id_: str | None) -> Json:
        """Return the object of this kind and id, empty where there is none."""
        path = f"/v3/company/{self.realm}/{kind.lower()}/{id_}"
        return section(self.call(path), kind) if id_ and ID.fullmatch(id_) else {}

    def of_customer(self, kind: str, id_: str | None) -> list[Json]:
        """Return the transactions of this kind that a customer has."""
        if not id_ or not ID.fullmatch(id_):
            return []
        query = f"select * from {kind} where CustomerRef = '{id_}'"  # noqa: S608  # QuickBooks' language; the id is checked
        answer = self.call(f"/v3/company/{self.realm}/query", query={"query": query})
        return records(section(answer, "QueryResponse").get(kind), _MOST_SOUGHT)


@dataclass(frozen=True, slots=True)
class _Transaction:
    """One transaction, the reference that led to it, its source, and the books it stands in."""

    content: Json
    reference: ObjectReference
    source: Source
    books: Books

    @property
    def money(self) -> Money | None:
        return self.amount("TotalAmt")

    def amount(self, key: str) -> Money | None:
        named = section(self.content, "CurrencyRef").get("value")
        return from_decimal(self.content.get(key), named or self.source.currency)

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
            attributes={"payment_method": self.paid_by} if self.paid_by else {},
        )

    @property
    def paid_by(self) -> str | None:
        """The seller's name for the way of paying, or a card where one was charged."""
        charged = "card" if section(self.content, "CreditCardPayment") else None
        return text(section(self.content, "PaymentMethodRef").get("name")) or charged

    def on(self, day: object) -> "_Transaction | None":
        """Return the transaction dated at this day, for an old one can be edited today; None without a day."""
        at = day_moment(day, self.reference.occurred_at, self.source.time_zone)
        return replace(self, reference=replace(self.reference, occurred_at=at)) if at else None

    def profile(self) -> BillingEvent:
        """Make a profile update of the buyer."""
        return envelope_of(self.reference).profile(self.buyer, identifiers(customer=self.buyer.id))

    def fact(self, touchpoint: Touchpoint, meaning: str, objects: Mapping[str, str], about: str = "") -> BillingEvent:
        """The fact about this transaction, or about the object it belongs to."""
        sold = (text(section(line, "SalesItemLineDetail", "ItemRef").get("name")) for line in self.lines)
        return envelope_of(self.reference).fact(
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
    payment = replace(invoice, content=invoice.books.fetch("Payment", id_))
    return payment.content.get("TxnDate") if payment.money and payment.money.amount > 0 else None


def _sales_receipt(receipt: _Transaction) -> BillingEvent:
    paid = receipt.on(receipt.content.get("TxnDate"))
    objects = {"sales_receipt": receipt.reference.id}
    return paid.fact(Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, objects) if paid else receipt.profile()


def _refund(refund: _Transaction) -> tuple[BillingEvent | OperatorTask, ...]:
    """Report money that went back; where no payment is named and none can be found, somebody has to look."""
    if refund.money and refund.money.amount <= 0:
        return ()
    paid = identifiers(invoice=section(refund.content, "InvoiceRef").get("value"))
    paid |= {name: id_ for kind in _PAID for name, id_ in refund.linked(kind).items()}
    paid = paid or _sought(refund)
    objects = {"refund": refund.reference.id, **paid}
    dated = refund.on(refund.content.get("TxnDate")) or refund
    event = dated.fact(Touchpoint.REFUNDED, Touchpoint.REFUNDED.value, objects)
    details = identifiers(number=refund.content.get("DocNumber"), customer=refund.buyer.id)
    task = envelope_of(refund.reference).unmatched(refund.reference.id, **details)
    return (event,) if paid else (event, task)


def _sought(refund: _Transaction) -> dict[str, str]:
    """Find what the customer paid: the only sales receipt or payment of the same total, or the only one at all."""
    buyer = refund.buyer.id
    paid = [(kind, one) for kind in ("SalesReceipt", "Payment") for one in refund.books.of_customer(kind, buyer)]
    alike = [(kind, one) for kind, one in paid if replace(refund, content=one).money == refund.money]
    sole = next((some for some in (alike, paid) if len(some) == 1), [])
    return identifiers(**{NAMES[kind]: one.get("Id") for kind, one in sole})


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
    "Estimate": _estimate,
}


def read(
    content: Json, reference: ObjectReference, source: Source, books: Books
) -> tuple[BillingEvent | OperatorTask, ...]:
    """Return what this object stands for, nothing where it means nothing here."""
    if reference.kind == "Customer":
        person = _person(content, reference.id, books)
        return (envelope_of(reference).profile(person, {"customer": reference.id}),)
    transaction = _Transaction(content, reference, source, books)
    if reference.kind == "RefundReceipt":
        return _refund(transaction)
    event = _READERS[reference.kind](transaction)
    return (event,) if event else ()


def named(event: BillingEvent, books: Books) -> BillingEvent:
    """Return the event with its customer: the address of the bill, else their own, else that of whom they belong to."""
    id_ = event.customer.id or ""
    content = books.fetch("Customer", id_)
    if not content:
        return event
    person = _person(content, id_, books)
    billed = _first_address(section(books.fetch("Invoice", event.objects.get("invoice")), "BillEmail"))
    return replace(event, customer=replace(person, email=billed or person.email, attributes=event.customer.attributes))


def _person(customer: Json, id_: str, books: Books) -> CustomerRef:
    """Return whom to write to: a sub-customer or job without an address is known by the customer above it."""
    content, person = customer, _customer(customer, id_)
    for _ in range(_MOST_PARENTS):
        parent = identifier(section(content, "ParentRef").get("value"))
        if person.email or not parent:
            break
        content = books.fetch("Customer", parent)
        person = _customer(content, id_)
    return person if person.email else _customer(customer, id_)


def _customer(customer: Json, id_: str) -> CustomerRef:
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


def envelope_of(reference: ObjectReference) -> Envelope:
    """Return the envelope of what this reference led to."""
    return Envelope("quickbooks", reference.account, reference.source, reference.event_id, reference.occurred_at)
