"""Stripe: timestamped HMAC signatures, and the events that mean something to a survey.

docs/providers/stripe.md tables every kind; the tests read that table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, parse, section, text
from afterbill.connectors._kit.methods import method_of
from afterbill.connectors._kit.signatures import any_match, digest, keys_of, seconds
from afterbill.connectors.stripe import charges, customers, payments, subscriptions
from afterbill.connectors.stripe.envelope import FIRST_PAYMENTS_MARKED, StripeEvent, parse_event
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook, check_time

HEADERS: frozenset[str] = frozenset()
"""Everything Stripe says stands in the body."""

_READERS: Mapping[str, Callable[[StripeEvent], BillingEvent | None]] = {
    "invoice.paid": payments.invoice_paid,
    "invoice.payment_succeeded": payments.invoice_paid,
    "invoice.payment_failed": payments.invoice_failed,
    "invoice_payment.paid": payments.invoice_payment_paid,
    "checkout.session.completed": payments.session_completed,
    "checkout.session.async_payment_succeeded": payments.session_paid,
    "checkout.session.async_payment_failed": payments.session_failed,
    "invoice.voided": payments.invoice_voided,
    "payment_intent.succeeded": charges.intent_succeeded,
    "payment_intent.payment_failed": charges.intent_failed,
    "charge.succeeded": charges.charge_succeeded,
    "charge.failed": charges.charge_failed,
    "charge.refunded": charges.charge_refunded,
    "charge.dispute.created": charges.dispute_created,
    "customer.created": customers.customer_changed,
    "customer.updated": customers.customer_changed,
    "customer.deleted": customers.customer_deleted,
    "customer.subscription.created": subscriptions.created,
    "customer.subscription.updated": subscriptions.updated,
    "customer.subscription.deleted": subscriptions.deleted,
    "customer.subscription.resumed": subscriptions.resumed,
    "customer.subscription.trial_will_end": subscriptions.trial_will_end,
    "subscription_schedule.completed": subscriptions.schedule_completed,
    "quote.accepted": payments.quote_accepted,
}

_BARE = {
    "payment_intent.succeeded": "payment_intent.succeeded",
    "payment_intent.payment_failed": "payment_intent.succeeded",
    "charge.succeeded": "charge.succeeded",
    "charge.failed": "charge.succeeded",
}
"""They come with every invoice too, and since 2025-03-31 do not say so. So they are read where they say that there is
no invoice, and where `[sources.NAME.types]` names them; whoever names a success wants its failure too."""

ABOUT = About(
    title="Stripe",
    proof="HMAC-SHA256 with a time",
    address=Address.SOME,
    secret="the endpoint's signing secret, whsec_...",
    shape=SecretShape(
        "whsec_ and 32 letters and digits or more",
        must=r"whsec_[!-~]+",
        usual=r"whsec_[A-Za-z0-9]{32,}",
        mistaken={
            "sk_": "a secret key of the API",
            "rk_": "a restricted key of the API",
            "pk_": "a publishable key of the API",
            "we_": "the id of the endpoint",
        },
    ),
    register="Dashboard, Workbench, Webhooks: add a destination",
    events=tuple(_READERS),
    unverified=(
        "how long an old secret still signs after it was rolled",
        "what a subscription says of an end that its schedule brought",
    ),
)


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
    """Check `Stripe-Signature` (t=..., v1=hex of HMAC-SHA256 over t, a dot and the body) against every secret.

    The signature comes first: whoever cannot sign learns nothing about our clock, and STALE is said of Stripe's
    own bytes only. The key is the whole secret as text, `whsec_` included; schemes other than v1 are passed over.
    """
    header = webhook.headers.get("stripe-signature", "")
    if not header:
        return Refusal.MISSING
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for scheme, _, value in parts if scheme == "t"]
    signatures = [value for scheme, _, value in parts if scheme == "v1" and value]
    signed_at = seconds(times[0]) if len(times) == 1 else None
    if signed_at is None or not signatures:
        return Refusal.MALFORMED
    signed = b"%b.%b" % (times[0].encode(), webhook.body)
    if not any_match(_expected(secrets, signed), signatures):
        return Refusal.MISMATCH
    return check_time(signed_at, now)


def _expected(secrets: Sequence[str], signed: bytes) -> Iterator[str]:
    return (digest(key, signed).hex() for key in keys_of(secrets))


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Stripe would send it at `received_at`."""
    at = str(int(webhook.received_at.timestamp()))
    mac = next(_expected([secret], b"%b.%b" % (at.encode(), webhook.body)), "")
    return replace(webhook, headers={**webhook.headers, "stripe-signature": f"t={at},v1={mac}"})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing event in a Stripe event of either payload shape (before and after 2025-03-31)."""
    payload = parse(webhook.body)
    if payload.get("object") == "v2.core.event":
        return ()
    kind = payload.get("type")
    if payload.get("object") != "event" or not isinstance(kind, str):
        raise PayloadError('The body is not a Stripe event: it needs "object": "event" and a type.')
    reader = _READERS.get(kind)
    if not reader or (kind in _BARE and not _named(kind, source) and not _without_invoice(payload)):
        return ()
    received = parse_event(payload, kind, source)
    event = reader(received)
    if event and not event.payment_method and (method := _paid_by(received.content)):
        event = replace(event, payment_method=method)
    return (with_basis(event, source.fields, *customers.consent_fields(received.content)),) if event else ()


_PAYING = frozenset({"payment_method", "last_payment_error", "charge", "payment_method_types", "payment_settings"})


def _paid_by(content: Json) -> str:
    """The way of paying that an object beside a charge tells, else the only one that was allowed."""
    if _PAYING.isdisjoint(content):
        return ""
    told = (
        section(content, "payment_method").get("type"),
        section(content, "last_payment_error", "payment_method").get("type"),
        section(content, "charge", "payment_method_details").get("type"),
    )
    allowed = content.get("payment_method_types") or section(content, "payment_settings").get("payment_method_types")
    only = allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else None
    return next(filter(None, map(method_of, (*told, only))), "")


def _named(kind: str, source: Source) -> bool:
    return kind in source.types or _BARE[kind] in source.types


def _without_invoice(payload: Json) -> bool:
    """Tell whether a payment says that it is for no invoice; one that says nothing may be for one.

    localstripe speaks the API of 2017 and says so of every payment.
    """
    recent = (text(payload.get("api_version")) or "") >= FIRST_PAYMENTS_MARKED
    return recent and section(payload, "data", "object").get("invoice", "unsaid") is None
