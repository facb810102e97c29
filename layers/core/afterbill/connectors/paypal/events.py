"""PayPal's events that mean something: payments, orders and invoices here, the others in modules of their own."""

from collections.abc import Callable, Mapping

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    identifier,
    identifiers,
    locale,
    records,
    section,
    text,
)
from afterbill.connectors.paypal import reversals, subscriptions
from afterbill.connectors.paypal.envelope import PayPalEvent, name_of, related_to
from afterbill.connectors.paypal.reversals import is_nothing
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_FAILED = "payment_failed"
_MOST = 20
_CAPTURED = ("COMPLETED", None)
"""Statuses of a capture that was paid and not given back since; None for one that tells none."""


def _sale_completed(event: PayPalEvent) -> BillingEvent:
    """A payment of the older API, and every payment of a subscription; which one is the first is not told."""
    sale = event.content
    renewed = identifier(sale.get("billing_agreement_id"))
    touchpoint = Touchpoint.RENEWED if renewed else Touchpoint.PAYMENT_SUCCEEDED
    about = (event.require(sale.get("id"), "sale"), PAYMENT, "")
    return event.fact(touchpoint, about, _paid_objects(event, "sale"), money=event.money(sale.get("amount")))


def _capture_completed(event: PayPalEvent) -> BillingEvent:
    """A payment of an order, whose own completion is a twin of this."""
    capture = event.content
    about = (event.require(capture.get("id"), "capture"), PAYMENT, "")
    money = event.money(capture.get("amount"))
    return event.fact(Touchpoint.PAYMENT_SUCCEEDED, about, _paid_objects(event, "capture"), money=money)


def _paid_objects(event: PayPalEvent, kind: str) -> dict[str, str]:
    """A payment links to itself too, so its own id stands first."""
    own = identifiers(**{kind: event.content.get("id")})
    related = {name: id_ for name, id_ in related_to(event.content).items() if name not in ("sale", "capture")}
    return {**own, **related}


def _order_completed(event: PayPalEvent) -> BillingEvent:
    """An order is known by its first capture that was paid, as the capture's own event is; others only teach."""
    order = event.content
    order_id, units = event.require(order.get("id"), "order"), records(order.get("purchase_units"), _MOST)
    captures = [one for unit in units for one in records(section(unit, "payments").get("captures"), _MOST)]
    paid: Json = next((one for one in captures if one.get("status") in _CAPTURED), {})
    objects = identifiers(capture=paid.get("id"), order=order_id)
    if captures and not paid:
        return event.profile(objects)
    amounts = (order.get("gross_amount"), paid.get("amount"), *(unit.get("amount") for unit in units[:1]))
    return event.fact(
        Touchpoint.PAYMENT_SUCCEEDED,
        (objects.get("capture", order_id), PAYMENT, ""),
        objects,
        money=event.money(*amounts),
        products=_names([item for unit in units for item in records(unit.get("items"), _MOST)]),
    )


def _order_cancelled(event: PayPalEvent) -> BillingEvent:
    """An order that was voided, or approved and never captured; what was captured of another one stays."""
    order = event.require(event.content.get("order_id") or event.content.get("id"), "order")
    touchpoint = Touchpoint.ORDER_CANCELLED
    return event.fact(touchpoint, (order, touchpoint.value, ""), {"order": order})


def _payment_failed(event: PayPalEvent) -> BillingEvent:
    kind = "sale" if ".SALE." in event.kind else "capture"
    failed = event.content
    about = (event.require(failed.get("id"), kind), _FAILED, "")
    money = event.money(failed.get("amount"))
    objects, paid = _paid_objects(event, kind), (about[0], PAYMENT, "")
    return event.fact(Touchpoint.PAYMENT_FAILED, about, objects, money=money, takes_back=paid)


def _invoice_paid(event: PayPalEvent) -> BillingEvent:
    """An invoice paid through PayPal is known by its transaction, as the sale or capture is."""
    invoice = _invoice(event)
    objects = _invoice_objects(event)
    return event.fact(
        Touchpoint.PAYMENT_SUCCEEDED,
        (objects.get("transaction", objects["invoice"]), PAYMENT, ""),
        objects,
        customer=_recipient(invoice),
        money=event.money(invoice.get("total_amount"), invoice.get("amount")),
        products=_names(records(invoice.get("items"), _MOST)),
    )


def _invoice_refunded(event: PayPalEvent) -> BillingEvent | None:
    invoice, objects = _invoice(event), _invoice_objects(event)
    back = section(invoice, "refunded_amount")
    money = event.money(back.get("paypal"), back.get("other"), section(invoice, "refunds").get("refund_amount"))
    if is_nothing(money):
        return None
    return event.fact(
        Touchpoint.REFUNDED,
        (objects["invoice"], Touchpoint.REFUNDED.value, event.envelope.event_id),
        objects,
        customer=_recipient(invoice),
        money=money,
    )


def _invoice(event: PayPalEvent) -> Json:
    return section(event.content, "invoice") or event.content


def _invoice_objects(event: PayPalEvent) -> dict[str, str]:
    invoice = _invoice(event)
    payments = records(invoice.get("payments"), 1) or records(section(invoice, "payments").get("transactions"), 1)
    paid = next(iter(payments), {})
    return identifiers(
        transaction=paid.get("transaction_id") or paid.get("payment_id"),
        invoice=event.require(invoice.get("id"), "invoice"),
    )


def _recipient(invoice: Json) -> CustomerRef:
    newer = [section(one, "billing_info") for one in records(invoice.get("primary_recipients"), 1)]
    billed: Json = next(iter(newer or records(invoice.get("billing_info"), 1)), {})
    return CustomerRef(
        email=address(billed.get("email_address"), billed.get("email")),
        name=name_of(section(billed, "name")) or name_of(billed) or text(billed.get("business_name")),
        locale=locale(billed.get("language")),
        country=country(section(billed, "address").get("country_code")),
    )


def _names(items: list[Json]) -> tuple[str, ...]:
    return tuple(name for item in items if (name := text(item.get("name"))))[:MOST_PRODUCTS]


READERS: Mapping[str, Callable[[PayPalEvent], BillingEvent | None]] = {
    "PAYMENT.SALE.COMPLETED": _sale_completed,
    "PAYMENT.CAPTURE.COMPLETED": _capture_completed,
    "CHECKOUT.ORDER.COMPLETED": _order_completed,
    "CHECKOUT.ORDER.VOIDED": _order_cancelled,
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": _order_cancelled,
    "PAYMENT.ORDER.CANCELLED": _order_cancelled,
    "INVOICING.INVOICE.PAID": _invoice_paid,
    "PAYMENT.SALE.DENIED": _payment_failed,
    "PAYMENT.CAPTURE.DENIED": _payment_failed,
    "PAYMENT.CAPTURE.DECLINED": _payment_failed,
    "BILLING.SUBSCRIPTION.PAYMENT.FAILED": subscriptions.failed,
    "PAYMENT.SALE.REFUNDED": reversals.refunded,
    "PAYMENT.SALE.REVERSED": reversals.reversed_by_paypal,
    "PAYMENT.CAPTURE.REFUNDED": reversals.refunded,
    "PAYMENT.CAPTURE.REVERSED": reversals.reversed_by_paypal,
    "INVOICING.INVOICE.REFUNDED": _invoice_refunded,
    "CUSTOMER.DISPUTE.CREATED": reversals.disputed,
    "RISK.DISPUTE.CREATED": reversals.disputed,
    "BILLING.SUBSCRIPTION.CREATED": subscriptions.created,
    "BILLING.SUBSCRIPTION.ACTIVATED": subscriptions.activated,
    "BILLING.SUBSCRIPTION.UPDATED": subscriptions.seen,
    "BILLING.SUBSCRIPTION.RE-ACTIVATED": subscriptions.resumed,
    "BILLING.SUBSCRIPTION.SUSPENDED": subscriptions.seen,
    "BILLING.SUBSCRIPTION.CANCELLED": subscriptions.cancelled,
    "BILLING.SUBSCRIPTION.EXPIRED": subscriptions.expired,
}
"""Readers by kind of event; None is an event that means nothing after all."""
