"""Braintree: signed forms with base64 in them, XML in that, and a handshake.

docs/providers/braintree.md tables every kind; the tests read that table.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import form, text
from afterbill.connectors._kit.signatures import any_match
from afterbill.connectors._kit.xml import parse_xml
from afterbill.connectors.braintree import facts
from afterbill.connectors.braintree.facts import BraintreeEvent, consent_fields, parse_event
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent, OperatorTask
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

HEADERS: frozenset[str] = frozenset()
"""Everything Braintree says stands in the form."""

METHODS = ("POST", "GET")

_CHALLENGE = re.compile(r"[0-9a-f]{20,32}")
_PAYLOAD = re.compile(r"[A-Za-z0-9+=/\n\r]+")
_READERS: Mapping[str, Callable[[BraintreeEvent], BillingEvent | None]] = {
    "subscription_charged_successfully": facts.charged,
    "subscription_charged_unsuccessfully": facts.not_charged,
    "subscription_went_active": facts.subscription_seen,
    "subscription_went_past_due": facts.subscription_seen,
    "subscription_billing_skipped": facts.subscription_seen,
    "subscription_trial_ended": facts.trial_ended,
    "subscription_canceled": facts.cancelled,
    "subscription_expired": facts.expired,
    "transaction_settled": facts.settled,
    "transaction_settlement_declined": facts.settlement_declined,
    "dispute_opened": facts.dispute_opened,
    "local_payment_completed": facts.local_payment_seen,
    "local_payment_funded": facts.local_payment_seen,
    "local_payment_reversed": facts.local_payment_reversed,
}

ABOUT = About(
    title="Braintree",
    proof="HMAC-SHA1",
    address=Address.SOME,
    secret="public key and private key of the API, public:private",
    shape=SecretShape(
        "16 letters and digits, a colon, 32 hex digits",
        must=r"[^:\s]+:[^:\s]+",
        usual=r"[a-z0-9]{16}:[0-9a-f]{32}",
    ),
    register="Control Panel, API, Webhooks: a new webhook",
    events=tuple(_READERS),
    handshake="a GET with bt_challenge, answered once the keys are stored",
    forms=True,
    unverified=(
        "that the newest transaction of a subscription is the one it was charged with",
        "failure-count after a charge that came through at last",
        "refunds among settled transactions",
        "that local payments are reported with the id of their transaction",
    ),
)


def handshake(webhook: Webhook, secrets: Sequence[str]) -> Reply | None:
    """The answer to `bt_challenge`, with the first key pair there is; without one, verify lets it be fetched."""
    pair = next(_pairs(secrets), None)
    challenge = _challenge(webhook)
    if not challenge or not pair:
        return None
    public, private = pair
    return Reply(200, f"{public}|{_mac(private, challenge)}")


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing timed
    """Check `bt_signature` (public key|hex, joined by &) over `bt_payload` as it came, against every pair of keys.

    The hex is HMAC-SHA1 with the SHA-1 of the private key as its key; a payload that lost its last newline is accepted,
    as by Braintree's own libraries. No time is signed: a replay meets its own fact.
    """
    if _challenge(webhook):
        return Refusal.MISMATCH  # a handshake before there were keys: with new ones it is greeted
    try:
        fields = form(webhook.body)
    except PayloadError:
        return Refusal.MALFORMED
    signature, payload = fields.get("bt_signature", ""), fields.get("bt_payload", "")
    if not signature or not payload:
        return Refusal.MISSING
    # Anybody can have a challenge signed, so what looks like one proves nothing.
    if not _PAYLOAD.fullmatch(payload) or _CHALLENGE.fullmatch(payload):
        return Refusal.MALFORMED
    matching = [_matches(pair, signature, payload) for pair in _pairs(secrets)]
    return None if any(matching) else Refusal.MISMATCH


def _challenge(webhook: Webhook) -> str:
    challenge = webhook.query.get("bt_challenge", "") if webhook.method == "GET" else ""
    return challenge if _CHALLENGE.fullmatch(challenge) else ""


def _matches(pair: tuple[str, str], signature: str, payload: str) -> bool:
    public, private = pair
    entries = [entry.partition("|") for entry in signature.split("&")]
    presented = [mac for key, _, mac in entries if key == public]
    return any_match([_mac(private, payload), _mac(private, f"{payload}\n")], presented)


def _pairs(secrets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Public and private keys; half a pair is none."""
    for secret in secrets:
        public, _, private = secret.strip().partition(":")
        if public and private:
            yield public, private


def _mac(private_key: str, signed: str) -> str:
    key = hashlib.sha1(private_key.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    return hmac.digest(key, signed.encode(), "sha1").hex()


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The form as Braintree would send it; it needs its `bt_payload` already."""
    fields = form(webhook.body)
    public, private = next(_pairs([secret]), ("", ""))
    fields["bt_signature"] = f"{public}|{_mac(private, fields.get('bt_payload', ''))}"
    return replace(webhook, body=urlencode(fields).encode())


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | OperatorTask, ...]:
    """The billing event in a Braintree notification, and a task where it takes back what it does not name."""
    payload = form(webhook.body).get("bt_payload", "")
    tag, notification = parse_xml(_decoded(payload))
    kind = text(notification.get("kind"))
    if tag != "notification" or not kind:
        raise PayloadError("The body is not a Braintree notification: its XML has no kind.")
    reader = _READERS.get(kind)
    merchant = text(notification.get("source-merchant-id"))
    if reader is None or (source.account and merchant and merchant != source.account):
        return ()
    event_id = hashlib.sha256(payload.encode()).hexdigest()[:32]
    received = parse_event(notification, kind, event_id, source)
    event = reader(received)
    if event is None:
        return ()
    task = facts.unmatched(received, event)
    event = replace(event, recurring=facts.recurring(received))
    fact = with_basis(event, source.fields, *consent_fields(received.content))
    return (fact, task) if task else (fact, *facts.refunds_of(received))


def _decoded(payload: str) -> bytes:
    if not payload:
        raise PayloadError("The body is not a Braintree notification: it has no bt_payload.")
    try:
        return base64.b64decode(payload).strip()
    except ValueError:
        raise PayloadError("The body has a bt_payload that is not base64.") from None
