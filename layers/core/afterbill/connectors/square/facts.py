"""Square's payments, invoices, refunds, disputes, orders and subscriptions."""

from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, records, section, text
from afterbill.connectors.square.customers import payer_of, recipient_of
from afterbill.connectors.square.envelope import Notice
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_FAILED = "payment_failed"
_MOST = 50


def payment_changed(notice: Notice) -> tuple[BillingEvent, ...]:
    """`payment.created` and `.updated`, which come many times: completed it is paid, failed it is an attempt."""
    payment = notice.content("payment")
    if payment.get("status") == "COMPLETED":
        paid = _payment(notice, payment, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "")
        return (paid, _bridge(paid)) if _for_invoice(payment) else (paid,)
    if payment.get("status") == "FAILED":
        return (_payment(notice, payment, Touchpoint.PAYMENT_FAILED, _FAILED, _day(notice)),)
    return ()


def _payment(notice: Notice, payment: Json, touchpoint: Touchpoint, meaning: str, occurrence: str) -> BillingEvent:
    """A payment is known by its order, if it has one: so is the invoice that it pays."""
    subject = identifier(payment.get("order_id")) or notice.require(payment, "payment")
    objects = identifiers(payment=payment, order=payment.get("order_id"), customer=payment.get("customer_id"))
    money = notice.money(payment.get("total_money"), payment.get("amount_money"))
    return notice.envelope.happened(touchpoint, (subject, meaning, occurrence), payer_of(payment), objects, money=money)


def _for_invoice(payment: Json) -> bool:
    made_with = section(payment, "application_details").get("square_product")
    return made_with == "INVOICES" and bool(identifier(payment.get("order_id")))


def _bridge(paid: BillingEvent) -> BillingEvent:
    """That this payment and this order are one, also where the invoice told the fact first.

    Only the payment names both, and a refund names the payment: without this it would not find the invoice.
    """
    return replace(paid, touchpoint=None, customer=CustomerRef(), money=None)


def invoice_paid(notice: Notice) -> tuple[BillingEvent, ...]:
    """`invoice.payment_made`: the same fact as the payment itself."""
    requests = records(notice.content("invoice").get("payment_requests"), _MOST)
    paid = [notice.money(request.get("total_completed_amount_money")) for request in requests]
    asked = [notice.money(request.get("computed_amount_money")) for request in requests]
    return (_invoice(notice, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "", _sum(paid) or _sum(asked)),)


def _sum(amounts: list[Money | None]) -> Money | None:
    """What these come to; nothing where one of them is not known, or they come to nothing."""
    known = [amount for amount in amounts if amount]
    total = sum(amount.amount for amount in known)
    complete = len(known) == len(amounts) and len({amount.currency for amount in known}) == 1
    return Money(total, known[0].currency) if complete and total else None


def invoice_failed(notice: Notice) -> tuple[BillingEvent, ...]:
    """`invoice.scheduled_charge_failed`: the same fact as the payment that failed on this day."""
    invoice = notice.content("invoice")
    due = notice.money(invoice.get("next_payment_amount_money"))
    asked = [notice.money(one.get("computed_amount_money")) for one in records(invoice.get("payment_requests"), _MOST)]
    return (_invoice(notice, Touchpoint.PAYMENT_FAILED, _FAILED, _day(notice), due or _sum(asked)),)


def invoice_refunded(notice: Notice) -> tuple[BillingEvent, ...]:
    """`invoice.refunded` names no refund, so it cannot be the fact; `refund.updated` is."""
    invoice = notice.content("invoice")
    return (notice.envelope.learned(recipient_of(invoice), _invoice_objects(invoice)),)


def _invoice(
    notice: Notice, touchpoint: Touchpoint, meaning: str, occurrence: str, money: Money | None
) -> BillingEvent:
    invoice = notice.content("invoice")
    subject = identifier(invoice.get("order_id")) or notice.require(invoice, "invoice")
    about = (subject, meaning, occurrence)
    return notice.envelope.happened(touchpoint, about, recipient_of(invoice), _invoice_objects(invoice), money=money)


def _invoice_objects(invoice: Json) -> dict[str, str]:
    return identifiers(
        invoice=invoice,
        order=invoice.get("order_id"),
        subscription=invoice.get("subscription_id"),
        customer=section(invoice, "primary_recipient").get("customer_id"),
    )


def _day(notice: Notice) -> str:
    """What tells two attempts apart that both an invoice and a payment report."""
    return notice.envelope.occurred_at.date().isoformat()


def refund_changed(notice: Notice) -> tuple[BillingEvent, ...]:
    """`refund.created` and `.updated`: a fact once it is completed."""
    refund = notice.content("refund")
    if refund.get("status") != "COMPLETED":
        return ()
    objects = identifiers(refund=refund, payment=refund.get("payment_id"), order=refund.get("order_id"))
    about = (notice.require(refund, "refund"), "refunded", "")
    money = notice.money(refund.get("amount_money"))
    return (notice.envelope.happened(Touchpoint.REFUNDED, about, CustomerRef(), objects, money=money),)


def dispute_created(notice: Notice) -> tuple[BillingEvent, ...]:
    """`dispute.created`; older API versions name the dispute and its id otherwise."""
    dispute = notice.content("dispute") or notice.content("object")
    subject = notice.require(dispute.get("id") or dispute.get("dispute_id"), "dispute")
    payment = section(dispute, "disputed_payment").get("payment_id")
    objects = identifiers(dispute=subject, payment=payment)
    about, money = (subject, "disputed", ""), notice.money(dispute.get("amount_money"))
    return (notice.envelope.happened(Touchpoint.DISPUTED, about, CustomerRef(), objects, money=money),)


def fulfilment_updated(notice: Notice) -> tuple[BillingEvent, ...]:
    """`order.fulfillment.updated`: the first fulfilment that is completed fulfils the order."""
    order = notice.content("order_fulfillment_updated")
    states = [update.get("new_state") for update in records(order.get("fulfillment_update"), _MOST)]
    if "COMPLETED" not in states:
        return ()
    order_id = notice.require(order.get("order_id"), "order_id")
    about = (order_id, Touchpoint.ORDER_FULFILLED.value, "")
    return (notice.envelope.happened(Touchpoint.ORDER_FULFILLED, about, CustomerRef(), {"order": order_id}),)


def subscription_created(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription.created`: its first payment comes as an invoice that looks like every later one."""
    return (_subscription(notice, Touchpoint.SUBSCRIPTION_STARTED, ""),)


def subscription_updated(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription.updated`: a date of cancellation, announced or come, is a fact; anything else teaches."""
    subscription = notice.content("subscription")
    on = text(subscription.get("canceled_date")) or ""
    if on or subscription.get("status") == "CANCELED":
        return (_subscription(notice, Touchpoint.CANCELLED, on),)
    customer, objects, plan = _subscriber(notice)
    return (notice.envelope.learned(customer, objects, plan),)


def _subscription(notice: Notice, touchpoint: Touchpoint, occurrence: str) -> BillingEvent:
    customer, objects, plan = _subscriber(notice)
    about = (objects["subscription"], touchpoint.value, occurrence)
    return notice.envelope.happened(touchpoint, about, customer, objects, plan=plan)


def _subscriber(notice: Notice) -> tuple[CustomerRef, dict[str, str], str | None]:
    subscription = notice.content("subscription")
    customer = CustomerRef(id=identifier(subscription.get("customer_id")))
    objects = {"subscription": notice.require(subscription, "subscription")} | identifiers(customer=customer.id)
    return customer, objects, text(subscription.get("plan_variation_id")) or text(subscription.get("plan_id"))
