"""Square's payments, invoices, refunds, disputes, orders and subscriptions."""

from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, records, section, text
from afterbill.connectors.square.customers import payer_of, recipient_of
from afterbill.connectors.square.envelope import SquareEvent
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_FAILED = "payment_failed"
_MOST = 50


def payment_changed(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`payment.created` and `.updated`, which come many times: completed it is paid, failed it is an attempt."""
    payment = event.part("payment")
    if payment.get("status") == "COMPLETED":
        paid = _payment(event, payment, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "")
        return (paid, _bridge(paid)) if _for_invoice(payment) else (paid,)
    if payment.get("status") == "FAILED":
        return (_payment(event, payment, Touchpoint.PAYMENT_FAILED, _FAILED, _day(event)),)
    return ()


def _payment(event: SquareEvent, payment: Json, touchpoint: Touchpoint, meaning: str, occurrence: str) -> BillingEvent:
    """A payment is known by its order, if it has one: so is the invoice that it pays."""
    subject = identifier(payment.get("order_id")) or event.require(payment, "payment")
    objects = identifiers(payment=payment, order=payment.get("order_id"), customer=payment.get("customer_id"))
    money = event.money(payment.get("total_money"), payment.get("amount_money"))
    return event.envelope.fact(touchpoint, (subject, meaning, occurrence), payer_of(payment), objects, money=money)


def _for_invoice(payment: Json) -> bool:
    made_with = section(payment, "application_details").get("square_product")
    return made_with == "INVOICES" and bool(identifier(payment.get("order_id")))


def _bridge(paid: BillingEvent) -> BillingEvent:
    """Tie this payment to its order, also where the invoice reported the fact first.

    Only the payment names both, and a refund names the payment: without this it would not find the invoice.
    """
    return replace(paid, touchpoint=None, customer=CustomerRef(), money=None)


def invoice_paid(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`invoice.payment_made`: the same fact as the payment itself."""
    requests = records(event.part("invoice").get("payment_requests"), _MOST)
    paid = [event.money(request.get("total_completed_amount_money")) for request in requests]
    asked = [event.money(request.get("computed_amount_money")) for request in requests]
    return (_invoice(event, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "", _sum(paid) or _sum(asked)),)


def _sum(amounts: list[Money | None]) -> Money | None:
    """Return the sum; None where one amount is not known, or the sum is zero."""
    usable = [amount for amount in amounts if amount]
    total = sum(amount.amount for amount in usable)
    complete = len(usable) == len(amounts) and len({amount.currency for amount in usable}) == 1
    return Money(total, usable[0].currency) if complete and total else None


def invoice_failed(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`invoice.scheduled_charge_failed`: the same fact as the payment that failed on this day."""
    invoice = event.part("invoice")
    due = event.money(invoice.get("next_payment_amount_money"))
    asked = [event.money(one.get("computed_amount_money")) for one in records(invoice.get("payment_requests"), _MOST)]
    return (_invoice(event, Touchpoint.PAYMENT_FAILED, _FAILED, _day(event), due or _sum(asked)),)


def invoice_refunded(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`invoice.refunded` names no refund, so it cannot be the fact; `refund.updated` is."""
    invoice = event.part("invoice")
    return (event.envelope.profile(recipient_of(invoice), _invoice_objects(invoice)),)


def _invoice(
    event: SquareEvent, touchpoint: Touchpoint, meaning: str, occurrence: str, money: Money | None
) -> BillingEvent:
    invoice = event.part("invoice")
    subject = identifier(invoice.get("order_id")) or event.require(invoice, "invoice")
    about = (subject, meaning, occurrence)
    return event.envelope.fact(touchpoint, about, recipient_of(invoice), _invoice_objects(invoice), money=money)


def _invoice_objects(invoice: Json) -> dict[str, str]:
    return identifiers(
        invoice=invoice,
        order=invoice.get("order_id"),
        subscription=invoice.get("subscription_id"),
        customer=section(invoice, "primary_recipient").get("customer_id"),
    )


def _day(event: SquareEvent) -> str:
    """Return the day, which tells attempts apart that both an invoice and a payment report."""
    return event.envelope.occurred_at.date().isoformat()


def refund_changed(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`refund.created` and `.updated`: a fact once it is completed."""
    refund = event.part("refund")
    if refund.get("status") != "COMPLETED":
        return ()
    objects = identifiers(refund=refund, payment=refund.get("payment_id"), order=refund.get("order_id"))
    about = (event.require(refund, "refund"), "refunded", "")
    money = event.money(refund.get("amount_money"))
    return (event.envelope.fact(Touchpoint.REFUNDED, about, CustomerRef(), objects, money=money),)


def dispute_created(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`dispute.created`; older API versions name the dispute and its id otherwise."""
    dispute = event.part("dispute") or event.part("object")
    subject = event.require(dispute.get("id") or dispute.get("dispute_id"), "dispute")
    payment = section(dispute, "disputed_payment").get("payment_id")
    objects = identifiers(dispute=subject, payment=payment)
    about, money = (subject, "disputed", ""), event.money(dispute.get("amount_money"))
    return (event.envelope.fact(Touchpoint.DISPUTED, about, CustomerRef(), objects, money=money),)


def fulfilment_updated(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`order.fulfillment.updated`: the first fulfilment that is completed fulfils the order."""
    order = event.part("order_fulfillment_updated")
    states = [update.get("new_state") for update in records(order.get("fulfillment_update"), _MOST)]
    if "COMPLETED" not in states:
        return ()
    order_id = event.require(order.get("order_id"), "order_id")
    about = (order_id, Touchpoint.ORDER_FULFILLED.value, "")
    return (event.envelope.fact(Touchpoint.ORDER_FULFILLED, about, CustomerRef(), {"order": order_id}),)


def subscription_created(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`subscription.created`: its first payment comes as an invoice that looks like every later one."""
    return (_subscription(event, Touchpoint.SUBSCRIPTION_STARTED, ""),)


def subscription_updated(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`subscription.updated`: a date of cancellation, announced or come, is a fact; anything else teaches."""
    subscription = event.part("subscription")
    on = text(subscription.get("canceled_date")) or ""
    if on or subscription.get("status") == "CANCELED":
        return (_subscription(event, Touchpoint.CANCELLED, on),)
    customer, objects, plan = _subscriber(event)
    return (event.envelope.profile(customer, objects, plan),)


def _subscription(event: SquareEvent, touchpoint: Touchpoint, occurrence: str) -> BillingEvent:
    customer, objects, plan = _subscriber(event)
    about = (objects["subscription"], touchpoint.value, occurrence)
    return event.envelope.fact(touchpoint, about, customer, objects, plan=plan)


def _subscriber(event: SquareEvent) -> tuple[CustomerRef, dict[str, str], str | None]:
    subscription = event.part("subscription")
    customer = CustomerRef(id=identifier(subscription.get("customer_id")))
    objects = {"subscription": event.require(subscription, "subscription")} | identifiers(customer=customer.id)
    return customer, objects, text(subscription.get("plan_variation_id")) or text(subscription.get("plan_id"))
