"""Chargebee: unsigned JSON behind a password, complete with customer, invoice and subscription.

docs/providers/chargebee.md tables every kind; the tests read that table.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, moment, needed, parse, section, text
from afterbill.connectors._kit.signatures import any_match, basic, check_basic, keys_of
from afterbill.connectors.chargebee.envelope import ChargebeeEvent, consent_fields, customer_in, owner_of
from afterbill.connectors.chargebee.events import READERS
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

ABOUT = About(
    title="Chargebee",
    proof="HTTP Basic, or a secret in the address",
    address=Address.MIXED,
    secret="user:password as entered for the webhook, or the value of ?key= in its address",
    shape=SecretShape("user:password, or a key without a colon; best 16 characters or more"),
    register="Settings, Configure Chargebee, Webhooks: add one with API version 2",
    events=tuple(READERS),
    needs={"account": "the site: acme, where its address is acme.chargebee.com"},
    unverified=(
        "that cancelled_at of a scheduled cancellation is the day of its end",
        "the answer of GET /api/v2/customers/{id}",
        "which event tells a late failure of a direct debit",
        "how long Chargebee waits for an answer",
    ),
)

HEADERS: frozenset[str] = frozenset()
"""Everything Chargebee says stands in the body."""

REFUSED = Reply(401, headers={"WWW-Authenticate": 'Basic realm="afterbill"'})

API = Api("https://{account}.chargebee.com", Login.KEY_AS_USER)

_BACKDATED = "_with_backdating"


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing is dated
    """Check HTTP Basic, or any value of the query against the secrets without a colon; Chargebee signs nothing."""
    presented = [value for value in webhook.query.values() if value]
    keys = (key.decode(errors="replace") for key in keys_of(secrets) if b":" not in key)
    if any_match(keys, presented):
        return None
    refusal = check_basic(webhook, secrets)
    # A wrong key in the address is a wrong password, not a missing one.
    return Refusal.MISMATCH if refusal is Refusal.MISSING and presented else refusal


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook with the password Chargebee would send."""
    return replace(webhook, headers={**webhook.headers, "authorization": basic(secret)})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing event in a Chargebee event; ids are unique in a site only, so its name is part of every fact."""
    payload = parse(webhook.body)
    kind = text(payload.get("event_type"))
    if not kind or not isinstance(payload.get("content"), dict):
        raise PayloadError("The body is not a Chargebee event: it needs an event_type and a content.")
    # The same things, told later: the variants of events that were entered for a day in the past.
    reader = READERS.get(kind.removesuffix(_BACKDATED).replace("_canceled", "_cancelled"))
    received = _event(payload, kind, source)
    event = reader(received) if reader else None
    return (with_basis(event, source.fields, *consent_fields(received.content)),) if event else ()


def _event(payload: Json, kind: str, source: Source) -> ChargebeeEvent:
    event = f"Chargebee event {kind}"
    envelope = Envelope(
        provider="chargebee",
        account=source.tenant,
        source=source.name,
        event_id=needed(text(payload.get("id")), event, "id"),
        occurred_at=needed(moment(payload.get("occurred_at")), event, "occurred_at (Unix seconds)"),
    )
    return ChargebeeEvent(event, envelope, section(payload, "content"), kind, source.currency)


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with what the API knows of its customer: orders, credit notes and some customers name no address."""
    if not event.customer.id:
        return event
    content = _customer(event.customer.id, call)
    stored = customer_in(content)
    if not stored.address:
        owner = owner_of(content)
        stored = replace(stored, email=customer_in(_customer(owner, call)).email if owner else None)
    if not stored.address:
        return event
    reported = event.customer
    person = replace(
        reported,
        email=stored.email,
        name=stored.name or reported.name,
        locale=stored.locale or reported.locale,
        country=stored.country or reported.country,
        attributes={**stored.attributes, **reported.attributes},
    )
    return with_basis(replace(event, customer=person), source.fields, *consent_fields(content))


def _customer(id_: str, call: Call) -> Json:
    return {"customer": section(call(f"/api/v2/customers/{quote(id_, safe='')}"), "customer")}
