"""Objects of WooCommerce Subscriptions; their payments are orders, so only an end is a fact."""

from dataclasses import replace

from afterbill.connectors._kit.json import Json, identifiers, text
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors._kit.recurring import recurring_of
from afterbill.connectors.woocommerce.orders import products_of, status_of
from afterbill.connectors.woocommerce.people import Record, bought_by
from afterbill.model.billing import BillingEvent, SubscriptionState, Touchpoint
from afterbill.model.recurring import Recurring

_EXPIRED = ("expired", "switched")
"""Over, and nobody left: its term is over, or another one took its place."""


def read_subscription(subscription: Json, record: Record) -> tuple[BillingEvent, ...]:
    """An end that somebody wanted, announced or come; anything else teaches."""
    return (replace(_read(subscription, record), recurring=_recurring(subscription, record)),)


def _recurring(subscription: Json, record: Record) -> Recurring | None:
    """Return what is billed each time, shipping included, without the tax that is told apart."""
    currency = text(subscription.get("currency")) or record.source.currency
    total, tax = (from_decimal(subscription.get(key), currency) for key in ("total", "total_tax"))
    net = replace(total, amount=total.amount - tax.amount) if total and tax else total
    return recurring_of(net, subscription.get("billing_interval"), subscription.get("billing_period"))


def _read(subscription: Json, record: Record) -> BillingEvent:
    customer = bought_by(subscription)
    objects = identifiers(subscription=subscription.get("id"), customer=customer.id)
    plan = next(iter(products_of(subscription)), None)
    changed = (subscription.get("date_modified_gmt"), subscription.get("updated_at"))
    if _is_left(subscription):
        about = (objects["subscription"], Touchpoint.CANCELLED.value, "")
        envelope = record.at(_left_at(subscription), *changed)
        return envelope.fact(Touchpoint.CANCELLED, about, customer, objects, plan=plan)
    return record.at(*changed).profile(customer, objects, plan, subscription_state=_state(subscription))


def _is_left(subscription: Json) -> bool:
    status = status_of(subscription)
    if status == "cancelled":
        return not _never_began(subscription)
    return status == "pending-cancel" or (status in _EXPIRED and bool(subscription.get("cancelled_date_gmt")))


def _never_began(subscription: Json) -> bool:
    """Whether it was cancelled with its first order, which nobody had paid."""
    at_once = subscription.get("end_date_gmt") == subscription.get("cancelled_date_gmt")
    paid = subscription.get("last_payment_date_gmt", "not said") or subscription.get("date_paid_gmt")
    return at_once and not paid


def _left_at(subscription: Json) -> object:
    """Return the day of an end that came, or on which one that is still ahead was announced."""
    announced = status_of(subscription) == "pending-cancel"
    return subscription.get("cancelled_date_gmt" if announced else "end_date_gmt")


def _state(subscription: Json) -> SubscriptionState | None:
    """Return the state of a subscription that nobody has left; neither for one on hold nor before its first payment."""
    status = status_of(subscription)
    if status == "active":
        return SubscriptionState.RUNNING
    return SubscriptionState.EXPIRED if status in ("cancelled", *_EXPIRED) else None
