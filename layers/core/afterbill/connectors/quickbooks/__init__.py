"""QuickBooks Online: signed batches of references in two formats; what an object came to is asked at its API.

docs/providers/quickbooks.md tables every kind; the tests read that table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, identifier, iso_moment, parse_any, section, text
from afterbill.connectors._kit.signatures import BodySignature, base64_text
from afterbill.connectors.quickbooks.transactions import consent_fields, customer_of, read
from afterbill.intake.connector import About, Address, Api, Call, Login
from afterbill.model.billing import BillingEvent, ObjectReference
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Reply, Source, Webhook

HEADERS: frozenset[str] = frozenset()
"""Everything Intuit says stands in the body."""

ACCEPTED = Reply(200, "")

_KINDS: Mapping[str, tuple[str, ...]] = {
    "Payment": ("create", "update"),
    "Invoice": ("create", "update"),
    "SalesReceipt": ("create",),
    "RefundReceipt": ("create",),
    "CreditMemo": ("create",),
    "Estimate": ("update",),
    "Customer": ("create", "update"),
}
"""Kinds of objects that are asked for, and after which operations."""

ABOUT = About(
    title="QuickBooks Online",
    proof="HMAC-SHA256 of the body",
    address=Address.API,
    secret="the verifier token of the app",
    register="Intuit Developer, the app, Webhooks",
    events=tuple(_KINDS),
    unverified=(
        "how often and how long a notification is repeated",
        "the spelling of types in the new format beyond qbo.invoice.created.v1",
        "that no two transactions of a company share an id, whatever their kinds",
        "the fields of the API's answers",
    ),
)

API = Api(
    url="https://quickbooks.api.intuit.com",
    sandbox_url="https://sandbox-quickbooks.api.intuit.com",
    login=Login.CONSENT,
    token_url="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    consent_url="https://appcenter.intuit.com/connect/oauth2",
    scopes=("com.intuit.quickbooks.accounting",),
)

_BY_NAME = {kind.lower(): kind for kind in _KINDS}
_OPERATIONS = {"create": "create", "created": "create", "update": "update", "updated": "update"}
_ID = re.compile(r"[0-9A-Za-z:-]{1,64}")
_REALM = re.compile(r"[0-9]{1,32}")


_SIGNATURE = BodySignature("intuit-signature", base64_text)
verify, sign = _SIGNATURE.verify, _SIGNATURE.sign


def normalise(webhook: Webhook, source: Source) -> tuple[ObjectReference | PayloadError, ...]:
    """A reference for each change we ask about, be it an array of CloudEvents, one alone, or eventNotifications."""
    body = parse_any(webhook.body)
    notifications = section(body).get("eventNotifications")
    changes: Iterator[Json]
    if isinstance(body, list) or section(body).get("specversion"):
        changes = map(_cloud_event, body if isinstance(body, list) else [body])
    elif isinstance(notifications, list):
        changes = _legacy(notifications)
    else:
        raise PayloadError("The body is neither an array of CloudEvents nor an object with eventNotifications.")
    elements = (_reference(change, webhook, source) for change in changes)
    return tuple(one for one in elements if one)


def _cloud_event(event: object) -> Json:
    attributes = section(event)
    # qbo.invoice.created.v1: whose, what, how and in which version.
    _, name, operation, *_ = [*(text(attributes.get("type")) or "").split("."), "", "", ""]
    return {
        "name": name,
        "operation": operation,
        "id": attributes.get("intuitentityid"),
        "realm": attributes.get("intuitaccountid"),
        "at": attributes.get("time"),
        "event": identifier(attributes.get("id")),
    }


def _legacy(notifications: list[object]) -> Iterator[Json]:
    for notification in notifications:
        entities = section(notification, "dataChangeEvent").get("entities")
        # One without a list of entities is an error in its place, as an entity without a name is.
        for entity in entities if isinstance(entities, list) else [None]:
            changed = section(entity)
            realm = section(notification).get("realmId")
            yield {**changed, "realm": realm, "at": changed.get("lastUpdated"), "event": None}


def _reference(change: Json, webhook: Webhook, source: Source) -> ObjectReference | PayloadError | None:
    name, operation = (re.sub("[_-]", "", (text(change.get(key)) or "").lower()) for key in ("name", "operation"))
    if not name:
        return PayloadError("A change in the QuickBooks notification does not name its kind.")
    kind = _BY_NAME.get(name)
    if not kind or _OPERATIONS.get(operation) not in _KINDS[kind]:
        return None
    realm, id_ = identifier(change.get("realm")) or "", identifier(change.get("id")) or ""
    if not _REALM.fullmatch(realm) or not _ID.fullmatch(id_):
        return PayloadError(f"The QuickBooks change of a {kind} names no company (digits) or no id.")
    if source.account and realm != source.account:
        return None
    at = iso_moment(change.get("at")) or webhook.received_at
    event_id = text(change.get("event")) or f"{realm}/{kind}/{id_}/{operation}/{at.isoformat()}"
    return ObjectReference(source.name, event_id, at, kind, id_, realm)


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent, ...]:
    """Read the object from the API; nothing for one that is gone, void, unpaid or not accepted."""

    def fetch(kind: str, id_: str) -> Json:
        return _fetch(kind, id_, reference.account, call) if _ID.fullmatch(id_) else {}

    content = fetch(reference.kind, reference.id)
    event = read(content, reference, source, fetch) if content else None
    return (with_basis(event, source.fields, consent_fields(content)),) if event else ()


def find_customer(event: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    """The event with its customer, for transactions rarely carry an address."""
    id_ = event.customer.id or ""
    if not _ID.fullmatch(id_) or not event.fact:
        return event
    content = _fetch("Customer", id_, event.fact.split("|")[1], call)  # a fact names its company
    person = replace(customer_of(content, id_), attributes=event.customer.attributes)
    return replace(event, customer=person) if content else event


def _fetch(kind: str, id_: str, realm: str, call: Call) -> Json:
    return section(call(f"/v3/company/{realm}/{kind.lower()}/{id_}"), kind)
