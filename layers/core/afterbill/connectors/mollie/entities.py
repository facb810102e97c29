"""Read Mollie's payments, orders, links, invoices and refunds, from webhooks and from its API."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    full_name,
    identifier,
    identifiers,
    iso_moment,
    locale,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint
from afterbill.model.errors import PayloadError

PROVIDER = "mollie"


def customer_of(entity: Json) -> CustomerRef:
    """The customer of a payment, an order or a link.

    `consumerAccount` is an IBAN, or with PayPal a mail address: nothing but an address is ever taken from it.
    """
    billing, details, metadata = (section(entity, part) for part in ("billingAddress", "details", "metadata"))
    method = text(entity.get("method"))
    return CustomerRef(
        id=identifier(entity.get("customerId")),
        email=address(
            billing.get("email"), entity.get("billingEmail"), metadata.get("email"), details.get("consumerAccount")
        ),
        name=_name(billing) or text(details.get("consumerName")),
        locale=locale(entity.get("locale")),
        country=country(billing.get("country"), entity.get("countryCode")),
        attributes={"payment_method": method} if method else {},
    )


def person_of(stored: Json) -> CustomerRef:
    """A stored customer (cst_...)."""
    return CustomerRef(
        id=identifier(stored),
        email=address(stored.get("email"), section(stored, "metadata").get("email")),
        name=text(stored.get("name")),
        locale=locale(stored.get("locale")),
    )


def _name(person: Json) -> str | None:
    return full_name(person.get("givenName"), person.get("familyName")) or text(person.get("organizationName"))


def _amount(value: object) -> Money | None:
    amount = section(value)
    return from_decimal(amount.get("value"), amount.get("currency"))


def _products(entity: Json) -> tuple[str, ...]:
    lines = records(entity.get("lines"), MOST_PRODUCTS)
    return tuple(name for line in lines if (name := text(line.get("name")) or text(line.get("description"))))


def _id_of(entity: Json, what: str) -> str:
    id_ = identifier(entity)
    if not id_:
        raise PayloadError(f"The Mollie {what} has no id.")
    return id_


def _at(envelope: Envelope, *times: object) -> Envelope:
    """The envelope at the first of these times that can be read, else at its own."""
    first = next((at for at in map(iso_moment, times) if at), None)
    return replace(envelope, occurred_at=first or envelope.occurred_at)


def _payment(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """A payment by its status; of one that belongs to an order the order is paid, whichever of the two reports it."""
    objects = identifiers(
        payment=_id_of(entity, "payment"),
        order=entity.get("orderId"),
        subscription=entity.get("subscriptionId"),
        customer=entity.get("customerId"),
    )
    subject = objects.get("order") or objects["payment"]
    money, customer = _amount(entity.get("amount")), customer_of(entity)
    if entity.get("status") == "failed":
        failed = _at(envelope, entity.get("failedAt"))
        about, paid_before = (objects["payment"], "payment_failed", ""), (subject, PAYMENT, "")
        return (failed.fact(Touchpoint.PAYMENT_FAILED, about, customer, objects, money=money, takes_back=paid_before),)
    if entity.get("status") != "paid":
        return ()
    paid = _at(envelope, entity.get("paidAt"), entity.get("createdAt")).fact(
        _paid_as(entity, objects), (subject, PAYMENT, ""), customer, objects, money=money, products=_products(entity)
    )
    return (paid, *_taken_back(entity, envelope, subject, objects))


def _paid_as(entity: Json, objects: Mapping[str, str]) -> Touchpoint:
    if "order" in objects:
        return Touchpoint.ORDER_PAID
    recurring = entity.get("sequenceType") == "recurring" and "subscription" in objects
    return Touchpoint.RENEWED if recurring else Touchpoint.PAYMENT_SUCCEEDED


def _taken_back(entity: Json, envelope: Envelope, subject: str, objects: Mapping[str, str]) -> tuple[BillingEvent, ...]:
    """Report the sum refunded so far, and the sum the bank fetched back; a higher sum is another refund."""
    customer = customer_of(entity)
    events: list[BillingEvent] = []
    refunded, charged_back = _amount(entity.get("amountRefunded")), _amount(entity.get("amountChargedBack"))
    if refunded and refunded.amount > 0:
        about = (subject, "refunded", str(refunded.amount))
        events.append(envelope.fact(Touchpoint.REFUNDED, about, customer, objects, money=refunded))
    if charged_back and charged_back.amount > 0:
        touchpoint = _charged_back_as(by_bank=entity.get("method") == "directdebit")
        events.append(envelope.fact(touchpoint, (subject, "disputed", ""), customer, objects, money=charged_back))
    return tuple(events)


def _charged_back_as(*, by_bank: bool) -> Touchpoint:
    """A bank returns a direct debit, often for want of money; the holder of a card disputes a payment."""
    return Touchpoint.PAYMENT_REVERSED if by_bank else Touchpoint.DISPUTED


_ORDER_STATES: Mapping[object, tuple[tuple[Touchpoint, str, str], ...]] = {
    "paid": ((Touchpoint.ORDER_PAID, PAYMENT, "paidAt"),),
    "completed": (
        (Touchpoint.ORDER_PAID, PAYMENT, "paidAt"),
        (Touchpoint.ORDER_FULFILLED, "order_fulfilled", "completedAt"),
    ),
    "canceled": ((Touchpoint.ORDER_CANCELLED, "order_cancelled", "canceledAt"),),
    "expired": ((Touchpoint.ORDER_CANCELLED, "order_cancelled", "expiredAt"),),
}
"""State of an order -> touchpoint, meaning and the field with its time."""


def _order(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """An order by its status; a completed one was paid and has been shipped, an expired one was never paid."""
    order = _id_of(entity, "order")
    objects = identifiers(order=order, customer=entity.get("customerId"))
    money, products = _amount(entity.get("amount")), _products(entity)
    states = _ORDER_STATES.get(entity.get("status"), ()) if isinstance(entity.get("status"), str) else ()
    events = tuple(
        _at(envelope, entity.get(when)).fact(
            touchpoint, (order, meaning, ""), customer_of(entity), objects, money=money, products=products
        )
        for touchpoint, meaning, when in states
    )
    return (*events, *_taken_back(entity, envelope, order, objects)) if events else ()


def _payment_link(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """A paid link; one that can be used again is a fact per event."""
    link = _id_of(entity, "payment link")
    if entity.get("status") != "paid" and not text(entity.get("paidAt")):
        return ()
    objects = identifiers(**{"payment-link": link, "customer": entity.get("customerId")})
    about = (link, PAYMENT, envelope.event_id if entity.get("reusable") is True else "")
    paid = _at(envelope, entity.get("paidAt"))
    money = _amount(entity.get("amount"))
    return (
        paid.fact(
            Touchpoint.PAYMENT_SUCCEEDED, about, customer_of(entity), objects, money=money, products=_products(entity)
        ),
    )


def _sales_invoice(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """A paid invoice; its recipient stands in it."""
    invoice = _id_of(entity, "sales invoice")
    if entity.get("status") != "paid":
        return ()
    recipient = section(entity, "recipient")
    customer = CustomerRef(
        id=identifier(entity.get("customerId")) or identifier(entity.get("recipientIdentifier")),
        email=address(recipient.get("email"), section(entity, "metadata").get("email")),
        name=_name(recipient),
        locale=locale(recipient.get("locale")),
        country=country(recipient.get("country")),
    )
    source = identifier(section(entity, "paymentDetails").get("sourceReference")) or ""
    objects = identifiers(invoice=invoice, payment=source if source.startswith("tr_") else None, customer=customer.id)
    about = (invoice, PAYMENT, "")
    money = _amount(entity.get("totalAmount")) or _amount(entity.get("amount"))
    return (
        _at(envelope, entity.get("paidAt")).fact(
            Touchpoint.PAYMENT_SUCCEEDED, about, customer, objects, money=money, products=_products(entity)
        ),
    )


def payment_of(entity: Json) -> str | None:
    """The payment that a refund or chargeback takes back, by its id or at the end of a link, which is never called."""
    _, _, linked = (text(section(entity, "_links", "payment").get("href")) or "").rpartition("/payments/")
    return identifier(entity.get("paymentId")) or text(linked)


def _refund(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """A refund that is on its way to the customer, from its queue on, or arrived."""
    refund = _id_of(entity, "refund")
    returned = from_decimal(section(entity, "amount").get("value"), section(entity, "amount").get("currency"))
    if entity.get("status") not in ("queued", "pending", "processing", "refunded") or (
        returned and not returned.amount
    ):
        return ()
    return (_reversal(entity, envelope, Touchpoint.REFUNDED, (refund, "refunded", ""), {"refund": refund}),)


def _chargeback(entity: Json, envelope: Envelope) -> tuple[BillingEvent, ...]:
    """A chargeback; its payment reports it too. Only a direct debit comes back with a reason of the bank."""
    chargeback = _id_of(entity, "chargeback")
    if iso_moment(entity.get("reversedAt")):
        return ()
    touchpoint = _charged_back_as(by_bank=bool(section(entity, "reason").get("code")))
    return (_reversal(entity, envelope, touchpoint, (payment_of(entity) or chargeback, "disputed", ""), {}),)


def _reversal(
    entity: Json, envelope: Envelope, touchpoint: Touchpoint, about: tuple[str, str, str], own: dict[str, str]
) -> BillingEvent:
    objects = own | identifiers(payment=payment_of(entity), order=entity.get("orderId"))
    money = _amount(entity.get("amount"))
    customer = CustomerRef(email=address(section(entity, "metadata").get("email")))
    return _at(envelope, entity.get("createdAt")).fact(touchpoint, about, customer, objects, money=money)


READERS: Mapping[str, Callable[[Json, Envelope], tuple[BillingEvent, ...]]] = {
    "payment": _payment,
    "order": _order,
    "payment-link": _payment_link,
    "sales-invoice": _sales_invoice,
    "refund": _refund,
    "chargeback": _chargeback,
}
"""Readers by the name Mollie gives the resource."""
