"""FreshBooks: signed forms that only name an object; the verifier each callback sends first is its secret.

docs/providers/freshbooks.md tables every kind; the tests read that table.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import form, text
from afterbill.connectors._kit.signatures import any_match, base64_text, digest, keys_of
from afterbill.connectors.freshbooks import objects
from afterbill.connectors.freshbooks.objects import PROVIDER
from afterbill.intake.connector import About, Address, Api, Login, SecretShape
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, OperatorTask
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

_SIGNATURE = "x-freshbooks-hmac-sha256"
_CALLBACK, _VERIFIER = re.compile(r"[0-9]{1,20}"), re.compile(r"[!-~]{1,128}")
"""A verifier that is stored: short, and without characters that need care when it is shown."""

_MOST_VERIFIERS = 40
"""Verifiers of a source that wait: two for each callback of which a secret is kept. Anybody may send some."""

_DELETED = "client.delete"
_KINDS = {
    "payment.create": "payment",
    "payment.update": "payment",
    "payment.delete": "deleted payment",
    "invoice.update": "invoice",
    "invoice.delete": "deleted invoice",
    "client.create": "client",
    "client.update": "client",
    "estimate.update": "estimate",
    "estimate.accept": "estimate",
}

HEADERS: frozenset[str] = frozenset({_SIGNATURE})
"""Kept to tell whether a form with a verifier was signed: without a signature it is a handshake."""

ACCEPTED = Reply(200)

API = Api(
    url="https://api.freshbooks.com",
    login=Login.CONSENT,
    token_url="https://api.freshbooks.com/auth/oauth/token",
    client_in_form=True,
    consent_url="https://auth.freshbooks.com/oauth/authorize",
    scopes=(
        "user:profile:read",
        "user:clients:read",
        "user:estimates:read",
        "user:invoices:read",
        "user:payments:read",
    ),
)

resolve = objects.resolve
find_customer = objects.find_customer

ABOUT = About(
    title="FreshBooks",
    proof="HMAC-SHA256 of the form's fields as JSON",
    address=Address.API,
    secret="the verifier that each callback sends first, one per callback",
    shape=SecretShape("up to 128 characters, no blanks", must=r"[!-~]{1,128}", usual=r"[!-~]{8,}"),
    register="POST /events/account/{account}/events/callbacks, once for every event",
    events=(*_KINDS, _DELETED, "callback.verify"),
    handshake="a form with a verifier arrives first and waits as a task for an operator to vouch for it",
    forms=True,
    secrets_kept=20,  # every callback has one of its own
    unverified=(
        "the name callback.verify of the first request",
        "the full list of event names, estimate.accept and client.delete among them",
        "that a payment of less than zero is money that went back",
        "the names of the OAuth scopes",
        "how often a failed delivery is repeated",
    ),
)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing timed
    """Check `X-FreshBooks-Hmac-SHA256`: base64 of HMAC-SHA256 over Python's json.dumps of the form.

    A handshake is let through without: it brings the very secret, and comes to nothing but a task for a person.
    """
    try:
        fields = form(webhook.body)
    except PayloadError:
        return Refusal.MALFORMED
    if _is_handshake(webhook, fields):
        return None if _handshake(fields) else Refusal.MALFORMED
    presented = webhook.headers.get(_SIGNATURE, "")
    if not presented:
        return Refusal.MISSING
    return None if any_match(_expected(fields, secrets), [presented]) else Refusal.MISMATCH


def _expected(fields: Mapping[str, str], secrets: Sequence[str]) -> list[str]:
    signed = json.dumps(dict(fields)).encode()
    return [base64_text(digest(key, signed)) for key in keys_of(secrets)]


def _is_handshake(webhook: Webhook, fields: Mapping[str, str]) -> bool:
    """A form with a verifier that says it verifies, or that nobody signed: it is never read as an event."""
    if "verifier" not in fields:
        return False
    return fields.get("name", "").endswith(".verify") or not webhook.headers.get(_SIGNATURE)


def _handshake(fields: Mapping[str, str]) -> tuple[str, str] | None:
    """Callback and verifier, if they look like some."""
    callback, verifier = fields.get("object_id", ""), fields["verifier"]
    shaped = _CALLBACK.fullmatch(callback) and _VERIFIER.fullmatch(verifier)
    return (callback, verifier) if shaped else None


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as FreshBooks would send it; a handshake comes unsigned, what is no form stays as it is."""
    try:
        fields = form(webhook.body)
    except PayloadError:
        return webhook
    if _is_handshake(webhook, fields):
        return webhook
    mac = next(iter(_expected(fields, [secret])), "")
    return replace(webhook, headers={**webhook.headers, _SIGNATURE: mac})


def is_unsigned(webhook: Webhook) -> bool:
    """Tell whether it is a handshake, which anybody could have sent; a genuine one brings a secret."""
    try:
        return _is_handshake(webhook, form(webhook.body))
    except PayloadError:
        return True


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference | OperatorTask, ...]:
    """Return a reference to the changed object, or a task for a handshake."""
    fields = form(webhook.body)
    account = text(fields.get("account_id")) or ""
    if source.account and account and account != source.account:
        return ()
    if _is_handshake(webhook, fields):
        return (_task(fields, account or source.account, webhook, source),)
    name, object_id = text(fields.get("name")), text(fields.get("object_id"))
    if not (name and object_id):
        raise PayloadError("The body is no FreshBooks form: it needs a name and an object_id.")
    event_id, account = f"{name}:{object_id}", account or source.account
    if name == _DELETED:
        envelope = Envelope(PROVIDER, account, source.name, event_id, webhook.received_at)
        return (envelope.profile(CustomerRef(id=object_id, deleted=True), {"customer": object_id}),)
    kind = _KINDS.get(name)
    if not kind:
        return ()
    if not account:
        raise PayloadError(f"The FreshBooks event {name} names no account_id.")
    return (ObjectReference(source.name, event_id, webhook.received_at, kind, object_id, account),)


def _task(fields: Mapping[str, str], account: str, webhook: Webhook, source: Source) -> OperatorTask:
    """Every verifier of a callback waits by itself, so that a made-up one replaces no genuine one."""
    found = _handshake(fields)
    if not found:
        raise PayloadError("The body is no FreshBooks handshake: object_id or verifier is not of their shape.")
    callback, verifier = found
    return OperatorTask(
        source.name,
        "verifier",
        f"{callback}-{hashlib.sha256(verifier.encode()).hexdigest()[:8]}",
        webhook.received_at,
        details={"callback": callback, "verifier": verifier} | ({"account": account} if account else {}),
        lives=timedelta(days=1),
        urgent=False,
        most=_MOST_VERIFIERS,
    )
