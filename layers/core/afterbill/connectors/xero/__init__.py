"""Xero: signed batches of references; what an invoice, a contact or a credit note came to is asked at its API.

docs/providers/xero.md tables every kind; the tests read that table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    full_name,
    identifier,
    identifiers,
    iso_moment,
    moment,
    parse,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors._kit.signatures import BodySignature, base64_text
from afterbill.intake.connector import About, Address, Api, Call, Login
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Reply, Source, Webhook

HEADERS: frozenset[str] = frozenset()
"""Everything Xero says stands in the body."""

ACCEPTED = Reply(200, "")
REFUSED = Reply(401, "")
"""Xero wants no body at all; a wrong signature is part of its intent to receive and must be answered with 401."""

ABOUT = About(
    title="Xero",
    proof="HMAC-SHA256 of the body",
    address=Address.API,
    secret="the webhooks key of the app",
    register="Xero Developer, My Apps, the app, Webhooks",
    events=("INVOICE", "CONTACT", "CREDITNOTE"),
    handshake="intent to receive: right and wrong signatures, told apart by 200 and 401",
    unverified=(
        "the scopes, and the addresses for token and consent",
        "the fields of invoices, contacts and credit notes beyond those Xero documents",
    ),
)

API = Api(
    url="https://api.xero.com",
    login=Login.CONSENT,
    token_url="https://identity.xero.com/connect/token",
    consent_url="https://login.xero.com/identity/connect/authorize",
    scopes=("offline_access", "accounting.transactions.read", "accounting.contacts.read"),
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NET_DATE = re.compile(r"/Date\((\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_MOST_LINES = 100
_MOST_LINKED = 10
_COLLECTIONS = {"INVOICE": "Invoices", "CONTACT": "Contacts", "CREDITNOTE": "CreditNotes"}
_TAKEN = ("CREATE", "UPDATE")


_SIGNATURE = BodySignature("x-xero-signature", base64_text)
verify, sign = _SIGNATURE.verify, _SIGNATURE.sign


def normalise(webhook: Webhook, source: Source) -> tuple[ObjectReference | PayloadError, ...]:
    """A reference for each event of a kind we ask about; none for the empty batch of the intent to receive."""
    events = parse(webhook.body).get("events")
    if not isinstance(events, list):
        raise PayloadError("The body is not a Xero notification: it has no list of events.")
    read = (_reference(event, webhook, source) for event in events)
    return tuple(one for one in read if one)


def _reference(event: object, webhook: Webhook, source: Source) -> ObjectReference | PayloadError | None:
    content = section(event)
    category, kind = ((text(content.get(key)) or "").upper() for key in ("eventCategory", "eventType"))
    if not category:
        return PayloadError("An event of the Xero notification has no eventCategory.")
    if category not in _COLLECTIONS or kind not in _TAKEN or section(content, "data").get("Type") == "ACCPAYCREDIT":
        return None
    # The one goes into a header, the other into a path: whatever is no UUID goes nowhere.
    tenant, resource = (_uuid(content.get(key)) for key in ("tenantId", "resourceId"))
    if not tenant or not resource:
        return PayloadError(f"The Xero event {category} needs a tenantId and a resourceId that are UUIDs.")
    if source.account and tenant != source.account.lower():
        return None
    at = iso_moment(content.get("eventDateUtc"), naive=UTC) or webhook.received_at
    event_id = f"{tenant}/{resource}/{kind}/{at.isoformat()}"
    return ObjectReference(source.name, event_id, at, category, resource, tenant)


def _uuid(value: object) -> str | None:
    id_ = (text(value) or "").lower()
    return id_ if _UUID.fullmatch(id_) else None


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent, ...]:
    """Read the object from the API; nothing for one that is gone or not yet paid."""
    content = _fetch(_COLLECTIONS[reference.kind], reference.id, reference.account, call)
    event = _READERS[reference.kind](content, reference, source) if content else None
    return (event,) if event else ()


def find_customer(event: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    """The event with its contact, for an invoice's own copy often lacks the address."""
    contact = _uuid(event.customer.id)
    if not contact or not event.fact:
        return event
    content = _fetch("Contacts", contact, event.fact.split("|")[1], call)  # a fact names its tenant
    return replace(event, customer=_customer(content)) if content else event


def _fetch(collection: str, id_: str, tenant: str, call: Call) -> Json:
    answer = call(f"/api.xro/2.0/{collection}/{id_}", headers={"xero-tenant-id": tenant})
    return next(iter(records(section(answer).get(collection), 1)), {})


def _invoice(invoice: Json, reference: ObjectReference, source: Source) -> BillingEvent | None:
    if invoice.get("Status") != "PAID" or invoice.get("Type") != "ACCREC" or _only_credited(invoice):
        return None
    paid_on = _date(invoice.get("FullyPaidOnDate"))
    lines = (text(section(line, "Item").get("Name")) or text(line.get("Description")) for line in _lines(invoice))
    return _envelope(reference, paid_on).fact(
        Touchpoint.PAYMENT_SUCCEEDED,
        (reference.id, PAYMENT, ""),
        _customer(section(invoice, "Contact")),
        identifiers(invoice=reference.id, customer=section(invoice, "Contact").get("ContactID")),
        money=from_decimal(invoice.get("Total"), invoice.get("CurrencyCode") or source.currency),
        products=tuple(filter(None, lines))[:MOST_PRODUCTS],
    )


def _lines(invoice: Json) -> list[Json]:
    return records(invoice.get("LineItems"), _MOST_LINES)


def _only_credited(invoice: Json) -> bool:
    """Tell whether credit notes settled the invoice and no payment ever did."""
    paid = any(invoice.get(key) for key in ("Payments", "Prepayments", "Overpayments"))
    return bool(invoice.get("CreditNotes")) and not paid


def _credit_note(note: Json, reference: ObjectReference, source: Source) -> BillingEvent | None:
    allocations = records(note.get("Allocations"), _MOST_LINKED)
    credited = [id_ for one in allocations if (id_ := _uuid(section(one, "Invoice").get("InvoiceID")))]
    if note.get("Type") != "ACCRECCREDIT" or note.get("Status") not in ("AUTHORISED", "PAID") or not credited:
        return None
    invoices = {f"invoice_{number}" if number > 1 else "invoice": id_ for number, id_ in enumerate(credited, start=1)}
    customer = _customer(section(note, "Contact"))
    return _envelope(reference).fact(
        Touchpoint.REFUNDED,
        (reference.id, Touchpoint.REFUNDED.value, ""),
        customer,
        identifiers(credit_note=reference.id, customer=customer.id, **invoices),
        money=from_decimal(note.get("Total"), note.get("CurrencyCode") or source.currency),
    )


def _contact(contact: Json, reference: ObjectReference, _source: Source) -> BillingEvent:
    customer = replace(_customer(contact), id=reference.id)
    if contact.get("ContactStatus") == "GDPRREQUEST":
        customer = CustomerRef(id=reference.id, deleted=True)
    return _envelope(reference).profile(customer, {"customer": reference.id})


def _customer(contact: Json) -> CustomerRef:
    return CustomerRef(
        id=identifier(contact.get("ContactID")),
        email=address(contact.get("EmailAddress")),
        name=text(contact.get("Name")) or full_name(contact.get("FirstName"), contact.get("LastName")),
        country=country(*(one.get("Country") for one in records(contact.get("Addresses"), _MOST_LINKED))),
    )


def _envelope(reference: ObjectReference, at: datetime | None = None) -> Envelope:
    return Envelope("xero", reference.account, reference.source, reference.event_id, at or reference.occurred_at)


def _date(value: object) -> datetime | None:
    """A day in ISO 8601 or as .NET writes it: milliseconds in `/Date(...)/`; the offset there changes nothing."""
    written = _NET_DATE.fullmatch(text(value) or "")
    return moment(int(written[1]) // 1000) if written else iso_moment(value, naive=UTC)


_READERS: Mapping[str, Callable[[Json, ObjectReference, Source], BillingEvent | None]] = {
    "INVOICE": _invoice,
    "CONTACT": _contact,
    "CREDITNOTE": _credit_note,
}
