"""CloudEvents 1.0 over HTTP: any system that puts the neutral body, or one that is mapped onto it, into `data`.

docs/providers/cloudevents.md shows the events and how a source maps foreign ones.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from afterbill.connectors._kit.json import Json, parse_any, text
from afterbill.connectors._kit.neutral import read
from afterbill.connectors._kit.signatures import any_match, keys_of
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

_NEEDED = ("id", "source", "type", "specversion")
_ATTRIBUTES = (*_NEEDED, "time", "subject")

ABOUT = About(
    title="CloudEvents",
    proof="a bearer token",
    address=Address.PAYLOAD,
    secret="the token it sends as Authorization: Bearer",
    shape=SecretShape(
        "a token of your choice, no blanks, best 16 characters or more",
        must=r"[!-~]+",
        mistaken={"Bearer ": "the token with the name of its scheme"},
    ),
    register="wherever the sender keeps its subscriptions",
    events=(),
    handshake="OPTIONS with WebHook-Request-Origin is answered",
)

HEADERS: frozenset[str] = frozenset(f"ce-{name}" for name in _ATTRIBUTES) | {"content-type"}
"""Headers that hold the attributes when the body holds the data alone."""

METHODS = ("POST", "OPTIONS")
ACCEPTED = Reply(202)
REFUSED = Reply(401, headers={"WWW-Authenticate": 'Bearer realm="afterbill"'})

_ORIGIN = re.compile(r"\*|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?")
_STRUCTURED = "application/cloudevents"
_LONGEST = 255


def handshake(webhook: Webhook, secrets: Sequence[str]) -> Reply | None:  # noqa: ARG001  # consent precedes every secret
    """Consent to whoever asks to send: what then comes still has to prove itself."""
    origin = webhook.headers.get("webhook-request-origin", "")
    if webhook.method != "OPTIONS" or not _ORIGIN.fullmatch(origin):
        return None
    allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"}
    return Reply(200, "", allowed)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing is dated
    """Check the bearer token, or the `access_token` of the address; CloudEvents are not signed."""
    scheme, _, token = webhook.headers.get("authorization", "").partition(" ")
    presented = [token.strip()] if scheme.lower() == "bearer" else []
    presented = [one for one in (*presented, webhook.query.get("access_token", "")) if one]
    if not presented:
        return Refusal.MISSING
    keys = (key.decode(errors="replace") for key in keys_of(secrets))
    return None if any_match(keys, presented) else Refusal.MISMATCH


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook with the token a sender would send."""
    return replace(webhook, headers={**webhook.headers, "authorization": f"Bearer {secret}"})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | PayloadError, ...]:
    """The billing events of one CloudEvent or a batch; a bad one of a batch becomes an error in its place."""
    content_type = webhook.headers.get("content-type", "").lower()
    # A structured event may repeat its attributes as headers.
    if not content_type.startswith(_STRUCTURED) and any(f"ce-{name}" in webhook.headers for name in _NEEDED):
        return _event(_binary(webhook), source, webhook.received_at)
    content = parse_any(webhook.body)
    if isinstance(content, dict):
        return _event(content, source, webhook.received_at)
    if not isinstance(content, list):
        raise PayloadError("The body is no CloudEvent: it is JSON, but neither an object nor a batch of them.")
    return tuple(_batch(content, source, webhook.received_at))


def _binary(webhook: Webhook) -> Json:
    """The event whose attributes are headers (percent-encoded) and whose body is the data."""
    attributes = {name: unquote(webhook.headers.get(f"ce-{name}", "")) for name in _ATTRIBUTES}
    event: dict[str, object] = {name: value for name, value in attributes.items() if value}
    if webhook.body:
        event["data_base64"] = base64.b64encode(webhook.body).decode()
    return event


def _batch(found: Sequence[object], source: Source, received_at: datetime) -> Iterator[BillingEvent | PayloadError]:
    for number, element in enumerate(found, start=1):
        try:
            if not isinstance(element, dict):
                raise PayloadError("it is no object.")  # noqa: TRY301  # told like every other element's fault
            yield from _event(element, source, received_at)
        except PayloadError as error:
            yield PayloadError(f"Event {number} of the batch: {error}")


def _event(event: Json, source: Source, received_at: datetime) -> tuple[BillingEvent, ...]:
    missing = [name for name in _NEEDED if not text(event.get(name))]
    if missing:
        raise PayloadError(f"The body is no CloudEvent: it has no usable {', '.join(missing)}.")
    data, readable = _data(event)
    neutral = {
        **{name: event.get(name) for name in ("id", "source", "subject")},
        "type": _meaning(text(event["type"]) or "", source.types),
        "timestamp": event.get("time"),
        "data": data,
    }
    events = read(neutral, source, _identity(event), received_at)
    if events and not readable:
        raise PayloadError("The event's data is not JSON.")
    return events


def _identity(event: Json) -> str:
    """Return an identity in one line; a long one is shortened to a digest."""
    name = f"{text(event.get('source'))} {text(event.get('id'))}"
    return name if len(name) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()


def _meaning(kind: str, types: Mapping[str, str]) -> str:
    """Ours for the longest mapped type this one starts with, dot by dot: versions at its end need no entry."""
    steps = kind.split(".")
    starts = (".".join(steps[:count]) for count in range(len(steps), 0, -1))
    return next((types[start] for start in starts if start in types), kind)


def _data(event: Json) -> tuple[object, bool]:
    """The data, and whether it could be read; what comes as base64 is JSON in bytes."""
    encoded = event.get("data_base64")
    if encoded is None:
        return event.get("data"), True
    try:
        return parse_any(base64.b64decode(encoded if isinstance(encoded, str) else "!", validate=True)), True
    except (ValueError, PayloadError):
        return None, False
