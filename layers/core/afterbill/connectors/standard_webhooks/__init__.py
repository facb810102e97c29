"""Standard Webhooks (standardwebhooks.com, also sent by Svix): any system that speaks the neutral body.

docs/providers/standard_webhooks.md shows the body and how a source maps a foreign one onto it.
"""

import hashlib
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from afterbill.connectors._kit.json import moment, parse
from afterbill.connectors._kit.neutral import read
from afterbill.connectors._kit.signatures import any_match, base64_text, digest, seconds
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.webhooks import Refusal, Source, Webhook, check_time

_PREFIXES = ("webhook", "svix")
_SIGNED = tuple((f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature") for prefix in _PREFIXES)

ABOUT = About(
    title="Standard Webhooks",
    proof="HMAC-SHA256 with a time",
    address=Address.PAYLOAD,
    secret="the sender's signing secret, whsec_...",
    shape=SecretShape(
        "whsec_ and base64 of 24 to 64 bytes",
        must=r"(whsec_)?[A-Za-z0-9+/]{2,}={0,2}",
        usual=r"whsec_[A-Za-z0-9+/]{32,86}={0,2}",
        mistaken={
            "whpk_": "a public key of ed25519, a scheme that is not read",
            "whsk_": "a private key of ed25519, a scheme that is not read",
            "ep_": "the id of the endpoint",
        },
    ),
    register="wherever the sender keeps its endpoints",
    events=(),
    unverified=("Svix's own header names",),
)

HEADERS: frozenset[str] = frozenset(f"{prefix}-{name}" for prefix in _PREFIXES for name in ("id", "timestamp"))
"""The message's id, and its time for bodies that carry none."""


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
    """Check `webhook-signature` (v1,base64 of HMAC-SHA256 over id, timestamp and body, dotted) against every secret.

    The signature comes first: whoever cannot sign learns nothing about our clock, and STALE is said of the
    sender's own bytes only. Schemes other than v1 are passed over.
    """
    message_id, sent_at, signature = _headers(webhook)
    if not (message_id and sent_at and signature):
        return Refusal.MISSING
    parts = [part.partition(",") for part in signature.split(" ")]
    signatures = [value.rstrip("=") for scheme, _, value in parts if scheme == "v1" and value]
    signed_at = seconds(sent_at)
    if signed_at is None or not signatures or not message_id.isascii():
        return Refusal.MALFORMED
    signed = b"%b.%b.%b" % (message_id.encode(), sent_at.encode(), webhook.body)
    if not any_match(_expected(secrets, signed), signatures):
        return Refusal.MISMATCH
    return check_time(signed_at, now)


def _headers(webhook: Webhook) -> tuple[str, str, str]:
    """Id, timestamp and signature of the first prefix that has all three, else empty strings."""
    headers = webhook.headers
    for named_id, named_time, named_signature in _SIGNED:
        if named_id in headers and named_time in headers and named_signature in headers:
            return headers[named_id], headers[named_time], headers[named_signature]
    return "", "", ""


def _expected(secrets: Sequence[str], signed: bytes) -> Iterator[str]:
    for key in map(_key, secrets):
        if key:
            yield base64_text(digest(key, signed)).rstrip("=")


def _key(secret: str) -> bytes:
    """The key in a secret, with or without `whsec_` and padding, as the reference library reads it; else empty."""
    try:
        return a2b_base64(secret.removeprefix("whsec_") + "==")
    except ValueError:
        return b""


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as a sender would send it at `received_at`, under an id made from its body."""
    message_id = f"msg_{hashlib.sha256(webhook.body).hexdigest()[:24]}"
    at = str(int(webhook.received_at.timestamp()))
    mac = next(_expected([secret], b"%b.%b.%b" % (message_id.encode(), at.encode(), webhook.body)), "")
    signed = {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": f"v1,{mac}="}
    return replace(webhook, headers={**webhook.headers, **signed})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing event in a neutral body, or in one that the source's field map makes neutral."""
    headers = webhook.headers
    message_id = headers.get("webhook-id") or headers.get("svix-id") or ""
    sent_at = seconds(headers.get("webhook-timestamp") or headers.get("svix-timestamp") or "")
    return read(parse(webhook.body), source, message_id, moment(sent_at) or webhook.received_at)
