"""PayPal's events that mean something: payments, orders, invoices, refunds, disputes and subscriptions."""

from collections.abc import Callable, Mapping
from dataclasses import replace

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
from afterbill.connectors.paypal.envelope import PayPalEvent, name_of
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_FAILED = "payment_failed"
_MOST = 20
_MOST_DISPUTED = 5
_CAPTURED = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", None)
"""Statuses of a capture that was paid; None for one that tells none."""


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
    paid = event.content
    related = section(paid, "supplementary_data", "related_ids")
    return identifiers(
        **{kind: paid.get("id")},
        order=related.get("order_id") or event.linked("orders"),
        payment=paid.get("parent_payment"),
        subscription=paid.get("billing_agreement_id"),
    )


def _order_completed(event: PayPalEvent) -> BillingEvent:
    """An order is known by its first capture that was paid, as the capture's own event is; pending ones only teach."""
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


def _payment_failed(event: PayPalEvent) -> BillingEvent:
    kind = "sale" if ".SALE." in event.kind else "capture"
    failed = event.content
    about = (event.require(failed.get("id"), kind), _FAILED, "")
    money = event.money(failed.get("amount"))
    return event.fact(Touchpoint.PAYMENT_FAILED, about, _paid_objects(event, kind), money=money)


def _refunded(event: PayPalEvent) -> BillingEvent:
    """A refund, or a reversal by PayPal; older ones are negative amounts."""
    refund = event.content
    related = section(refund, "supplementary_data", "related_ids")
    money = event.money(refund.get("amount"))
    objects = {
        **_paid_objects(event, "refund"),
        **identifiers(
            sale=refund.get("sale_id") or event.linked("sale"),
            capture=refund.get("capture_id") or related.get("capture_id") or event.linked("capture", "captures"),
        ),
    }
    about = (event.require(refund.get("id"), "refund"), Touchpoint.REFUNDED.value, "")
    paid_back = replace(money, amount=abs(money.amount)) if money else None
    return event.fact(Touchpoint.REFUNDED, about, objects, money=paid_back)


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


def _invoice_refunded(event: PayPalEvent) -> BillingEvent:
    invoice, objects = _invoice(event), _invoice_objects(event)
    back = section(invoice, "refunded_amount")
    return event.fact(
        Touchpoint.REFUNDED,
        (objects["invoice"], Touchpoint.REFUNDED.value, event.envelope.event_id),
        objects,
        customer=_recipient(invoice),
        money=event.money(back.get("paypal"), back.get("other"), section(invoice, "refunds").get("refund_amount")),
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


def _disputed(event: PayPalEvent) -> BillingEvent:
    """A dispute names the transactions it is about, and seldom the buyer."""
    dispute = event.content
    about = (event.require(dispute.get("dispute_id"), "dispute"), Touchpoint.DISPUTED.value, "")
    disputed = records(dispute.get("disputed_transactions"), _MOST_DISPUTED)
    ids = [one.get("seller_transaction_id") for one in disputed] or [dispute.get("seller_payment_id")]
    named = {f"transaction_{number}" if number > 1 else "transaction": id_ for number, id_ in enumerate(ids, start=1)}
    buyer = section(disputed[0], "buyer") if disputed else {}
    customer = CustomerRef(
        id=text(buyer.get("payer_id")),
        email=address(buyer.get("email"), dispute.get("buyer_email")),
        name=text(buyer.get("name")),
    )
    objects = identifiers(dispute=about[0], **named)
    money = event.money(dispute.get("dispute_amount"))
    return event.fact(Touchpoint.DISPUTED, about, objects, customer=customer, money=money)


def _activated(event: PayPalEvent) -> BillingEvent:
    """A subscription that runs; activated again after a pause, it is the same fact."""
    profile = _subscription_profile(event)
    touchpoint = Touchpoint.SUBSCRIPTION_STARTED
    about = (profile.objects["subscription"], touchpoint.value, "")
    paid = section(event.content, "billing_info", "last_payment")
    money = event.money(paid.get("amount"))
    return event.fact(touchpoint, about, dict(profile.objects), money=money, plan=profile.plan)


def _ended(event: PayPalEvent) -> BillingEvent:
    """An end is final, whether it was wanted or the last cycle is over."""
    profile = _subscription_profile(event)
    about = (profile.objects["subscription"], Touchpoint.CANCELLED.value, "")
    return event.fact(Touchpoint.CANCELLED, about, dict(profile.objects), plan=profile.plan)


def _subscription_failed(event: PayPalEvent) -> BillingEvent:
    """A failed attempt; one that tells no time of its own is told from others by its event."""
    profile, billed = _subscription_profile(event), section(event.content, "billing_info")
    details, plan = section(event.content, "agreement_details"), section(event.content, "plan")
    owed = {"currency": plan.get("curr_code"), **section(details, "outstanding_balance")}
    failed = section(billed, "last_failed_payment")
    count = identifier(billed.get("failed_payments_count")) or identifier(details.get("failed_payment_count"))
    attempts = {"dunning_attempt": count} if count else {}
    return event.fact(
        Touchpoint.PAYMENT_FAILED,
        (profile.objects["subscription"], _FAILED, text(failed.get("time")) or event.envelope.event_id),
        dict(profile.objects),
        customer=replace(profile.customer, attributes={**profile.customer.attributes, **attempts}),
        money=event.money(failed.get("amount"), billed.get("outstanding_balance"), owed),
        plan=profile.plan,
    )


def _subscription_profile(event: PayPalEvent) -> BillingEvent:
    subscription = event.content
    plan = section(subscription, "plan")
    name = text(plan.get("name")) or text(subscription.get("plan_id")) or text(plan.get("id"))
    return event.profile({"subscription": event.require(subscription.get("id"), "subscription")}, name)


def _names(items: list[Json]) -> tuple[str, ...]:
    return tuple(name for item in items if (name := text(item.get("name"))))[:MOST_PRODUCTS]


READERS: Mapping[str, Callable[[PayPalEvent], BillingEvent]] = {
    "PAYMENT.SALE.COMPLETED": _sale_completed,
    "PAYMENT.CAPTURE.COMPLETED": _capture_completed,
    "CHECKOUT.ORDER.COMPLETED": _order_completed,
    "INVOICING.INVOICE.PAID": _invoice_paid,
    "PAYMENT.SALE.DENIED": _payment_failed,
    "PAYMENT.CAPTURE.DENIED": _payment_failed,
    "PAYMENT.CAPTURE.DECLINED": _payment_failed,
    "BILLING.SUBSCRIPTION.PAYMENT.FAILED": _subscription_failed,
    "PAYMENT.SALE.REFUNDED": _refunded,
    "PAYMENT.SALE.REVERSED": _refunded,
    "PAYMENT.CAPTURE.REFUNDED": _refunded,
    "PAYMENT.CAPTURE.REVERSED": _refunded,
    "INVOICING.INVOICE.REFUNDED": _invoice_refunded,
    "CUSTOMER.DISPUTE.CREATED": _disputed,
    "RISK.DISPUTE.CREATED": _disputed,
    "BILLING.SUBSCRIPTION.CREATED": _subscription_profile,
    "BILLING.SUBSCRIPTION.ACTIVATED": _activated,
    "BILLING.SUBSCRIPTION.UPDATED": _subscription_profile,
    "BILLING.SUBSCRIPTION.RE-ACTIVATED": _subscription_profile,
    "BILLING.SUBSCRIPTION.SUSPENDED": _subscription_profile,
    "BILLING.SUBSCRIPTION.CANCELLED": _ended,
    "BILLING.SUBSCRIPTION.EXPIRED": _ended,
}
