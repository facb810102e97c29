"""Mollie: unsigned ids (classic) that only point into its API, and signed JSON events (next-gen).

docs/providers/mollie.md tables both; the tests read that table.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, identifier, iso_moment, parse, records, section, text
from afterbill.connectors._kit.methods import method_of
from afterbill.connectors._kit.signatures import any_match, digest, hexadecimal, keys_of, sign_body
from afterbill.connectors.mollie.entities import PROVIDER, READERS, customer_of, payment_of, person_of
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, OperatorTask
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

_SIGNATURE = "x-mollie-signature"
_PREFIX = "sha256="
_CLASSIC = re.compile(rb"id=([a-z]{1,10})(_[A-Za-z0-9]{1,64})(?:&[^&]{0,200}){0,5}")
"""No JSON begins like this, so what came unsigned can never be read as an event that says something by itself.

Anybody can send it, so little more than the id fits in."""
_CLASSIC_KINDS = {b"tr": "payment", b"ord": "order"}
_PATHS = {
    "payment": "payments",
    "order": "orders",
    "payment-link": "payment-links",
    "sales-invoice": "sales-invoices",
}
_LISTS = {"refund": "refunds", "chargeback": "chargebacks"}
"""What has no address of its own without its payment, but stands in a list, the newest first."""
_EVENTS = (
    "chargeback.received",
    "payment-link.paid",
    "payment.failed",
    "payment.paid",
    "refund.pending",
    "refund.processing",
    "refund.queued",
    "refund.refunded",
    "sales-invoice.paid",
)
_MOST_PAYMENTS = 50
_MOST_LISTED = 250

HEADERS: frozenset[str] = frozenset()
"""Everything Mollie says stands in the body or in its API."""

ACCEPTED = Reply(200)
"""Given for ids that do not exist too: whoever guesses ids learns nothing."""

API = Api(url="https://api.mollie.com", login=Login.KEY)

ABOUT = About(
    title="Mollie",
    proof="HMAC-SHA256 of the body (next-gen); classic webhooks prove nothing and only point into the API",
    address=Address.MIXED,
    secret="the signing secret of a next-gen webhook; classic ones have none",
    shape=SecretShape(
        "16 characters or more, no blanks",
        must=r"[!-~]+",
        mistaken={
            "live_": "a key of the API",
            "test_": "a key of the API",
            "access_": "an access token of the API",
            "hook_": "the id of the webhook",
        },
    ),
    register="classic: webhookUrl of every payment or order; next-gen: Dashboard, Developers, Webhooks",
    events=("classic payment (tr_)", "classic order (ord_)", *_EVENTS),
    forms=True,
    unverified=(
        "10 tries within 26 hours and 15 seconds to answer for classic webhooks",
        "the path /v2/payment-links/{id}/payments, by which the payer of a link is found",
        "whether refund and chargeback events can come without their entity",
    ),
)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing timed
    """Check `X-Mollie-Signature` (sha256=hex of HMAC-SHA256 over the raw body, several with commas) if it is there.

    Without it nothing but a classic form is let through: an id of the shape of Mollie's, which proves nothing and
    is believed nothing; what it is about is asked of the API.
    """
    header = webhook.headers.get(_SIGNATURE, "")
    if not header:
        return None if _CLASSIC.fullmatch(webhook.body) else Refusal.MISSING
    presented = [value.strip().removeprefix(_PREFIX) for value in header.split(",")]
    expected = (digest(key, webhook.body).hex() for key in keys_of(secrets))
    return None if any_match(expected, presented) else Refusal.MISMATCH


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Mollie would send it: a classic one stays unsigned."""
    if _CLASSIC.fullmatch(webhook.body):
        return webhook
    return sign_body(_SIGNATURE, webhook, secret, lambda mac: f"{_PREFIX}{hexadecimal(mac)}")


def is_unsigned(webhook: Webhook) -> bool:
    """Tell whether it is a classic form, which anybody could have sent."""
    return bool(_CLASSIC.fullmatch(webhook.body))


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference, ...]:
    """Return a reference for a classic id, the events for a next-gen webhook."""
    classic = _CLASSIC.fullmatch(webhook.body)
    if classic:
        kind, id_ = _CLASSIC_KINDS.get(classic[1]), (classic[1] + classic[2]).decode()
        return (ObjectReference(source.name, id_, webhook.received_at, kind, id_),) if kind else ()
    payload = parse(webhook.body)
    resource = payload.get("resource")
    if resource == "event":
        return _event(payload, webhook, source)
    if isinstance(resource, str) and resource in READERS:  # the bare entity, as Mollie's reference shows payloads
        return _snapshot(payload, resource, webhook, source)
    raise PayloadError("The body is neither a Mollie event nor the id of a payment or an order.")


def _snapshot(
    entity: Json, resource: str, webhook: Webhook, source: Source
) -> tuple[BillingEvent | ObjectReference, ...]:
    """Read the entity itself; one that takes something back and does not say what is looked up."""
    id_ = identifier(entity) or ""
    if id_ and _is_thin(entity, resource):
        return (ObjectReference(source.name, id_, webhook.received_at, resource, id_),)
    return _read(entity, resource, _envelope(source, id_, webhook.received_at), source)


def _event(payload: Json, webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference, ...]:
    kind = text(payload.get("type"))
    if not kind:
        raise PayloadError("The body is a Mollie event without a type.")
    if kind not in _EVENTS:
        return ()
    resource, _, status = kind.rpartition(".")
    entity = section(payload, "_embedded", "entity")
    entity_id = identifier(payload.get("entityId")) or identifier(entity)
    if not entity_id:
        raise PayloadError(f"The Mollie event {kind} names no entityId.")
    event_id = identifier(payload) or entity_id
    occurred_at = iso_moment(payload.get("createdAt")) or webhook.received_at
    content = {"id": entity_id, "status": status, "mode": payload.get("mode"), **entity}
    if entity and not _is_thin(content, resource):
        return _read(content, resource, _envelope(source, event_id, occurred_at), source)
    return (ObjectReference(source.name, event_id, occurred_at, resource, entity_id),)


def _is_thin(entity: Json, resource: str) -> bool:
    """Tell whether this takes something back and does not say what."""
    return resource in _LISTS and not (payment_of(entity) or identifier(entity.get("orderId")))


def _envelope(source: Source, event_id: str, occurred_at: datetime) -> Envelope:
    return Envelope(PROVIDER, "", source.name, event_id, occurred_at)


def _read(entity: Json, resource: str, envelope: Envelope, source: Source) -> tuple[BillingEvent, ...]:
    profile = identifier(entity.get("profileId"))
    if source.account and profile and profile != source.account:
        return ()
    events = READERS[resource](entity, replace(envelope, test=entity.get("mode") == "test"))
    return tuple(with_basis(event, source.fields, entity.get("metadata")) for event in events)


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Read an object from the API; nothing for an unknown id, a task about a reversal of which nobody says of what."""
    envelope = _envelope(source, reference.event_id, reference.occurred_at)
    listed = reference.kind in _LISTS
    entity = _listed(reference, call) if listed else _entity_of(reference, call)
    if listed and _is_thin(entity, reference.kind):
        return (envelope.unmatched(reference.id, kind=reference.kind),)
    return _read({**entity, "id": reference.id}, reference.kind, envelope, source) if entity else ()


def _listed(reference: ObjectReference, call: Call) -> Json:
    name = _LISTS[reference.kind]
    answer = section(call(f"/v2/{name}", query={"limit": str(_MOST_LISTED)}), "_embedded")
    found = records(answer.get(name), _MOST_LISTED)
    return next((one for one in found if one.get("id") == reference.id), {})


def _entity_of(reference: ObjectReference, call: Call) -> Json:
    path = _PATHS.get(reference.kind)
    try:
        return _ask(call, path, reference.id) if path else {}
    except PayloadError:
        if reference.event_id != reference.id:
            raise
        return {}  # classic: Mollie refuses the shape of an id that anybody made up


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with its customer: whom the payment or order names, and what Mollie keeps of a stored customer."""
    payment = {} if event.customer.id else _payment_of(event, call)
    customer = customer_of(payment) if payment else event.customer
    order = identifier(payment.get("orderId")) or event.objects.get("order")
    if order and "payment" in event.objects and not customer.address:
        customer = _completed(customer, customer_of(_ask(call, "orders", order)))
    stored: Json = {}
    if not customer.address and customer.id and customer.id.startswith("cst_"):
        stored = _ask(call, "customers", customer.id)
        customer = _completed(customer, person_of(stored))
    customer = replace(customer, attributes={**event.customer.attributes, **customer.attributes})
    objects = {"payment": payment_id} if (payment_id := identifier(payment)) else {}
    paid_by = event.payment_method or method_of(customer.attributes.get("payment_method"))
    completed = replace(event, customer=customer, objects={**objects, **event.objects}, payment_method=paid_by)
    return with_basis(completed, source.fields, stored.get("metadata"), payment.get("metadata"))


def _payment_of(event: BillingEvent, call: Call) -> Json:
    """The payment an event is about; of a payment link the newest that was paid."""
    if "payment" in event.objects:
        return _ask(call, "payments", event.objects["payment"])
    if "payment-link" not in event.objects:
        return {}
    answer = call(f"/v2/payment-links/{quote(event.objects['payment-link'], safe='')}/payments")
    payments = records(section(answer, "_embedded").get("payments"), _MOST_PAYMENTS)
    return next((payment for payment in payments if payment.get("status") == "paid"), {})


def _completed(customer: CustomerRef, person: CustomerRef) -> CustomerRef:
    return replace(
        customer,
        id=customer.id or person.id,
        email=person.email,
        name=customer.name or person.name,
        locale=customer.locale or person.locale,
        country=customer.country or person.country,
    )


def _ask(call: Call, path: str, id_: str) -> Json:
    return section(call(f"/v2/{path}/{quote(id_, safe='')}"))
