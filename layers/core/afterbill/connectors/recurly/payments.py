"""Read from the API whose payment it was and of which invoice, and which one a refund gives back."""

from collections.abc import Mapping
from datetime import datetime

from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import Json, identifier, identifiers, iso_moment, records, section, text
from afterbill.connectors.recurly.site import PATHS, Resolver, Site, amount_in, customer_of
from afterbill.connectors.recurly.states import on_trial
from afterbill.connectors.recurly.words import (
    NO_PAYMENT,
    NOT_RETURNED,
    REFUND_IN_XML,
    is_late,
    payment_of,
    touchpoint_of,
)
from afterbill.model.billing import BillingEvent, CustomerRef, Money, OperatorTask, Touchpoint

_MOST_LINES = 10
_MOST_ATTEMPTS = 20


def _paid_invoice(number: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    return _invoice(site.get(PATHS["invoice"], number), {}, envelope, site)


def _paid(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent | OperatorTask, ...]:
    transaction = site.get(PATHS["payment"], uuid)
    if not transaction:
        return ()
    if transaction.get("type") == "refund":
        return _refunded(uuid, envelope, site)
    number = identifier(section(transaction, "invoice").get("number"))
    events = _invoice(site.get(PATHS["invoice"], number), transaction, envelope, site) if number else ()
    return events or (_payment(uuid, transaction, envelope, site),)


def _failed(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    """A failed attempt; one by bank may be told as a success first, and is then taken back."""
    transaction = site.get(PATHS["payment"], uuid)
    number = identifier(section(transaction, "invoice").get("number"))
    invoice = site.get(PATHS["invoice"], number) if number else {}
    subscription = identifier(_subscription_of(invoice, site).get("uuid"))
    others = [one for one in records(invoice.get("transactions"), _MOST_ATTEMPTS) if one.get("uuid") != uuid]
    _, paid = _called({**invoice, "transactions": others}, subscription, number or uuid, envelope.occurred_at)
    objects = {**_named(uuid, transaction), **identifiers(subscription=subscription)}
    customer, money = customer_of(transaction, site, transaction), amount_in(transaction, "amount")
    late = is_late(envelope.occurred_at, iso_moment(transaction.get("created_at")))
    back, about = paid if late or not subscription else None, (uuid, "payment_failed", "")
    return (envelope.fact(Touchpoint.PAYMENT_FAILED, about, customer, objects, money=money, takes_back=back),)


def _voided(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    """A payment that was given back before it settled; an authorisation or the check of a card was none."""
    transaction = site.get(PATHS["payment"], uuid)
    money = amount_in(transaction, "amount")
    if transaction.get("type") in NO_PAYMENT or (money and money.amount == 0):
        return ()
    customer = customer_of(transaction, site, transaction)
    about = (uuid, "refunded", "")
    return (envelope.fact(Touchpoint.REFUNDED, about, customer, _named(uuid, transaction), money=money),)


def _named(uuid: str, transaction: Json) -> dict[str, str]:
    """Return the ids by kind that a payment has and names."""
    return identifiers(
        payment=uuid,
        transaction=transaction.get("id"),
        invoice=section(transaction, "invoice").get("number"),
        customer=section(transaction, "account").get("code"),
    )


def _refunded(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent | OperatorTask, ...]:
    """A refund; it names its payment by another id than the notification of that payment did."""
    transaction = site.get(PATHS["payment"], uuid)
    money = amount_in(transaction, "amount")
    if transaction.get("status") in NOT_RETURNED or (money and money.amount == 0):
        return ()
    original = _original(transaction, site)
    named = identifiers(
        refund=uuid,
        invoice=section(transaction, "invoice").get("number"),
        customer=section(transaction, "account").get("code"),
    )
    objects = {**named, **original}
    customer = customer_of(transaction, site, transaction)
    refund = envelope.fact(Touchpoint.REFUNDED, (uuid, "refunded", ""), customer, objects, money=money)
    return (refund,) if original else (refund, envelope.unmatched(uuid))


def _refund_in_xml(uuid: str, envelope: Envelope, site: Site) -> tuple[BillingEvent | OperatorTask, ...]:
    """Tie a refund that XML told to its payment: it named a credit note only."""
    original = _original(site.get(PATHS["payment"], uuid), site)
    if not original:
        return (envelope.unmatched(uuid),)
    about = (next(iter(original.values())), PAYMENT, "")
    return (envelope.fact(None, about, CustomerRef(), {"refund": uuid, **original}),)


def _original(refund: Json, site: Site) -> dict[str, str]:
    """Return the ids of the payment that a refund gives back: of its transaction, else of the invoice credited."""
    first = identifier(refund.get("original_transaction_id"))
    # A notification that names the payment itself leads to that.
    payment = site.get("/transactions/", first) if first else refund if refund.get("type") == "purchase" else {}
    if payment or first:
        number = section(payment, "invoice").get("number")
        return identifiers(transaction=first or payment.get("id"), payment=payment.get("uuid"), invoice=number)
    number = identifier(section(refund, "invoice").get("number"))
    invoice = site.get(PATHS["invoice"], number) if number else {}
    previous = identifier(invoice.get("previous_invoice_id"))
    charged = site.get("/invoices/", previous) if previous else invoice
    return identifiers(invoice=None if charged.get("type") == "credit" else charged.get("number"))


def _invoice(invoice: Json, transaction: Json, envelope: Envelope, site: Site) -> tuple[BillingEvent, ...]:
    """The payment of an invoice; `transaction` is what is known of it beyond the invoice."""
    number = identifier(invoice.get("number"))
    if not number or invoice.get("type") == "credit":
        return ()
    subscription = _subscription_of(invoice, site)
    uuid = identifier(subscription.get("uuid"))
    attempts = records(invoice.get("transactions"), _MOST_ATTEMPTS)
    paid = next((one for one in attempts if one.get("status") == "success"), transaction)
    touchpoint, about = _called(invoice, uuid, number, envelope.occurred_at)
    money = _paid_amount(invoice)
    if touchpoint is Touchpoint.SUBSCRIPTION_STARTED and on_trial(subscription, envelope.occurred_at):
        if money and money.amount == 0:
            return ()
        touchpoint = Touchpoint.PAYMENT_SUCCEEDED  # what setting up costs
    plan = section(subscription, "plan")
    event = envelope.fact(
        touchpoint,
        about,
        customer_of(invoice, site, paid),
        identifiers(
            invoice=number,
            payment=paid.get("uuid"),
            transaction=paid.get("id"),
            subscription=uuid,
            customer=section(invoice, "account").get("code"),
        ),
        money=money,
        plan=text(plan.get("name")) or text(plan.get("code")),
        products=_products(invoice),
    )
    return (event,)


def _called(
    invoice: Json, uuid: str | None, number: str, otherwise: datetime
) -> tuple[Touchpoint, tuple[str, str, str]]:
    """Touchpoint and identity; a recovered payment comes days after the renewal and is a fact of its own."""
    touchpoint = touchpoint_of(invoice.get("origin"), uuid)
    refused = [one for one in records(invoice.get("transactions"), _MOST_ATTEMPTS) if one.get("status") == "declined"]
    if refused and touchpoint is not Touchpoint.SUBSCRIPTION_STARTED:
        return Touchpoint.PAYMENT_RECOVERED, (number, PAYMENT, "")
    return touchpoint, payment_of(uuid, iso_moment(invoice.get("created_at")) or otherwise, number)


def _products(invoice: Json) -> tuple[str, ...]:
    lines = invoice.get("line_items")
    listed = lines.get("data") if isinstance(lines, dict) else lines
    names = [text(line.get("description")) for line in records(listed, _MOST_LINES)]
    return tuple(dict.fromkeys(name for name in names if name))


def _payment(uuid: str, transaction: Json, envelope: Envelope, site: Site) -> BillingEvent:
    """A payment whose invoice is gone or was never made."""
    customer, money = customer_of(transaction, site, transaction), amount_in(transaction, "amount")
    objects = identifiers(
        payment=uuid, transaction=transaction.get("id"), customer=section(transaction, "account").get("code")
    )
    return envelope.fact(Touchpoint.PAYMENT_SUCCEEDED, (uuid, PAYMENT, ""), customer, objects, money=money)


def _subscription_of(invoice: Json, site: Site) -> Json:
    """The invoice's first subscription; its own ids are not the UUIDs that notifications name."""
    ids = invoice.get("subscription_ids")
    first = identifier(ids[0]) if isinstance(ids, list) and ids else None
    return site.get("/subscriptions/", first) if first else {}


def _paid_amount(invoice: Json) -> Money | None:
    """The sum that was paid; the total where nothing went through Recurly, since it was paid in another way."""
    paid = amount_in(invoice, "paid")
    return paid if paid and paid.amount else amount_in(invoice, "total")


PAYMENTS: Mapping[str, Resolver] = {
    "payment.succeeded": _paid,
    "charge_invoice.paid": _paid_invoice,
    "payment.failed": _failed,
    "payment.voided": _voided,
    "payment.refunded": _refunded,
    REFUND_IN_XML: _refund_in_xml,
}
"""Resolvers by kind of notification."""
