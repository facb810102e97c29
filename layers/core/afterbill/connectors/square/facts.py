"""Square's payments, invoices, refunds, disputes and orders."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, records, section, text
from afterbill.connectors._kit.money import is_zero
from afterbill.connectors.square.customers import payer_of, recipient_of
from afterbill.connectors.square.envelope import SquareEvent
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_FAILED = "payment_failed"
_ORDER_CANCELLED = "order_cancelled"
_RETURNING = ("PENDING", "COMPLETED")
_GIVEN_BACK = ("REFUNDED", "PARTIALLY_REFUNDED")
_MOST = 50


def payment_changed(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`payment.created` and `.updated`, which come many times: a fact is of the payment's own day."""
    payment = event.part("payment")
    reader = _PAYMENTS.get(text(payment.get("status")) or "")
    return reader(event, payment) if reader else ()


def _completed(event: SquareEvent, payment: Json) -> tuple[BillingEvent, ...]:
    """It is paid; what is given back by now, or on its way back, is nothing to ask about."""
    captured_at = section(payment, "card_details", "card_payment_timeline").get("captured_at")
    dated = event.dated(captured_at, payment.get("created_at"))
    paid = _payment(dated, payment, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "")
    if _is_returned(payment):
        return (replace(paid, touchpoint=None, money=None),)
    return (paid, _bridge(paid)) if _for_invoice(payment) else (paid,)


def _is_returned(payment: Json) -> bool:
    """Whether some of it went back, or waits for that: Square counts pending refunds in."""
    return bool(payment.get("refund_ids") or section(payment, "refunded_money").get("amount"))


def _failed(event: SquareEvent, payment: Json) -> tuple[BillingEvent, ...]:
    """An attempt. A card fails at once, a bank's debit days later, even after it was reported as paid."""
    dated = event.dated(payment.get("created_at" if payment.get("source_type") == "CARD" else "updated_at"))
    return (_payment(dated, payment, Touchpoint.PAYMENT_FAILED, _FAILED, _day(dated)),)


def _cancelled(event: SquareEvent, payment: Json) -> tuple[BillingEvent, ...]:
    """An authorization that was given up. Another payment may still pay the order, so it names itself alone."""
    voided_at = section(payment, "card_details", "card_payment_timeline").get("voided_at")
    payer, payment_id = payer_of(payment), event.require(payment, "payment")
    about, objects = (payment_id, _ORDER_CANCELLED, ""), identifiers(payment=payment_id, customer=payer.id)
    return (event.dated(voided_at).envelope.fact(Touchpoint.ORDER_CANCELLED, about, payer, objects),)


_PAYMENTS: Mapping[str, Callable[[SquareEvent, Json], tuple[BillingEvent, ...]]] = {
    "COMPLETED": _completed,
    "FAILED": _failed,
    "CANCELED": _cancelled,
}


def _payment(event: SquareEvent, payment: Json, touchpoint: Touchpoint, meaning: str, occurrence: str) -> BillingEvent:
    """A payment is known by its order, if it has one: so is the invoice that it pays."""
    subject = identifier(payment.get("order_id")) or event.require(payment, "payment")
    # Of a card nothing fails after it was paid; its failure is one of another attempt at the order.
    late = touchpoint is Touchpoint.PAYMENT_FAILED and payment.get("source_type") != "CARD"
    return event.envelope.fact(
        touchpoint,
        (subject, meaning, occurrence),
        payer_of(payment),
        identifiers(payment=payment, order=payment.get("order_id"), customer=payment.get("customer_id")),
        money=event.money(payment.get("total_money"), payment.get("amount_money")),
        takes_back=(subject, PAYMENT, "") if late else None,
    )


def _for_invoice(payment: Json) -> bool:
    made_with = section(payment, "application_details").get("square_product")
    return made_with == "INVOICES" and bool(identifier(payment.get("order_id")))


def _bridge(paid: BillingEvent) -> BillingEvent:
    """Tie this payment to its order, also where the invoice reported the fact first.

    Only the payment names both, and a refund names the payment: without this it would not find the invoice.
    """
    return replace(paid, touchpoint=None, customer=CustomerRef(), money=None)


def invoice_paid(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`invoice.payment_made`: the same fact as the payment itself, unless it is given back by now."""
    if event.part("invoice").get("status") in _GIVEN_BACK:
        return invoice_refunded(event)
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


def invoice_cancelled(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`invoice.canceled`: the same fact as that of its order."""
    return (_invoice(event, Touchpoint.ORDER_CANCELLED, _ORDER_CANCELLED, "", None),)


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
    """`refund.created` and `.updated`: money on its way back or back, on the day that this began."""
    refund = event.part("refund")
    if refund.get("status") not in _RETURNING or is_zero(section(refund, "amount_money").get("amount")):
        return ()
    objects = identifiers(refund=refund, payment=refund.get("payment_id"), order=refund.get("order_id"))
    money = event.money(refund.get("amount_money"))
    about, envelope = (event.require(refund, "refund"), "refunded", ""), event.dated(refund.get("created_at")).envelope
    return (envelope.fact(Touchpoint.REFUNDED, about, CustomerRef(), objects, money=money),)


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


def order_updated(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`order.updated`: only its cancellation says more than its payments and fulfilments do."""
    order = event.part("order_updated")
    if order.get("state") != "CANCELED":
        return ()
    order_id = event.require(order.get("order_id"), "order_id")
    about = (order_id, _ORDER_CANCELLED, "")
    return (event.envelope.fact(Touchpoint.ORDER_CANCELLED, about, CustomerRef(), {"order": order_id}),)
