"""Lemon Squeezy: HMAC over the body, and a merchant of record's orders, subscriptions and their invoices.

docs/providers/lemonsqueezy.md tables every event; the tests read that table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.envelope import PAYMENT, Envelope, WebhookEvent
from afterbill.connectors._kit.json import (
    Json,
    address,
    identifier,
    identifiers,
    integer,
    iso_moment,
    parse,
    section,
    text,
)
from afterbill.connectors._kit.money import from_minor
from afterbill.connectors._kit.signatures import BodySignature, hexadecimal
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Reply, Source, Webhook

HEADERS: frozenset[str] = frozenset()
"""Everything Lemon Squeezy says stands in the body too."""

ACCEPTED = Reply(200)
"""Anything else is tried three more times within minutes."""

_ORDER_IN_URL = re.compile(r"/my-orders/([0-9a-f]{8}-[0-9a-f-]{27})(?:[/?]|$)")
_BOUGHT = ("paid", "refunded", "partial_refund")
_FRAUD = "fraudulent"
_REASONS = {"initial": Touchpoint.SUBSCRIPTION_STARTED, "renewal": Touchpoint.RENEWED}


@dataclass(frozen=True, slots=True)
class _Event(WebhookEvent):
    """A Lemon Squeezy event: `content` are the attributes of its data."""

    data: Json


_SIGNATURE = BodySignature("x-signature", hexadecimal)
verify, sign = _SIGNATURE.verify, _SIGNATURE.sign


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The event in a webhook of the source's store, or of any store where the source names none."""
    payload = parse(webhook.body)
    kind, data = text(section(payload, "meta").get("event_name")), section(payload, "data")
    if not kind or not data:
        raise PayloadError("The body is not a Lemon Squeezy event: it needs meta.event_name and data.")
    reader = _READERS.get(kind)
    attributes = section(data, "attributes")
    store = identifier(attributes.get("store_id"))
    if not reader or (source.account and store and store != source.account):
        return ()
    envelope = _envelope(payload, kind, webhook, source)
    event = reader(_Event(f"Lemon Squeezy event {kind}", envelope, attributes, data))
    return (with_basis(event, source.fields, section(payload, "meta").get("custom_data")),) if event else ()


def _envelope(payload: Json, kind: str, webhook: Webhook, source: Source) -> Envelope:
    """Ids are unique over all stores; events have none, but an object changes with each."""
    data, attributes = section(payload, "data"), section(payload, "data", "attributes")
    parts = (kind, text(data.get("type")), identifier(data.get("id")), text(attributes.get("updated_at")))
    times = (attributes.get("updated_at"), attributes.get("created_at"))
    # An order is bought once; its later changes, as a refund of a part, are of other days.
    times = times[::-1] if kind == "order_created" else times
    return Envelope(
        provider="lemonsqueezy",
        account="",
        source=source.name,
        event_id=":".join(part or "" for part in parts)[:255],
        occurred_at=next(filter(None, map(iso_moment, times)), webhook.received_at),
        test=any(one.get("test_mode") is True for one in (attributes, section(payload, "meta"))),
    )


def _order_created(received: _Event) -> BillingEvent | None:
    """An order; one that still waits for its payment, or never gets it, teaches nothing."""
    order = received.content
    if order.get("status") == _FRAUD:
        return _order_cancelled(received)
    if order.get("status") == "paid" and not _begins_trial(order):
        return _order(received, Touchpoint.ORDER_PAID, PAYMENT, "", order.get("total"))
    if order.get("status") not in _BOUGHT:
        return None
    return received.envelope.profile(_customer(order), _order_objects(received))


def _begins_trial(order: Json) -> bool:
    """Tell whether what costs something is given for nothing, and no discount is why."""
    price = integer(section(order, "first_order_item").get("price"))
    return order.get("total") == 0 and not order.get("discount_total") and bool(price)


def _order_cancelled(received: _Event) -> BillingEvent:
    """Report an order that Lemon Squeezy found to be a fraud."""
    touchpoint = Touchpoint.ORDER_CANCELLED
    return _order(received, touchpoint, touchpoint.value, "", received.content.get("total"))


def _order_refunded(received: _Event) -> BillingEvent | None:
    """Each further part raises the sum and is a fact of its own."""
    returned = _returned(received.content)
    if returned == 0:
        return _order_cancelled(received) if received.content.get("status") == _FRAUD else None
    return _order(received, Touchpoint.REFUNDED, "refunded", str(returned or ""), returned)


def _order(received: _Event, touchpoint: Touchpoint, meaning: str, occurrence: str, amount: object) -> BillingEvent:
    order, objects = received.content, _order_objects(received)
    item = section(order, "first_order_item")
    return received.envelope.fact(
        touchpoint,
        (received.require(objects.get("order"), "order"), meaning, occurrence),
        _customer(order),
        objects,
        money=from_minor(amount, order.get("currency")),
        products=tuple(filter(None, (_title(item),))),
    )


def _order_objects(received: _Event) -> dict[str, str]:
    """The order under its UUID: an invoice knows no other, and numbers of orders and invoices may be the same."""
    order = text(received.content.get("identifier")) or identifier(received.data.get("id"))
    return identifiers(order=order, customer=received.content.get("customer_id"))


def _paid(received: _Event) -> BillingEvent:
    """`subscription_payment_success`; a first one over nothing that no discount explains begins a trial."""
    invoice = received.content
    reason = text(invoice.get("billing_reason")) or ""
    if reason == "initial" and invoice.get("total") == 0 and not invoice.get("discount_total"):
        return received.envelope.profile(_customer(invoice), _invoice_objects(received))
    return _invoice(received, _REASONS.get(reason, Touchpoint.PAYMENT_SUCCEEDED), PAYMENT, "", invoice.get("total"))


def _recovered(received: _Event) -> BillingEvent:
    """`subscription_payment_recovered`, always sent beside the success of the same invoice."""
    return _invoice(received, Touchpoint.PAYMENT_RECOVERED, PAYMENT, "", received.content.get("total"))


def _failed(received: _Event) -> BillingEvent:
    """`subscription_payment_failed`: the invoice stays, every attempt changes it."""
    attempt = text(received.content.get("updated_at")) or ""
    return _invoice(received, Touchpoint.PAYMENT_FAILED, "payment_failed", attempt, received.content.get("total"))


def _payment_refunded(received: _Event) -> BillingEvent | None:
    """`subscription_payment_refunded`, in whole or in part."""
    returned = _returned(received.content)
    if returned == 0:
        return None
    return _invoice(received, Touchpoint.REFUNDED, "refunded", str(returned or ""), returned)


def _invoice(received: _Event, touchpoint: Touchpoint, meaning: str, occurrence: str, amount: object) -> BillingEvent:
    """Make a fact about an invoice; a subscription's first one is the order it was bought with.

    A failure takes back the success of the same invoice.
    """
    invoice, objects = received.content, _invoice_objects(received)
    failed = touchpoint is Touchpoint.PAYMENT_FAILED
    paid = objects.get("order") or objects.get("invoice")
    subject = received.require(objects.get("invoice") if failed else paid, "invoice")
    return received.envelope.fact(
        touchpoint,
        (subject, meaning, occurrence),
        _customer(invoice),
        objects,
        money=from_minor(amount, invoice.get("currency")),
        takes_back=(paid, PAYMENT, "") if failed and paid else None,
    )


def _invoice_objects(received: _Event) -> dict[str, str]:
    invoice = received.content
    return identifiers(
        order=_first_order(invoice),
        invoice=received.data.get("id") if received.data.get("type") != "subscriptions" else None,
        subscription=invoice.get("subscription_id"),
        customer=invoice.get("customer_id"),
    )


def _first_order(invoice: Json) -> str | None:
    """The order's UUID, which an invoice tells in its address only.

    Later invoices show the same one, but are payments of their own.
    """
    shown = _ORDER_IN_URL.search(text(section(invoice, "urls").get("invoice_url"), 2000) or "")
    return shown[1] if shown and invoice.get("billing_reason") == "initial" else None


def _returned(invoice: Json) -> int | None:
    """Return the sum refunded so far, 0 for nothing; before there were partial refunds it was always everything."""
    part = integer(invoice.get("refunded_amount"))
    return integer(invoice.get("total")) if part is None else part


def _subscribed(received: _Event) -> BillingEvent:
    """Make a profile update of a subscription: its payments are reported by its invoices."""
    subscription = received.content
    return received.envelope.profile(
        _customer(subscription),
        _subscription_objects(received),
        _title(subscription),
        subscription_state=_running(subscription),
    )


def _running(subscription: Json) -> SubscriptionState | None:
    """Return RUNNING if it runs and is not cancelled: not yet, or not any more."""
    runs = subscription.get("status") in ("on_trial", "active", "past_due")
    return SubscriptionState.RUNNING if runs and subscription.get("cancelled") is not True else None


def _cancelled(received: _Event) -> BillingEvent:
    """`subscription_cancelled` announces the end that `subscription_expired` reports; a resumed one may end again."""
    objects = _subscription_objects(received)
    ends_at = iso_moment(received.content.get("ends_at"))
    about = (
        received.require(objects.get("subscription"), "subscription"),
        "cancelled",
        ends_at.date().isoformat() if ends_at else "",
    )
    customer, plan = _customer(received.content), _title(received.content)
    return received.envelope.fact(Touchpoint.CANCELLED, about, customer, objects, plan=plan)


def _subscription_objects(received: _Event) -> dict[str, str]:
    return identifiers(subscription=received.data.get("id"), customer=received.content.get("customer_id"))


def _customer(content: Json) -> CustomerRef:
    paid_by = text(content.get("card_brand")) or ("paypal" if content.get("payment_processor") == "paypal" else None)
    return CustomerRef(
        id=identifier(content.get("customer_id")),
        email=address(content.get("user_email")),
        name=text(content.get("user_name")),
        attributes={"payment_method": paid_by} if paid_by else {},
    )


def _title(sold: Json) -> str | None:
    """The product, and its variant where it has more than one."""
    product, variant = text(sold.get("product_name")), text(sold.get("variant_name"))
    if not variant or variant == "Default":
        return product
    return text(f"{product} ({variant})") if product else variant


_READERS: Mapping[str, Callable[[_Event], BillingEvent | None]] = {
    "order_created": _order_created,
    "order_refunded": _order_refunded,
    "subscription_payment_success": _paid,
    "subscription_payment_recovered": _recovered,
    "subscription_payment_failed": _failed,
    "subscription_payment_refunded": _payment_refunded,
    "subscription_cancelled": _cancelled,
    "subscription_expired": _cancelled,
    "subscription_created": _subscribed,
    "subscription_updated": _subscribed,
    "subscription_resumed": _subscribed,
    "subscription_paused": _subscribed,
    "subscription_unpaused": _subscribed,
    "subscription_plan_changed": _subscribed,
}

ABOUT = About(
    title="Lemon Squeezy",
    proof="HMAC-SHA256 of the body",
    address=Address.PAYLOAD,
    secret="the webhook's signing secret, 6 to 40 characters of your choice",
    shape=SecretShape(
        "6 to 40 characters of your choice, best 16 or more",
        must=r".{6,40}",
        mistaken={"eyJ": "a key of the API"},
    ),
    register="Settings, Webhooks: add an endpoint",
    events=tuple(_READERS),
    unverified=(
        "that the invoice address of a first payment shows the UUID of its order",
        "subscription_plan_changed",
        "amounts in currencies without two decimals",
    ),
)
