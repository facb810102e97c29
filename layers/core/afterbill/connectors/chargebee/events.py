"""Read Chargebee's events. The invoice decides what a payment is called and which events are twins."""

from collections.abc import Callable, Mapping
from datetime import UTC

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, moment, records
from afterbill.connectors.chargebee.envelope import MOST_LINES, ChargebeeEvent, customer_id, start_of
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint


def payment_succeeded(event: ChargebeeEvent) -> BillingEvent:
    """A payment: the start of its subscription, or of its invoice; without one the transaction stands for itself."""
    touchpoint, transaction = _paid_touchpoint(event), event.part("transaction")
    started = touchpoint is Touchpoint.SUBSCRIPTION_STARTED
    about = event.objects()["subscription"] if started else _paid_object(event)
    return event.fact(touchpoint, (about, PAYMENT, ""), _amount(event, transaction))


def _paid_object(event: ChargebeeEvent) -> str:
    objects = event.objects()
    return event.require(objects.get("invoice") or objects.get("payment"), "invoice or transaction")


def _amount(event: ChargebeeEvent, transaction: Json) -> Money | None:
    invoice = event.part("invoice")
    return event.money(transaction.get("amount"), transaction) or event.money(invoice.get("amount_paid"), invoice)


def _paid_touchpoint(event: ChargebeeEvent) -> Touchpoint:
    invoice = event.part("invoice")
    if invoice.get("first_invoice") is True and "subscription" in event.objects():
        return Touchpoint.SUBSCRIPTION_STARTED
    if _retried(invoice):
        return Touchpoint.PAYMENT_RECOVERED
    return Touchpoint.RENEWED if invoice.get("recurring") is True else Touchpoint.PAYMENT_SUCCEEDED


def _retried(invoice: Json) -> bool:
    payments = records(invoice.get("linked_payments"), MOST_LINES)
    return bool(records(invoice.get("dunning_attempts"), 1)) or any(
        payment.get("txn_status") == "failure" for payment in payments
    )


def payment_failed(event: ChargebeeEvent) -> BillingEvent:
    """Every attempt, which is a transaction, is a fact of its own."""
    transaction, invoice = event.part("transaction"), event.part("invoice")
    money = event.money(transaction.get("amount"), transaction) or event.money(invoice.get("amount_due"), invoice)
    about = (_paid_object(event), "payment_failed", event.require(transaction.get("id"), "transaction"))
    return event.fact(Touchpoint.PAYMENT_FAILED, about, money)


def refunded(event: ChargebeeEvent) -> BillingEvent:
    """`payment_refunded` and `refund_initiated`: twins by the transaction that pays the money back."""
    transaction = event.part("transaction")
    refund = event.require(transaction.get("id"), "transaction")
    money = event.money(transaction.get("amount"), transaction)
    return event.fact(Touchpoint.REFUNDED, (refund, "refunded", ""), money, {"refund": refund})


def credit_note_created(event: ChargebeeEvent) -> BillingEvent | None:
    """The twin of a refund where the note names one already; else the money stays with the seller for now."""
    note = event.part("credit_note")
    for paid_back in records(note.get("linked_refunds"), 1):
        refund = event.require(paid_back.get("txn_id"), "transaction of its refund")
        more = identifiers(refund=refund, invoice=note.get("reference_invoice_id"))
        money = event.money(paid_back.get("applied_amount"), note)
        return event.fact(Touchpoint.REFUNDED, (refund, "refunded", ""), money, more)
    return event.profile()


def subscription_paid(event: ChargebeeEvent) -> BillingEvent | None:
    """A renewal or a return: the twin of its payment once the invoice it carries is paid, else only a profile."""
    invoice = event.part("invoice")
    if invoice.get("status") != "paid" or not identifier(invoice.get("id")):
        return event.profile()
    return payment_succeeded(event)


def subscription_started(event: ChargebeeEvent) -> BillingEvent | None:
    """A start; one without any invoice counts at once, and whatever pays for it first is its twin."""
    active = event.part("subscription").get("status") == "active"
    if not active or event.part("invoice"):
        return subscription_paid(event)
    subject = event.require(event.objects().get("subscription"), "subscription")
    more = identifiers(start=start_of(subject))
    return event.fact(Touchpoint.SUBSCRIPTION_STARTED, (subject, PAYMENT, ""), more=more)


def subscription_activated(event: ChargebeeEvent) -> BillingEvent | None:
    """The end of a trial; the payment that may come with it is told by `payment_succeeded`."""
    ended = identifier(event.part("subscription").get("trial_end"))
    if not ended:
        return subscription_paid(event)
    invoice = event.part("invoice")
    money = event.money(invoice.get("amount_paid"), invoice) if invoice.get("status") == "paid" else None
    return _about_subscription(event, Touchpoint.TRIAL_CONVERTED, ended, money)


def trial_ending(event: ChargebeeEvent) -> BillingEvent:
    """Some days before; an extended trial ends twice."""
    ends = identifier(event.part("subscription").get("trial_end")) or ""
    return _about_subscription(event, Touchpoint.TRIAL_ENDING, ends)


def cancelled(event: ChargebeeEvent) -> BillingEvent:
    """An end, announced or come: one fact a day of ending, for the job that ends it runs some minutes late."""
    subscription = event.part("subscription")
    ends = moment(subscription.get("cancelled_at")) or event.envelope.occurred_at
    return _about_subscription(event, Touchpoint.CANCELLED, ends.astimezone(UTC).date().isoformat())


def _about_subscription(
    event: ChargebeeEvent, touchpoint: Touchpoint, occurrence: str, money: Money | None = None
) -> BillingEvent:
    subject = event.require(event.objects().get("subscription"), "subscription")
    return event.fact(touchpoint, (subject, touchpoint.value, occurrence), money)


def order_delivered(event: ChargebeeEvent) -> BillingEvent:
    """The goods are there; the order knows its billing address, seldom an e-mail address."""
    order = event.part("order")
    subject = event.require(event.objects().get("order"), "order")
    money = event.money(order.get("total"), order)
    return event.fact(Touchpoint.ORDER_FULFILLED, (subject, "order_fulfilled", ""), money)


def customer_deleted(event: ChargebeeEvent) -> BillingEvent:
    """Report that the customer is gone; a profile update of a deleted customer holds nothing else."""
    gone = event.require(customer_id(event.content), "customer")
    return event.envelope.profile(CustomerRef(id=gone, deleted=True), {"customer": gone})


READERS: Mapping[str, Callable[[ChargebeeEvent], BillingEvent | None]] = {
    "payment_succeeded": payment_succeeded,
    "payment_failed": payment_failed,
    "payment_refunded": refunded,
    "refund_initiated": refunded,
    "credit_note_created": credit_note_created,
    "subscription_created": subscription_started,
    "subscription_started": subscription_started,
    "subscription_activated": subscription_activated,
    "subscription_renewed": subscription_paid,
    "subscription_reactivated": subscription_paid,
    "subscription_changed": ChargebeeEvent.profile,
    "subscription_trial_end_reminder": trial_ending,
    "subscription_cancellation_scheduled": cancelled,
    "subscription_cancelled": cancelled,
    "order_delivered": order_delivered,
    "invoice_generated": ChargebeeEvent.profile,
    "customer_created": ChargebeeEvent.profile,
    "customer_changed": ChargebeeEvent.profile,
    "customer_deleted": customer_deleted,
}
