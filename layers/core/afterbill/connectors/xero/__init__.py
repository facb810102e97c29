"""Xero: signed batches of references; what an invoice, a contact or a credit note came to is asked at its API.

docs/providers/xero.md tables every kind; the tests read that table.
"""

from dataclasses import replace
from datetime import UTC

from afterbill.connectors._kit.json import iso_moment, parse, section, text
from afterbill.connectors._kit.signatures import BodySignature, base64_text
from afterbill.connectors.xero import objects
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent, ObjectReference, OperatorTask
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
    shape=SecretShape("base64 of 64 bytes: 88 characters", must=r"[!-~]+", usual=r"[A-Za-z0-9+/]{86}=="),
    register="Xero Developer, My Apps, the app, Webhooks",
    events=("INVOICE", "CONTACT", "CREDITNOTE"),
    handshake="intent to receive: right and wrong signatures, told apart by 200 and 401",
    unverified=(
        "the scopes, and the addresses for token and consent",
        "the fields of invoices, contacts and credit notes beyond those Xero documents",
        "that an invoice is reported as changed when a payment is removed from it",
    ),
)

API = Api(
    url="https://api.xero.com",
    login=Login.CONSENT,
    token_url="https://identity.xero.com/connect/token",
    consent_url="https://login.xero.com/identity/connect/authorize",
    scopes=("offline_access", "accounting.transactions.read", "accounting.contacts.read"),
)

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
    if (
        category not in objects.COLLECTIONS
        or kind not in _TAKEN
        or section(content, "data").get("Type") == "ACCPAYCREDIT"
    ):
        return None
    # The one goes into a header, the other into a path: whatever is no UUID goes nowhere.
    tenant, resource = (objects.uuid(content.get(key)) for key in ("tenantId", "resourceId"))
    if not tenant or not resource:
        return PayloadError(f"The Xero event {category} needs a tenantId and a resourceId that are UUIDs.")
    if source.account and tenant != source.account.lower():
        return None
    at = iso_moment(content.get("eventDateUtc"), naive=UTC) or webhook.received_at
    event_id = f"{tenant}/{resource}/{kind}/{at.isoformat()}"
    return ObjectReference(source.name, event_id, at, category, resource, tenant)


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Read the object from the API; nothing for one that is gone or not yet paid."""
    return objects.read(reference, source, call)


def find_customer(event: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    """The event with its contact, for an invoice's own copy often lacks the address."""
    contact = objects.uuid(event.customer.id)
    if not contact or not event.fact:
        return event
    content = objects.fetch(call, event.fact.split("|")[1], "Contacts", contact)  # a fact names its tenant
    return replace(event, customer=objects.customer_of(content)) if content else event
