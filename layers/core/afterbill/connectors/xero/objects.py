"""Read invoices, credit notes and contacts from Xero's API."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    day_moment,
    full_name,
    identifier,
    identifiers,
    moment,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.intake.connector import Call
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, OperatorTask, Touchpoint
from afterbill.model.webhooks import Source

COLLECTIONS = {"INVOICE": "Invoices", "CONTACT": "Contacts", "CREDITNOTE": "CreditNotes"}
"""Where the API keeps the objects of each category of events."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NET_DATE = re.compile(r"/Date\((\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_WORD = re.compile(r"[^\s,;:()]+")
_MOST_LINES = 100
_MOST_LINKED = 10
_MOST_SOUGHT = 100
_REVERSED = Touchpoint.PAYMENT_REVERSED
_MONEY = ("Payments", "Prepayments", "Overpayments")


def uuid(value: object) -> str | None:
    """Return the UUID in lower case; None for whatever is none, which must go into no path and no header."""
    id_ = (text(value) or "").lower()
    return id_ if _UUID.fullmatch(id_) else None


@dataclass(frozen=True, slots=True)
class _Object:
    """One object, the reference that led to it, its source, and a way to others of its tenant."""

    content: Json
    reference: ObjectReference
    source: Source
    call: Call

    @property
    def contact(self) -> CustomerRef:
        return customer_of(section(self.content, "Contact"))

    def money(self, value: object) -> Money | None:
        return from_decimal(value, self.content.get("CurrencyCode") or self.source.currency)

    def some(self, name: str) -> list[Json]:
        """Return the records of this name that were not deleted."""
        return [one for one in records(self.content.get(name), _MOST_LINES) if one.get("Status") != "DELETED"]

    def search(self, collection: str, **query: str) -> list[Json]:
        answer = ask(self.call, self.reference.account, collection, query=query)
        return records(section(answer).get(collection), _MOST_SOUGHT)

    def on(self, *days: object) -> datetime | None:
        """Return noon of the first of these that is a day, never after the event; a time as it is."""
        latest, zone = self.reference.occurred_at, self.source.time_zone
        return next(filter(None, (day_moment(_iso(day), latest, zone) for day in days)), None)

    def envelope(self, at: datetime | None = None) -> Envelope:
        reference = self.reference
        return Envelope("xero", reference.account, reference.source, reference.event_id, at or reference.occurred_at)


def ask(call: Call, tenant: str, path: str, query: Mapping[str, str] | None = None) -> object:
    """Ask the API about this tenant."""
    headers = {"xero-tenant-id": tenant}
    path = f"/api.xro/2.0/{path}"
    return call(path, headers=headers, query=query) if query else call(path, headers=headers)


def fetch(call: Call, tenant: str, collection: str, id_: str) -> Json:
    """Return one object of a collection, empty where there is none."""
    return next(iter(records(section(ask(call, tenant, f"{collection}/{id_}")).get(collection), 1)), {})


def read(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Read the object from the API; nothing for one that is gone, or of which nothing can be told yet."""
    content = fetch(call, reference.account, COLLECTIONS[reference.kind], reference.id)
    return _READERS[reference.kind](_Object(content, reference, source, call)) if content else ()


def _invoice(invoice: _Object) -> tuple[BillingEvent, ...]:
    reader = _INVOICES.get(text(invoice.content.get("Status")) or "")
    return reader(invoice) if reader and invoice.content.get("Type") == "ACCREC" else ()


def _paid(invoice: _Object) -> tuple[BillingEvent, ...]:
    """Report the payment on its own day, for an old invoice can be edited today; without a day, only the customer."""
    content, total = invoice.content, invoice.money(invoice.content.get("Total"))
    payments = [one for kind in _MONEY for one in invoice.some(kind)]
    if (total and total.amount <= 0) or (content.get("CreditNotes") and not payments):
        return ()
    objects = _of_invoice(invoice) | _numbered("payment", [one.get("PaymentID") for one in payments])
    dates = sorted(filter(None, (invoice.on(one.get("Date")) for one in payments)), reverse=True)
    at = invoice.on(content.get("FullyPaidOnDate")) or next(iter(dates), None)
    if not at:
        return (invoice.envelope().profile(invoice.contact, objects),)
    lines = records(content.get("LineItems"), _MOST_LINES)
    names = (text(section(line, "Item").get("Name")) or text(line.get("Description")) for line in lines)
    fact = invoice.envelope(at).fact(
        Touchpoint.PAYMENT_SUCCEEDED,
        (invoice.reference.id, PAYMENT, ""),
        invoice.contact,
        objects,
        money=total,
        products=tuple(filter(None, names))[:MOST_PRODUCTS],
    )
    return (fact,)


def _of_invoice(invoice: _Object) -> dict[str, str]:
    return identifiers(invoice=invoice.reference.id, customer=invoice.contact.id)


def _numbered(kind: str, ids: list[object]) -> dict[str, str]:
    """Return the first ids as kind, kind_2..."""
    found = list(dict.fromkeys(filter(None, map(identifier, ids))))[:_MOST_LINKED]
    return {f"{kind}_{number}" if number > 1 else kind: id_ for number, id_ in enumerate(found, start=1)}


def _reopened(invoice: _Object) -> tuple[BillingEvent, ...]:
    """Report the payments that were removed from an invoice that is open: each takes back itself alone.

    The books of many are tidied by removing a payment and entering it again, which is another payment then.
    """
    where = f'Status=="DELETED" AND Invoice.InvoiceID==guid("{invoice.reference.id}")'
    found = (one for one in invoice.search("Payments", where=where) if one.get("Status") == "DELETED")
    of_it = (one for one in found if uuid(section(one, "Invoice").get("InvoiceID")) == invoice.reference.id)
    removed = {identifier(one.get("PaymentID")): one for one in of_it}
    return tuple(_removed(invoice, id_, one) for id_, one in list(removed.items())[:_MOST_LINKED] if id_)


def _removed(invoice: _Object, id_: str, payment: Json) -> BillingEvent:
    at = invoice.on(payment.get("UpdatedDateUTC"))
    objects = identifiers(payment=id_, customer=invoice.contact.id)
    money = invoice.money(payment.get("Amount"))
    return invoice.envelope(at).fact(_REVERSED, (id_, _REVERSED.value, ""), invoice.contact, objects, money=money)


def _voided(invoice: _Object) -> tuple[BillingEvent, ...]:
    """Report that what was billed is cancelled; Xero voids only what is open, so payments were removed before."""
    cancelled = Touchpoint.ORDER_CANCELLED
    about = (invoice.reference.id, cancelled.value, "")
    money = invoice.money(invoice.content.get("Total"))
    return (invoice.envelope().fact(cancelled, about, invoice.contact, _of_invoice(invoice), money=money),)


def _credit_note(note: _Object) -> tuple[BillingEvent | OperatorTask, ...]:
    """Report the money that went back: what is only set against an invoice is a discount.

    A refund whose invoice is found nowhere is a task as well.
    """
    content, payments = note.content, note.some("Payments")
    if content.get("Type") != "ACCRECCREDIT" or content.get("Status") not in ("AUTHORISED", "PAID"):
        return ()
    returned = [money for one in payments if (money := note.money(one.get("Amount")))]
    total = replace(returned[0], amount=sum(one.amount for one in returned)) if returned else None
    if not payments or (total and total.amount <= 0):
        return ()
    invoices = _numbered("invoice", _credited(note) or _sought(note, total))
    envelope = note.envelope(note.on(*(one.get("Date") for one in payments)))
    number, contact = text(content.get("CreditNoteNumber")), note.contact
    objects = identifiers(credit_note=note.reference.id, customer=contact.id) | invoices
    about = (note.reference.id, Touchpoint.REFUNDED.value, "")
    refund = envelope.fact(Touchpoint.REFUNDED, about, contact, objects, money=total)
    details = identifiers(credit_note=number, customer=contact.id)
    return (refund,) if invoices else (refund, envelope.unmatched(note.reference.id, **details))


def _credited(note: _Object) -> list[object]:
    allocations = records(note.content.get("Allocations"), _MOST_LINKED)
    return [id_ for one in allocations if (id_ := uuid(section(one, "Invoice").get("InvoiceID")))]


def _sought(note: _Object, returned: Money | None) -> list[object]:
    """Find the invoice among the paid ones of the contact: it is named, or the only one of this total, or the only one.

    A paid invoice cannot be credited in Xero, so the note of a refund rarely says which one it is about.
    """
    contact = uuid(note.contact.id)
    paid = note.search("Invoices", ContactIDs=contact, Statuses="PAID") if contact else []
    paid = [one for one in paid if (one.get("Type"), one.get("Status")) == ("ACCREC", "PAID")]
    words = set(_WORD.findall(text(note.content.get("Reference")) or ""))
    named = [one for one in paid if text(one.get("InvoiceNumber")) in words]
    alike = [one for one in paid if returned and note.money(one.get("Total")) == returned]
    sole = next((some for some in (named, alike, paid) if len(some) == 1), [])
    return [uuid(one.get("InvoiceID")) for one in sole]


def _contact(contact: _Object) -> tuple[BillingEvent, ...]:
    """Make a profile update; a supplier who never bought is nobody's customer."""
    content, id_ = contact.content, contact.reference.id
    erased = content.get("ContactStatus") == "GDPRREQUEST"
    if content.get("IsSupplier") is True and content.get("IsCustomer") is False and not erased:
        return ()
    customer = CustomerRef(id=id_, deleted=True) if erased else replace(customer_of(content), id=id_)
    return (contact.envelope().profile(customer, {"customer": id_}),)


def customer_of(contact: Json) -> CustomerRef:
    """Return the customer as a contact describes them; the address may be that of a person who gets the invoices."""
    persons = records(contact.get("ContactPersons"), _MOST_LINKED)
    others = (one.get("EmailAddress") for one in persons if one.get("IncludeInEmails") is True)
    return CustomerRef(
        id=identifier(contact.get("ContactID")),
        email=address(contact.get("EmailAddress"), *others),
        name=text(contact.get("Name")) or full_name(contact.get("FirstName"), contact.get("LastName")),
        country=country(*(one.get("Country") for one in records(contact.get("Addresses"), _MOST_LINKED))),
    )


def _iso(value: object) -> object:
    """Return what .NET writes as milliseconds in `/Date(...)/` in ISO 8601; the offset there changes nothing."""
    written = _NET_DATE.fullmatch(text(value) or "")
    at = moment(int(written[1]) // 1000) if written else None
    return at.isoformat() if at else value


_INVOICES: Mapping[str, Callable[[_Object], tuple[BillingEvent, ...]]] = {
    "PAID": _paid,
    "AUTHORISED": _reopened,
    "VOIDED": _voided,
}

_READERS: Mapping[str, Callable[[_Object], tuple[BillingEvent | OperatorTask, ...]]] = {
    "INVOICE": _invoice,
    "CONTACT": _contact,
    "CREDITNOTE": _credit_note,
}
