"""Paddle Billing: timestamped HMAC signatures, thin payloads, and an API that knows the customer.

docs/providers/paddle.md tables every kind; the tests read that table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import address, locale, parse, section, text
from afterbill.connectors._kit.signatures import any_match, digest, hexadecimal, keys_of, seconds
from afterbill.connectors.paddle import payments, subscriptions
from afterbill.connectors.paddle.envelope import PaddleEvent, parse_event, recurring
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook, check_time

HEADERS: frozenset[str] = frozenset()
"""Everything Paddle says stands in the body."""

ACCEPTED = Reply(200)
"""Paddle repeats whatever is answered otherwise."""

API = Api("https://api.paddle.com", Login.KEY, sandbox_url="https://sandbox-api.paddle.com")

_READERS: Mapping[str, Callable[[PaddleEvent], BillingEvent | None]] = {
    "transaction.completed": payments.transaction_paid,
    "transaction.paid": payments.transaction_paid,
    "transaction.payment_failed": payments.transaction_failed,
    "transaction.canceled": payments.transaction_cancelled,
    "transaction.past_due": payments.transaction_seen,
    "adjustment.created": payments.adjusted,
    "adjustment.updated": payments.adjusted,
    "subscription.created": subscriptions.subscription_created,
    "subscription.trialing": subscriptions.subscription_seen,
    "subscription.activated": subscriptions.subscription_activated,
    "subscription.updated": subscriptions.subscription_updated,
    "subscription.past_due": subscriptions.subscription_seen,
    "subscription.paused": subscriptions.subscription_seen,
    "subscription.resumed": subscriptions.subscription_seen,
    "subscription.imported": subscriptions.subscription_seen,
    "subscription.canceled": subscriptions.subscription_cancelled,
    "customer.created": subscriptions.customer_seen,
    "customer.updated": subscriptions.customer_seen,
    "customer.imported": subscriptions.customer_seen,
    "address.created": subscriptions.address_seen,
    "address.updated": subscriptions.address_seen,
    "address.imported": subscriptions.address_seen,
}

ABOUT = About(
    title="Paddle",
    proof="HMAC-SHA256 with a time",
    address=Address.MIXED,
    secret="the destination's secret key, pdl_ntfset_...",
    shape=SecretShape(
        "pdl_ntfset_, an id, _ and a key",
        must=r"pdl_ntf(set)?_[!-~]+",
        usual=r"pdl_ntf(set)?_[!-~]{32,}",
        mistaken={
            "pdl_live_apikey_": "a key of the API",
            "pdl_sdbx_apikey_": "a key of the API",
            "ntfset_": "the id of the destination",
        },
    ),
    register="Developer tools, Notifications: a new webhook destination",
    events=tuple(_READERS),
    unverified=(
        "the paths of Paddle's API and its bearer key",
        "that ids starting with ntfsim are those of simulations only",
        "how a subscription that was tried first looks when it is activated",
    ),
)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
    """Check `Paddle-Signature` (ts=...;h1=hex of HMAC-SHA256 over ts, a colon and the body) against every secret.

    The key is the whole secret as text. Several `h1` stand there while a secret is rotated; other keys are passed
    over. Paddle's own libraries allow five seconds, too few for a retried or cold start: the signed time may differ as
    much as everywhere else, and a replay within it meets its own fact.
    """
    header = webhook.headers.get("paddle-signature", "")
    if not header:
        return Refusal.MISSING
    parts = [part.strip().partition("=") for part in header.split(";")]
    times = [value for key, _, value in parts if key == "ts"]
    signatures = [value for key, _, value in parts if key == "h1" and value]
    signed_at = seconds(times[0]) if len(times) == 1 else None
    if signed_at is None or not signatures:
        return Refusal.MALFORMED
    if not any_match(_expected(secrets, times[0], webhook.body), signatures):
        return Refusal.MISMATCH
    return check_time(signed_at, now)


def _expected(secrets: Sequence[str], at: str, body: bytes) -> Iterator[str]:
    return (hexadecimal(digest(key, b"%b:%b" % (at.encode(), body))) for key in keys_of(secrets))


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Paddle would send it at `received_at`."""
    at = str(int(webhook.received_at.timestamp()))
    mac = next(_expected([secret], at, webhook.body), "")
    return replace(webhook, headers={**webhook.headers, "paddle-signature": f"ts={at};h1={mac}"})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing event in a Paddle notification."""
    payload = parse(webhook.body)
    kind = text(payload.get("event_type"))
    if not kind:
        raise PayloadError("The body is not an event of Paddle Billing: it has no event_type.")
    reader = _READERS.get(kind)
    event = reader(parse_event(payload, kind, source)) if reader else None
    data = section(payload, "data")
    places = (section(data, "customer").get("custom_data"), data.get("custom_data"))
    event = event and replace(event, recurring=recurring(data))
    return (with_basis(event, source.fields, *places),) if event else ()


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with what Paddle knows of its customer; unchanged where Paddle knows no such customer."""
    before = event.customer
    stored = section(call(f"/customers/{quote(before.id, safe='')}"), "data") if before.id else {}
    customer = replace(
        before,
        email=before.email or address(stored.get("email")),
        name=before.name or text(stored.get("name")),
        locale=before.locale or locale(stored.get("locale")),
    )
    return with_basis(replace(event, customer=customer), source.fields, stored.get("custom_data"))
