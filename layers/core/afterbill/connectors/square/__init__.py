"""Square: an HMAC over the registered address and the body, and an API for what the payload leaves out.

docs/providers/square.md tables every kind; the tests read that table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import identifier, parse, section, text
from afterbill.connectors._kit.signatures import base64_text, check_body, digest, keys_of
from afterbill.connectors.square import facts, subscriptions
from afterbill.connectors.square.customers import customer_changed, customer_deleted, find_customer, objected_at
from afterbill.connectors.square.envelope import SquareEvent, parse_event
from afterbill.intake.connector import About, Address, Api, Login, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook

__all__ = ["ABOUT", "API", "HEADERS", "find_customer", "normalise", "sign", "verify"]

_HEADER = "x-square-hmacsha256-signature"
_ENVIRONMENT = "square-environment"

HEADERS = frozenset({_ENVIRONMENT})
"""Kept because no payload says whether a sandbox sent it."""

API = Api("https://connect.squareup.com", Login.KEY, sandbox_url="https://connect.squareupsandbox.com")

_READERS: Mapping[str, Callable[[SquareEvent], tuple[BillingEvent, ...]]] = {
    "payment.created": facts.payment_changed,
    "payment.updated": facts.payment_changed,
    "invoice.payment_made": facts.invoice_paid,
    "invoice.scheduled_charge_failed": facts.invoice_failed,
    "invoice.refunded": facts.invoice_refunded,
    "invoice.canceled": facts.invoice_cancelled,
    "refund.created": facts.refund_changed,
    "refund.updated": facts.refund_changed,
    "dispute.created": facts.dispute_created,
    "order.updated": facts.order_updated,
    "order.fulfillment.updated": facts.fulfilment_updated,
    "subscription.created": subscriptions.subscription_created,
    "subscription.updated": subscriptions.subscription_updated,
    "customer.created": customer_changed,
    "customer.updated": customer_changed,
    "customer.deleted": customer_deleted,
}

ABOUT = About(
    title="Square",
    proof="HMAC-SHA256 over address and body",
    address=Address.MIXED,
    secret="the subscription's signature key",
    shape=SecretShape(
        "22 letters, digits, - and _",
        usual=r"[A-Za-z0-9_-]{22}",
        mistaken={
            "EAAA": "an access token of the API",
            "sq0": "an id or a secret of the application",
            "sandbox-sq0": "an id or a secret of the application",
            "wbhk_": "the id of the subscription",
        },
    ),
    register="Developer Console, the application, Webhooks, Subscriptions",
    events=tuple(_READERS),
    needs={"url": "the notification URL as Square shows it: Square signs it with every webhook"},
    unverified=(
        "buyer_email_address of payments",
        "the paths of Square's API for payments, orders and customers",
        "the shape of dispute.created, customer.deleted, invoice.refunded and invoice.canceled",
    ),
)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing timed
    """Check the base64 HMAC-SHA256 over the source's configured address and the raw body against every secret.

    The address of the request itself proves nothing, so without a configured one nothing verifies. The older
    `x-square-signature` (SHA-1) is not read. No time is signed: a replay meets its own fact.
    """
    if not webhook.headers.get(_HEADER):
        return Refusal.MISSING
    return check_body(_HEADER, _signed(webhook), secrets, base64_text) if webhook.url else Refusal.MALFORMED


def _signed(webhook: Webhook) -> Webhook:
    """The webhook with the bytes that Square signs in place of its body."""
    return replace(webhook, body=webhook.url.encode("utf-8", "surrogatepass") + webhook.body)


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Square would send it to its `url`."""
    macs = (base64_text(digest(key, _signed(webhook).body)) for key in keys_of([secret]))
    return replace(webhook, headers={**webhook.headers, _HEADER: next(macs, "")})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing events in a Square notification; a test notification has none."""
    payload = parse(webhook.body)
    kind = text(payload.get("type"))
    if not kind:
        raise PayloadError("The body is not a Square event: it has no type.")
    reader, data = _READERS.get(kind), section(payload, "data")
    merchant = identifier(payload.get("merchant_id"))
    foreign = source.account and merchant and merchant != source.account
    if reader is None or foreign or not (section(data, "object") or data.get("deleted") is True):
        return ()
    sandbox = webhook.headers.get(_ENVIRONMENT, "").strip().lower() == "sandbox"
    unsubscribed_at = objected_at(section(data, "object", "customer"))
    events = reader(parse_event(payload, kind, source, sandbox=sandbox))
    return tuple(with_basis(event, source.fields, objected_at=unsubscribed_at) for event in events)
