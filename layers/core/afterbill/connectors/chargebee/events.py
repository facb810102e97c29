"""What Chargebee's events mean; the invoice decides what a payment is called and which events are twins."""

from collections.abc import Callable, Mapping
from datetime import UTC

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, moment, records
from afterbill.connectors.chargebee.envelope import MOST_LINES, Notice, customer_id, start_of
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint


def payment_succeeded(notice: Notice) -> BillingEvent:
    """A payment: the start of its subscription, or of its invoice; without one the transaction stands for itself."""
    touchpoint, transaction = _paid_touchpoint(notice), notice.part("transaction")
    started = touchpoint is Touchpoint.SUBSCRIPTION_STARTED
    about = notice.objects()["subscription"] if started else _paid_object(notice)
    return notice.happened(touchpoint, (about, PAYMENT, ""), _amount(notice, transaction))


def _paid_object(notice: Notice) -> str:
    objects = notice.objects()
    return notice.require(objects.get("invoice") or objects.get("payment"), "invoice or transaction")


def _amount(notice: Notice, transaction: Json) -> Money | None:
    invoice = notice.part("invoice")
    return notice.money(transaction.get("amount"), transaction) or notice.money(invoice.get("amount_paid"), invoice)


def _paid_touchpoint(notice: Notice) -> Touchpoint:
    invoice = notice.part("invoice")
    if invoice.get("first_invoice") is True and "subscription" in notice.objects():
        return Touchpoint.SUBSCRIPTION_STARTED
    if _retried(invoice):
        return Touchpoint.PAYMENT_RECOVERED
    return Touchpoint.RENEWED if invoice.get("recurring") is True else Touchpoint.PAYMENT_SUCCEEDED


def _retried(invoice: Json) -> bool:
    payments = records(invoice.get("linked_payments"), MOST_LINES)
    return bool(records(invoice.get("dunning_attempts"), 1)) or any(
        payment.get("txn_status") == "failure" for payment in payments
    )


def payment_failed(notice: Notice) -> BillingEvent:
    """Every attempt, which is a transaction, is a fact of its own."""
    transaction, invoice = notice.part("transaction"), notice.part("invoice")
    money = notice.money(transaction.get("amount"), transaction) or notice.money(invoice.get("amount_due"), invoice)
    about = (_paid_object(notice), "payment_failed", notice.require(transaction.get("id"), "transaction"))
    return notice.happened(Touchpoint.PAYMENT_FAILED, about, money)


def refunded(notice: Notice) -> BillingEvent:
    """`payment_refunded` and `refund_initiated`: twins by the transaction that pays the money back."""
    transaction = notice.part("transaction")
    refund = notice.require(transaction.get("id"), "transaction")
    money = notice.money(transaction.get("amount"), transaction)
    return notice.happened(Touchpoint.REFUNDED, (refund, "refunded", ""), money, {"refund": refund})


def credit_note_created(notice: Notice) -> BillingEvent | None:
    """The twin of a refund where the note names one already; else the money stays with the seller for now."""
    note = notice.part("credit_note")
    for paid_back in records(note.get("linked_refunds"), 1):
        refund = notice.require(paid_back.get("txn_id"), "transaction of its refund")
        more = identifiers(refund=refund, invoice=note.get("reference_invoice_id"))
        money = notice.money(paid_back.get("applied_amount"), note)
        return notice.happened(Touchpoint.REFUNDED, (refund, "refunded", ""), money, more)
    return notice.learned()


def subscription_paid(notice: Notice) -> BillingEvent | None:
    """A renewal or a return: the twin of its payment once the invoice it carries is paid, else only a lesson."""
    invoice = notice.part("invoice")
    if invoice.get("status") != "paid" or not identifier(invoice.get("id")):
        return notice.learned()
    return payment_succeeded(notice)


def subscription_started(notice: Notice) -> BillingEvent | None:
    """A start; one without any invoice counts at once, and whatever pays for it first is its twin."""
    active = notice.part("subscription").get("status") == "active"
    if not active or notice.part("invoice"):
        return subscription_paid(notice)
    subject = notice.require(notice.objects().get("subscription"), "subscription")
    more = identifiers(start=start_of(subject))
    return notice.happened(Touchpoint.SUBSCRIPTION_STARTED, (subject, PAYMENT, ""), more=more)


def subscription_activated(notice: Notice) -> BillingEvent | None:
    """The end of a trial; the payment that may come with it is told by `payment_succeeded`."""
    ended = identifier(notice.part("subscription").get("trial_end"))
    if not ended:
        return subscription_paid(notice)
    invoice = notice.part("invoice")
    money = notice.money(invoice.get("amount_paid"), invoice) if invoice.get("status") == "paid" else None
    return _about_subscription(notice, Touchpoint.TRIAL_CONVERTED, ended, money)


def trial_ending(notice: Notice) -> BillingEvent:
    """Some days before; an extended trial ends twice."""
    ends = identifier(notice.part("subscription").get("trial_end")) or ""
    return _about_subscription(notice, Touchpoint.TRIAL_ENDING, ends)


def cancelled(notice: Notice) -> BillingEvent:
    """An end, announced or come: one fact a day of ending, for the job that ends it runs some minutes late."""
    subscription = notice.part("subscription")
    ends = moment(subscription.get("cancelled_at")) or notice.envelope.occurred_at
    return _about_subscription(notice, Touchpoint.CANCELLED, ends.astimezone(UTC).date().isoformat())


def _about_subscription(
    notice: Notice, touchpoint: Touchpoint, occurrence: str, money: Money | None = None
) -> BillingEvent:
    subject = notice.require(notice.objects().get("subscription"), "subscription")
    return notice.happened(touchpoint, (subject, touchpoint.value, occurrence), money)


def order_delivered(notice: Notice) -> BillingEvent:
    """The goods are there; the order knows its billing address, seldom an e-mail address."""
    order = notice.part("order")
    subject = notice.require(notice.objects().get("order"), "order")
    money = notice.money(order.get("total"), order)
    return notice.happened(Touchpoint.ORDER_FULFILLED, (subject, "order_fulfilled", ""), money)


def customer_deleted(notice: Notice) -> BillingEvent:
    """That the customer is gone; nothing else is learned of somebody who was just deleted."""
    gone = notice.require(customer_id(notice.content), "customer")
    return notice.envelope.learned(CustomerRef(id=gone, deleted=True), {"customer": gone})


READERS: Mapping[str, Callable[[Notice], BillingEvent | None]] = {
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
    "subscription_changed": Notice.learned,
    "subscription_trial_end_reminder": trial_ending,
    "subscription_cancellation_scheduled": cancelled,
    "subscription_cancelled": cancelled,
    "order_delivered": order_delivered,
    "invoice_generated": Notice.learned,
    "customer_created": Notice.learned,
    "customer_changed": Notice.learned,
    "customer_deleted": customer_deleted,
}
