"""Paddle's money events: transactions and the adjustments that take them back."""

from datetime import datetime

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, iso_moment, records, section, text
from afterbill.connectors.paddle.envelope import PaddleEvent, customer_of, items_of, lines_of, plan_of, recurs
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_MOST_PAYMENTS = 50


def transaction_paid(event: PaddleEvent) -> BillingEvent:
    """`transaction.completed` and `transaction.paid`, which comes a moment before it: one payment."""
    event = event.of(_captured_at(event.content))
    if _starts_subscription(event.content) and _for_nothing(event):
        return transaction_seen(event)
    return _transaction(event, _paid_touchpoint(event.content), PAYMENT, "")


def _captured_at(transaction: Json) -> datetime | None:
    captured = (payment.get("captured_at") for payment in _payments(transaction) if payment.get("status") == "captured")
    return iso_moment(next(captured, None))


def _for_nothing(event: PaddleEvent) -> bool:
    """Tell whether a trial begins, or a free plan: no discount made it cost nothing. The subscription says which."""
    totals = section(event.content, "details", "totals")
    total, discount = (event.money(totals.get(key)) for key in ("total", "discount"))
    return total is not None and total.amount == 0 and not (discount and discount.amount)


def _paid_touchpoint(transaction: Json) -> Touchpoint:
    if _starts_subscription(transaction):
        return Touchpoint.SUBSCRIPTION_STARTED
    if _failures(transaction):
        return Touchpoint.PAYMENT_RECOVERED
    renewal = transaction.get("origin") == "subscription_recurring"
    return Touchpoint.RENEWED if renewal else Touchpoint.PAYMENT_SUCCEEDED


def _starts_subscription(transaction: Json) -> bool:
    """Tell whether this transaction buys a new subscription.

    `transaction.paid` comes before that has an id, but it knows what will be billed again.
    """
    if (text(transaction.get("origin")) or "").startswith("subscription_"):
        return False
    return bool(identifier(transaction.get("subscription_id"))) or any(map(recurs, items_of(transaction)))


def transaction_failed(event: PaddleEvent) -> BillingEvent:
    """`transaction.payment_failed`: every attempt is a fact of its own."""
    attempts = [identifier(payment.get("payment_attempt_id")) for payment in _failures(event.content)]
    occurrence = next(filter(None, attempts), event.envelope.event_id)
    return _transaction(event, Touchpoint.PAYMENT_FAILED, "payment_failed", occurrence, takes_back=PAYMENT)


def transaction_cancelled(event: PaddleEvent) -> BillingEvent:
    """`transaction.canceled`: a bill that nobody paid, nor has to pay any more."""
    return _transaction(event, Touchpoint.ORDER_CANCELLED, Touchpoint.ORDER_CANCELLED.value, "")


def transaction_seen(event: PaddleEvent) -> BillingEvent:
    """A transaction that only teaches, as `transaction.past_due`, whose failed attempts are the facts."""
    transaction = event.content
    return event.envelope.profile(_payer(transaction), _transaction_objects(transaction), plan_of(transaction))


def _transaction(
    event: PaddleEvent, touchpoint: Touchpoint, meaning: str, occurrence: str, takes_back: str = ""
) -> BillingEvent:
    transaction = event.content
    id_ = event.require(transaction, "transaction")
    names = [text(section(line, "product").get("name")) for line in lines_of(transaction)]
    return event.envelope.fact(
        touchpoint,
        (id_, meaning, occurrence),
        _payer(transaction),
        _transaction_objects(transaction),
        money=event.money(section(transaction, "details", "totals").get("grand_total")),
        plan=plan_of(transaction),
        products=tuple(name for name in names if name)[:MOST_PRODUCTS],
        takes_back=(id_, takes_back, "") if takes_back else None,
    )


def _transaction_objects(transaction: Json) -> dict[str, str]:
    return identifiers(
        transaction=transaction,
        invoice=transaction.get("invoice_id"),
        subscription=transaction.get("subscription_id"),
        customer=transaction.get("customer_id"),
    )


def _payer(transaction: Json) -> CustomerRef:
    """The customer with the way of paying and how often it failed."""
    methods = [text(section(payment, "method_details").get("type")) for payment in _payments(transaction)]
    failed = len(_failures(transaction))
    attributes = {
        "payment_method": next(filter(None, methods), None),
        "dunning_attempt": str(failed) if failed else None,
    }
    return customer_of(transaction, {key: value for key, value in attributes.items() if value})


def _payments(transaction: Json) -> list[Json]:
    """The attempts to pay, the latest first."""
    payments = records(transaction.get("payments"), _MOST_PAYMENTS)
    return sorted(payments, key=lambda payment: text(payment.get("created_at")) or "", reverse=True)


def _failures(transaction: Json) -> list[Json]:
    return [payment for payment in _payments(transaction) if payment.get("status") == "error"]


def adjusted(event: PaddleEvent) -> BillingEvent | None:
    """`adjustment.created` and `.updated`: a refund, asked for or approved, or an approved chargeback; no credits."""
    adjustment = event.content
    returned = event.money(section(adjustment, "totals").get("total"))
    pending = adjustment.get("status") == "pending_approval" and adjustment.get("action") == "refund"
    if not (pending or adjustment.get("status") == "approved") or (returned and not returned.amount):
        return None
    if adjustment.get("action") == "refund":
        about = (event.require(adjustment, "adjustment"), "refunded", "")
        return _reversal(event, Touchpoint.REFUNDED, about)
    if adjustment.get("action") in ("chargeback", "chargeback_warning"):
        # The warning and the chargeback after it are two adjustments, but one dispute.
        about = (event.require(adjustment.get("transaction_id"), "transaction_id"), "disputed", "")
        return _reversal(event, Touchpoint.DISPUTED, about)
    return None


def _reversal(event: PaddleEvent, touchpoint: Touchpoint, about: tuple[str, str, str]) -> BillingEvent:
    adjustment = event.content
    objects = identifiers(
        adjustment=adjustment,
        transaction=adjustment.get("transaction_id"),
        subscription=adjustment.get("subscription_id"),
        customer=adjustment.get("customer_id"),
    )
    money = event.money(section(adjustment, "totals").get("total"))
    return event.envelope.fact(touchpoint, about, customer_of(adjustment), objects, money=money)
