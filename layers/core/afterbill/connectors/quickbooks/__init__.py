"""QuickBooks Online: signed batches of references in two formats; what an object came to is asked at its API.

docs/providers/quickbooks.md tables every kind; the tests read that table.
"""

import re
from collections.abc import Iterator, Mapping

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, identifier, iso_moment, parse_any, section, text
from afterbill.connectors._kit.signatures import BodySignature, base64_text
from afterbill.connectors.quickbooks.transactions import ID, NAMES, Books, consent_fields, envelope_of, named, read
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, OperatorTask, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Reply, Source, Webhook

HEADERS: frozenset[str] = frozenset()
"""Everything Intuit says stands in the body."""

ACCEPTED = Reply(200, "")

_KINDS: Mapping[str, tuple[str, ...]] = {
    "Payment": ("create", "update", "void", "delete"),
    "Invoice": ("create", "update", "void", "delete"),
    "SalesReceipt": ("create", "void", "delete"),
    "RefundReceipt": ("create",),
    "Estimate": ("update",),
    "Customer": ("create", "update"),
}
"""Kinds of objects that mean something, and after which operations; what is void or deleted is not asked for."""

_TAKEN_BACK = {
    "Payment": Touchpoint.PAYMENT_REVERSED,
    "SalesReceipt": Touchpoint.PAYMENT_REVERSED,
    "Invoice": Touchpoint.ORDER_CANCELLED,
}

ABOUT = About(
    title="QuickBooks Online",
    proof="HMAC-SHA256 of the body",
    address=Address.API,
    secret="the verifier token of the app",
    shape=SecretShape(
        "a UUID: 36 hex digits and hyphens",
        must=r"[!-~]+",
        usual=r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
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
_OPERATIONS = {
    spelled: operation
    for operation, spellings in (
        ("create", ("create", "created")),
        ("update", ("update", "updated")),
        ("void", ("void", "voided")),
        ("delete", ("delete", "deleted")),
    )
    for spelled in spellings
}
_REALM = re.compile(r"[0-9]{1,32}")


_SIGNATURE = BodySignature("intuit-signature", base64_text)
verify, sign = _SIGNATURE.verify, _SIGNATURE.sign


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference | PayloadError, ...]:
    """A reference for each change we ask about, and an event for what was taken back.

    The body is an array of CloudEvents, one alone, or an object with eventNotifications.
    """
    body = parse_any(webhook.body)
    notifications = section(body).get("eventNotifications")
    changes: Iterator[Json]
    if isinstance(body, list) or section(body).get("specversion"):
        changes = map(_cloud_event, body if isinstance(body, list) else [body])
    elif isinstance(notifications, list):
        changes = _legacy(notifications)
    else:
        raise PayloadError("The body is neither an array of CloudEvents nor an object with eventNotifications.")
    elements = (_element(change, webhook, source) for change in changes)
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


def _element(change: Json, webhook: Webhook, source: Source) -> BillingEvent | ObjectReference | PayloadError | None:
    name, operation = (re.sub("[_-]", "", (text(change.get(key)) or "").lower()) for key in ("name", "operation"))
    if not name:
        return PayloadError("A change in the QuickBooks notification does not name its kind.")
    kind = _BY_NAME.get(name)
    done = _OPERATIONS.get(operation)
    if not kind or done not in _KINDS[kind]:
        return None
    realm, id_ = identifier(change.get("realm")) or "", identifier(change.get("id")) or ""
    if not _REALM.fullmatch(realm) or not ID.fullmatch(id_):
        return PayloadError(f"The QuickBooks change of a {kind} names no company (digits) or no id.")
    if source.account and realm != source.account:
        return None
    at = iso_moment(change.get("at")) or webhook.received_at
    event_id = text(change.get("event")) or f"{realm}/{kind}/{id_}/{operation}/{at.isoformat()}"
    reference = ObjectReference(source.name, event_id, at, kind, id_, realm)
    return _taken_back(reference) if done in ("void", "delete") else reference


def _taken_back(reference: ObjectReference) -> BillingEvent:
    """Report that a transaction no longer counts; the API has a deleted one no more, and of a void one no amount."""
    touchpoint = _TAKEN_BACK[reference.kind]
    about = (reference.id, touchpoint.value, "")
    return envelope_of(reference).fact(touchpoint, about, CustomerRef(), {NAMES[reference.kind]: reference.id})


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Read the object from the API; nothing for one that is gone, void, unpaid or not accepted."""
    books = Books(reference.account, call)
    content = books.fetch(reference.kind, reference.id)
    elements = read(content, reference, source, books) if content else ()
    fields = consent_fields(content)
    return tuple(with_basis(one, source.fields, fields) if isinstance(one, BillingEvent) else one for one in elements)


def find_customer(event: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    """The event with its customer, for transactions rarely carry an address."""
    if not event.fact:
        return event
    return named(event, Books(event.fact.split("|")[1], call))  # a fact names its company
