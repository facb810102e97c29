"""Read Chargebee's events. The invoice decides what a payment is called and which events are twins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, moment, records, reported, section
from afterbill.connectors.chargebee.envelope import MOST_LINES, ChargebeeEvent, customer_id, paid_by, start_of
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint

_CANCELLED = Touchpoint.ORDER_CANCELLED.value
_UNPAID = ("failure", "timeout", "voided")
"""States of a refund that pays nothing back."""
_AT_ONCE = timedelta(seconds=10)
"""After its creation a seller's program sets the end of a subscription that is sold for a fixed term."""
_LATE_BILLS = timedelta(days=1)
"""Renewals are billed as their term begins, by a job that may run late."""


def payment_succeeded(event: ChargebeeEvent) -> BillingEvent:
    """A payment: the start of its subscription, or of its invoice; without one the transaction stands for itself."""
    transaction = event.part("transaction")
    event = event.of(moment(transaction.get("date")) or moment(event.part("invoice").get("paid_at")))
    touchpoint = _paid_touchpoint(event)
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
    renews = invoice.get("recurring") is True and not _within_term(event)
    return Touchpoint.RENEWED if renews else Touchpoint.PAYMENT_SUCCEEDED


def _within_term(event: ChargebeeEvent) -> bool:
    """Tell whether the invoice is of a day inside the current term, as of a prorated upgrade; renewals begin one."""
    subscription = event.part("subscription")
    began, ends = (moment(subscription.get(key)) for key in ("current_term_start", "current_term_end"))
    billed = moment(event.part("invoice").get("date"))
    return began is not None and ends is not None and billed is not None and began + _LATE_BILLS < billed < ends


def _retried(invoice: Json) -> bool:
    payments = records(invoice.get("linked_payments"), MOST_LINES)
    return bool(records(invoice.get("dunning_attempts"), 1)) or any(
        payment.get("txn_status") == "failure" for payment in payments
    )


def payment_failed(event: ChargebeeEvent) -> BillingEvent:
    """Every attempt, which is a transaction, is a fact of its own; one that had succeeded is a reversal."""
    transaction, invoice = event.part("transaction"), event.part("invoice")
    attempt = event.require(transaction.get("id"), "transaction")
    if transaction.get("status") == "late_failure":
        return _reversed(event)
    money = event.money(transaction.get("amount"), transaction) or event.money(invoice.get("amount_due"), invoice)
    return event.fact(Touchpoint.PAYMENT_FAILED, (_paid_object(event), "payment_failed", attempt), money)


def transaction_changed(event: ChargebeeEvent) -> BillingEvent | None:
    """`transaction_created` and `transaction_updated` matter where the bank took back what it had confirmed."""
    transaction = event.part("transaction")
    late = transaction.get("type") == "payment" and transaction.get("status") == "late_failure"
    returned = transaction.get("type") == "payment_reversal" and transaction.get("status") == "success"
    return _reversed(event) if late or returned else None


def _reversed(event: ChargebeeEvent) -> BillingEvent:
    transaction = event.part("transaction")
    payment = event.require(paid_by(transaction), "payment that was reversed")
    money = event.money(transaction.get("amount"), transaction)
    return event.fact(Touchpoint.PAYMENT_REVERSED, (payment, "payment_reversed", ""), money)


def refunded(event: ChargebeeEvent) -> BillingEvent | None:
    """`payment_refunded` and `refund_initiated`: twins by the transaction that pays the money back, if it does."""
    transaction = event.part("transaction")
    refund = event.require(transaction.get("id"), "transaction")
    if not _pays_back(transaction.get("status"), transaction.get("amount")):
        return None
    money = event.money(transaction.get("amount"), transaction)
    return event.fact(Touchpoint.REFUNDED, (refund, "refunded", ""), money, {"refund": refund})


def _pays_back(status: object, amount: object) -> bool:
    return status not in _UNPAID and amount != 0


def credit_note_created(event: ChargebeeEvent) -> BillingEvent | None:
    """The twin of a refund where the note names one already; else the money stays with the seller for now."""
    note = event.part("credit_note")
    for paid_back in records(note.get("linked_refunds"), MOST_LINES):
        if not _pays_back(paid_back.get("txn_status"), paid_back.get("applied_amount")):
            continue
        refund = event.require(paid_back.get("txn_id"), "transaction of its refund")
        more = identifiers(refund=refund, invoice=note.get("reference_invoice_id"))
        money = event.money(paid_back.get("applied_amount"), note)
        return event.fact(Touchpoint.REFUNDED, (refund, "refunded", ""), money, more)
    return event.profile()


def subscription_paid(event: ChargebeeEvent) -> BillingEvent | None:
    """A renewal or a return: the twin of its payment once the invoice it carries is paid, else only a profile."""
    invoice = event.part("invoice")
    tried = event.part("subscription").get("status") == "in_trial" and invoice.get("total") == 0
    if tried or invoice.get("status") != "paid" or not identifier(invoice.get("id")):
        return event.profile()
    return payment_succeeded(event)


def subscription_started(event: ChargebeeEvent) -> BillingEvent | None:
    """A start; one without any invoice counts at once, and whatever pays for it first is its twin."""
    active = event.part("subscription").get("status") in ("active", "non_renewing")
    if not active or event.part("invoice"):
        return subscription_paid(event)
    subject = event.require(event.objects().get("subscription"), "subscription")
    more = identifiers(start=start_of(subject))
    event = event.of(moment(event.part("subscription").get("started_at")))
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


def cancelled(event: ChargebeeEvent) -> BillingEvent | None:
    """The end, unless it was planned: the same fact as its announcement."""
    subscription = event.part("subscription")
    if _planned(subscription):
        return event.profile(SubscriptionState.EXPIRED)
    return _ending(event)


def cancellation_scheduled(event: ChargebeeEvent) -> BillingEvent | None:
    """An end that somebody announced, unless it was set for a later term as the subscription was created."""
    subscription = event.part("subscription")
    ends, term = moment(subscription.get("cancelled_at")), moment(subscription.get("current_term_end"))
    later = ends is not None and term is not None and ends > term
    planned = later and not _reasons(subscription) and _set_at_once(subscription)
    return event.profile() if planned else _ending(event)


def _ending(event: ChargebeeEvent) -> BillingEvent:
    """An end, announced or come: one fact a day of ending, for the job that ends it runs some minutes late."""
    subscription = event.part("subscription")
    ends = moment(subscription.get("cancelled_at")) or event.envelope.occurred_at
    fact = _about_subscription(event, Touchpoint.CANCELLED, ends.astimezone(UTC).date().isoformat())
    reason, _ = reported(subscription.get("cancel_reason_code") or subscription.get("cancel_reason"))
    return replace(fact, reported_reason=reason)


def _planned(subscription: Json) -> bool:
    """Tell whether the last billing cycle or the contract brought the end, and nobody gave a reason or a date of it."""
    if _reasons(subscription):
        return False
    if subscription.get("cancel_schedule_created_at"):
        return _set_at_once(subscription)
    contract = section(subscription, "contract_term")
    fixed = contract.get("action_at_term_end") == "cancel" and contract.get("status") in (None, "active", "completed")
    last = subscription.get("remaining_billing_cycles") == 0
    ends, term = moment(subscription.get("cancelled_at")), moment(subscription.get("current_term_end"))
    return (last or fixed) and not (ends and term and ends < term)


def _reasons(subscription: Json) -> bool:
    return bool(subscription.get("cancel_reason") or subscription.get("cancel_reason_code"))


def _set_at_once(subscription: Json) -> bool:
    created, set_at = (moment(subscription.get(key)) for key in ("created_at", "cancel_schedule_created_at"))
    return created is not None and set_at is not None and set_at - created <= _AT_ONCE


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


def order_cancelled(event: ChargebeeEvent) -> BillingEvent:
    """An order that is not delivered any more, whoever cancelled it and whether it was paid."""
    order = event.part("order")
    subject = event.require(event.objects().get("order"), "order")
    return event.fact(Touchpoint.ORDER_CANCELLED, (subject, _CANCELLED, ""), event.money(order.get("total"), order))


def invoice_generated(event: ChargebeeEvent) -> BillingEvent | None:
    """`invoice_generated`: a pending one is a draft, which teaches nothing."""
    return None if event.part("invoice").get("status") == "pending" else event.profile()


def invoice_updated(event: ChargebeeEvent) -> BillingEvent | None:
    """`invoice_updated` matters where it is voided: the bill does not stand any more."""
    invoice = event.part("invoice")
    if invoice.get("status") != "voided":
        return None
    subject = event.require(invoice.get("id"), "invoice")
    return event.fact(Touchpoint.ORDER_CANCELLED, (subject, _CANCELLED, ""), event.money(invoice.get("total"), invoice))


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
    "subscription_resumed": ChargebeeEvent.profile,
    "subscription_changed": ChargebeeEvent.profile,
    "subscription_scheduled_cancellation_removed": ChargebeeEvent.profile,
    "subscription_trial_end_reminder": trial_ending,
    "subscription_cancellation_scheduled": cancellation_scheduled,
    "subscription_cancelled": cancelled,
    "transaction_created": transaction_changed,
    "transaction_updated": transaction_changed,
    "order_delivered": order_delivered,
    "order_cancelled": order_cancelled,
    "invoice_generated": invoice_generated,
    "invoice_updated": invoice_updated,
    "customer_created": ChargebeeEvent.profile,
    "customer_changed": ChargebeeEvent.profile,
    "customer_deleted": customer_deleted,
}
