"""Recurly: signed JSON that only points at things, or unsigned XML behind a password that tells everything.

docs/providers/recurly.md tables every kind of both; the tests read that table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, identifier, iso_moment, needed, parse, text
from afterbill.connectors._kit.signatures import any_match, basic, check_basic, digest, keys_of, seconds
from afterbill.connectors.recurly import xml
from afterbill.connectors.recurly.api import RESOLVERS, find_customer, resolve
from afterbill.connectors.recurly.site import API
from afterbill.connectors.recurly.words import digest_of, envelope_of
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook, check_time

__all__ = ["ABOUT", "API", "HEADERS", "REFUSED", "find_customer", "normalise", "resolve", "sign", "verify"]

_FIRST_MILLISECONDS = 10**11
"""The documents say milliseconds and show seconds: the year 5138 tells them apart."""

Read = Callable[[Envelope, str], BillingEvent]


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
    """Check `recurly-signature` (time,hex[,hex] of HMAC-SHA256 over the time's digits, a dot and the body).

    Recurly does not sign XML, so for that HTTP Basic counts too.
    """
    header = webhook.headers.get("recurly-signature", "")
    refusal = _check_signature(header, webhook, secrets, now) if header else Refusal.MISSING
    if refusal is None or not _is_xml(webhook.body):
        return refusal
    password = check_basic(webhook, secrets)
    return refusal if password is Refusal.MISSING else password


def _check_signature(header: str, webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
    stamp, *signatures = (part.strip() for part in header.split(","))
    signed_at = seconds(stamp)
    if signed_at is None or not any(signatures):
        return Refusal.MALFORMED
    if not any_match(_expected(secrets, stamp, webhook.body), signatures):
        return Refusal.MISMATCH
    return check_time(signed_at if signed_at < _FIRST_MILLISECONDS else signed_at // 1000, now)


def _expected(secrets: Sequence[str], stamp: str, body: bytes) -> Iterator[str]:
    signed = b"%b.%b" % (stamp.encode(), body)
    return (digest(key, signed).hex() for key in keys_of(secrets))


def _is_xml(body: bytes) -> bool:
    return body.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"<") or body.startswith((b"\xff\xfe", b"\xfe\xff"))


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Recurly would send it at `received_at`: XML with the password, JSON with a signature."""
    if _is_xml(webhook.body):
        proof = {"authorization": basic(secret)}
    else:
        stamp = str(int(webhook.received_at.timestamp() * 1000))
        proof = {"recurly-signature": ",".join([stamp, *_expected([secret], stamp, webhook.body)])}
    return replace(webhook, headers={**webhook.headers, **proof})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference, ...]:
    """Read a notification of either format; a JSON one about money is a reference for the API."""
    if _is_xml(webhook.body):
        return xml.normalise(webhook, source)
    payload = parse(webhook.body)
    thing, happening = text(payload.get("object_type")), text(payload.get("event_type"))
    if not thing or not happening:
        raise PayloadError("The body is not a Recurly notification: it needs an object_type and an event_type.")
    site = text(payload.get("site_id")) or ""
    if source.account and site and site != source.account:
        return ()
    kind = f"{thing}.{happening}"
    name, key = _IDS.get(thing, ("", ""))
    if kind in RESOLVERS:
        return (_reference(payload, source, name, kind, _named(payload, key, kind)),)
    read = _READERS.get(kind)
    if not read:
        return ()
    event_id = text(payload.get("id")) or digest_of(webhook.body)
    return (read(envelope_of(source, site, event_id, _at(payload, kind)), _named(payload, key, kind)),)


def _reference(payload: Json, source: Source, name: str, kind: str, id_: str) -> ObjectReference:
    event_id, site = text(payload.get("id")) or f"{name}-{id_}", text(payload.get("site_id")) or ""
    return ObjectReference(source.name, event_id, _at(payload, kind), kind, id_, site)


def _named(payload: Json, key: str, kind: str) -> str:
    id_ = identifier(payload.get(key))
    if not id_:
        raise PayloadError(f"The Recurly notification {kind} has no {key}.")
    return id_


def _at(payload: Json, kind: str) -> datetime:
    return needed(iso_moment(payload.get("event_time")), f"Recurly notification {kind}", "event_time")


def _customer(envelope: Envelope, code: str) -> BillingEvent:
    return envelope.profile(CustomerRef(id=code), {"customer": code})


def _about(touchpoint: Touchpoint, name: str, occurrence: str = "") -> Read:
    return lambda envelope, id_: envelope.fact(
        touchpoint, (id_, touchpoint.value, occurrence), CustomerRef(), {name: id_}
    )


_IDS = {
    "account": ("customer", "account_code"),
    "billing_info": ("customer", "account_code"),
    "charge_invoice": ("invoice", "invoice_number"),
    "invoice": ("invoice", "invoice_number"),
    "payment": ("payment", "uuid"),
    "subscription": ("subscription", "uuid"),
}
"""Object of a notification -> its kind in our words, and the key that holds its id."""

_READERS: Mapping[str, Read] = {
    "charge_invoice.past_due": _about(Touchpoint.PAYMENT_FAILED, "invoice", "past_due"),
    "invoice.past_due": _about(Touchpoint.PAYMENT_FAILED, "invoice", "past_due"),
    "charge_invoice.failed": _about(Touchpoint.PAYMENT_FAILED, "invoice", "failed"),
    "subscription.canceled": _about(Touchpoint.CANCELLED, "subscription"),
    "subscription.renewal.subscription_trial_expiring": _about(Touchpoint.TRIAL_ENDING, "subscription"),
    "account.created": _customer,
    "account.updated": _customer,
    "account.closed": _customer,
    "billing_info.updated": _customer,
}

ABOUT = About(
    title="Recurly",
    proof="HMAC-SHA256 with a time (JSON), HTTP Basic (XML)",
    address=Address.MIXED,
    secret="the endpoint's signing key (JSON), or user:password as entered for the endpoint (XML)",
    shape=SecretShape("64 hex digits (JSON), or user:password (XML)", usual=r"[0-9a-f]{64}|[^:]+:.{8,}"),
    register="Integrations, Webhooks: configure an endpoint",
    events=(*(kind for kind in RESOLVERS if kind not in xml.KINDS), *_READERS, *xml.KINDS),
    unverified=(
        "the paths and answers of the API, version 2021-02-25",
        "whether the event_type of a trial's reminder starts with `renewal.`",
        "that an invoice is made on the day its subscription starts or renews",
        "the expiration_reason of a subscription",
        "that nothing is canceled_at a subscription which ends as planned",
        "that a late failure of a bank payment names the transaction that succeeded",
    ),
)

HEADERS: frozenset[str] = frozenset()
"""Everything Recurly says stands in the body."""

REFUSED = Reply(401, headers={"WWW-Authenticate": 'Basic realm="afterbill"'})
