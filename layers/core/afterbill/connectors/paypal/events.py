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
from afterbill.connectors.paypal.envelope import Notice, name_of
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_FAILED = "payment_failed"
_MOST = 20
_MOST_DISPUTED = 5
_CAPTURED = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", None)
"""Statuses of a capture that was paid; None for one that tells none."""


def _sale_completed(notice: Notice) -> BillingEvent:
    """A payment of the older API, and every payment of a subscription; which one is the first is not told."""
    sale = notice.content
    renewed = identifier(sale.get("billing_agreement_id"))
    touchpoint = Touchpoint.RENEWED if renewed else Touchpoint.PAYMENT_SUCCEEDED
    about = (notice.require(sale.get("id"), "sale"), PAYMENT, "")
    return notice.happened(touchpoint, about, _paid_objects(notice, "sale"), money=notice.money(sale.get("amount")))


def _capture_completed(notice: Notice) -> BillingEvent:
    """A payment of an order, whose own completion is a twin of this."""
    capture = notice.content
    about = (notice.require(capture.get("id"), "capture"), PAYMENT, "")
    money = notice.money(capture.get("amount"))
    return notice.happened(Touchpoint.PAYMENT_SUCCEEDED, about, _paid_objects(notice, "capture"), money=money)


def _paid_objects(notice: Notice, kind: str) -> dict[str, str]:
    paid = notice.content
    related = section(paid, "supplementary_data", "related_ids")
    return identifiers(
        **{kind: paid.get("id")},
        order=related.get("order_id") or notice.linked("orders"),
        payment=paid.get("parent_payment"),
        subscription=paid.get("billing_agreement_id"),
    )


def _order_completed(notice: Notice) -> BillingEvent:
    """An order is known by its first capture that was paid, as the capture's own event is; pending ones only teach."""
    order = notice.content
    order_id, units = notice.require(order.get("id"), "order"), records(order.get("purchase_units"), _MOST)
    captures = [one for unit in units for one in records(section(unit, "payments").get("captures"), _MOST)]
    paid: Json = next((one for one in captures if one.get("status") in _CAPTURED), {})
    objects = identifiers(capture=paid.get("id"), order=order_id)
    if captures and not paid:
        return notice.learned(objects)
    amounts = (order.get("gross_amount"), paid.get("amount"), *(unit.get("amount") for unit in units[:1]))
    return notice.happened(
        Touchpoint.PAYMENT_SUCCEEDED,
        (objects.get("capture", order_id), PAYMENT, ""),
        objects,
        money=notice.money(*amounts),
        products=_names([item for unit in units for item in records(unit.get("items"), _MOST)]),
    )


def _payment_failed(notice: Notice) -> BillingEvent:
    kind = "sale" if ".SALE." in notice.kind else "capture"
    failed = notice.content
    about = (notice.require(failed.get("id"), kind), _FAILED, "")
    money = notice.money(failed.get("amount"))
    return notice.happened(Touchpoint.PAYMENT_FAILED, about, _paid_objects(notice, kind), money=money)


def _refunded(notice: Notice) -> BillingEvent:
    """A refund, or a reversal by PayPal; older ones are negative amounts."""
    refund = notice.content
    related = section(refund, "supplementary_data", "related_ids")
    money = notice.money(refund.get("amount"))
    objects = {
        **_paid_objects(notice, "refund"),
        **identifiers(
            sale=refund.get("sale_id") or notice.linked("sale"),
            capture=refund.get("capture_id") or related.get("capture_id") or notice.linked("capture", "captures"),
        ),
    }
    about = (notice.require(refund.get("id"), "refund"), Touchpoint.REFUNDED.value, "")
    paid_back = replace(money, amount=abs(money.amount)) if money else None
    return notice.happened(Touchpoint.REFUNDED, about, objects, money=paid_back)


def _invoice_paid(notice: Notice) -> BillingEvent:
    """An invoice paid through PayPal is known by its transaction, as the sale or capture is."""
    invoice = _invoice(notice)
    objects = _invoice_objects(notice)
    return notice.happened(
        Touchpoint.PAYMENT_SUCCEEDED,
        (objects.get("transaction", objects["invoice"]), PAYMENT, ""),
        objects,
        customer=_recipient(invoice),
        money=notice.money(invoice.get("total_amount"), invoice.get("amount")),
        products=_names(records(invoice.get("items"), _MOST)),
    )


def _invoice_refunded(notice: Notice) -> BillingEvent:
    invoice, objects = _invoice(notice), _invoice_objects(notice)
    back = section(invoice, "refunded_amount")
    return notice.happened(
        Touchpoint.REFUNDED,
        (objects["invoice"], Touchpoint.REFUNDED.value, notice.envelope.event_id),
        objects,
        customer=_recipient(invoice),
        money=notice.money(back.get("paypal"), back.get("other"), section(invoice, "refunds").get("refund_amount")),
    )


def _invoice(notice: Notice) -> Json:
    return section(notice.content, "invoice") or notice.content


def _invoice_objects(notice: Notice) -> dict[str, str]:
    invoice = _invoice(notice)
    payments = records(invoice.get("payments"), 1) or records(section(invoice, "payments").get("transactions"), 1)
    paid = next(iter(payments), {})
    return identifiers(
        transaction=paid.get("transaction_id") or paid.get("payment_id"),
        invoice=notice.require(invoice.get("id"), "invoice"),
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


def _disputed(notice: Notice) -> BillingEvent:
    """A dispute names the transactions it is about, and seldom the buyer."""
    dispute = notice.content
    about = (notice.require(dispute.get("dispute_id"), "dispute"), Touchpoint.DISPUTED.value, "")
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
    money = notice.money(dispute.get("dispute_amount"))
    return notice.happened(Touchpoint.DISPUTED, about, objects, customer=customer, money=money)


def _activated(notice: Notice) -> BillingEvent:
    """A subscription that runs; activated again after a pause, it is the same fact."""
    lesson = _subscription_learned(notice)
    touchpoint = Touchpoint.SUBSCRIPTION_STARTED
    about = (lesson.objects["subscription"], touchpoint.value, "")
    paid = section(notice.content, "billing_info", "last_payment")
    money = notice.money(paid.get("amount"))
    return notice.happened(touchpoint, about, dict(lesson.objects), money=money, plan=lesson.plan)


def _ended(notice: Notice) -> BillingEvent:
    """An end is final, whether it was wanted or the last cycle is over."""
    lesson = _subscription_learned(notice)
    about = (lesson.objects["subscription"], Touchpoint.CANCELLED.value, "")
    return notice.happened(Touchpoint.CANCELLED, about, dict(lesson.objects), plan=lesson.plan)


def _subscription_failed(notice: Notice) -> BillingEvent:
    """A failed attempt; one that tells no time of its own is told from others by its event."""
    lesson, billed = _subscription_learned(notice), section(notice.content, "billing_info")
    details, plan = section(notice.content, "agreement_details"), section(notice.content, "plan")
    owed = {"currency": plan.get("curr_code"), **section(details, "outstanding_balance")}
    failed = section(billed, "last_failed_payment")
    count = identifier(billed.get("failed_payments_count")) or identifier(details.get("failed_payment_count"))
    attempts = {"dunning_attempt": count} if count else {}
    return notice.happened(
        Touchpoint.PAYMENT_FAILED,
        (lesson.objects["subscription"], _FAILED, text(failed.get("time")) or notice.envelope.event_id),
        dict(lesson.objects),
        customer=replace(lesson.customer, attributes={**lesson.customer.attributes, **attempts}),
        money=notice.money(failed.get("amount"), billed.get("outstanding_balance"), owed),
        plan=lesson.plan,
    )


def _subscription_learned(notice: Notice) -> BillingEvent:
    subscription = notice.content
    plan = section(subscription, "plan")
    name = text(plan.get("name")) or text(subscription.get("plan_id")) or text(plan.get("id"))
    return notice.learned({"subscription": notice.require(subscription.get("id"), "subscription")}, name)


def _names(items: list[Json]) -> tuple[str, ...]:
    return tuple(name for item in items if (name := text(item.get("name"))))[:MOST_PRODUCTS]


READERS: Mapping[str, Callable[[Notice], BillingEvent]] = {
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
    "BILLING.SUBSCRIPTION.CREATED": _subscription_learned,
    "BILLING.SUBSCRIPTION.ACTIVATED": _activated,
    "BILLING.SUBSCRIPTION.UPDATED": _subscription_learned,
    "BILLING.SUBSCRIPTION.RE-ACTIVATED": _subscription_learned,
    "BILLING.SUBSCRIPTION.SUSPENDED": _subscription_learned,
    "BILLING.SUBSCRIPTION.CANCELLED": _ended,
    "BILLING.SUBSCRIPTION.EXPIRED": _ended,
}
