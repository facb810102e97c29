"""WooCommerce's orders: every save sends the whole object, so each state is read as facts that repeat themselves."""

import html
import re
from collections.abc import Iterator

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, records, section, text
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors.woocommerce.people import Record, bought_by
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_MOST_REFUNDS = 20
_OVER = ("cancelled", "pending-cancel", "expired")
_ENDS = {"failed": Touchpoint.PAYMENT_FAILED, "cancelled": Touchpoint.CANCELLED}
_REFUNDED = Touchpoint.REFUNDED.value
_ORDER_OF_REFUND = re.compile(r"/orders/([0-9]{1,20})$")


def read_order(order: Json, record: Record) -> tuple[BillingEvent, ...]:
    """All that the state of an order says happened: fulfilment, payment, then refunds; else what it teaches."""
    status = _status(order)
    events = [*_went_well(order, record, status)]
    if status in _ENDS:
        events.append(_fact(order, record, _ENDS[status], _ENDS[status].value, order.get("date_modified_gmt")))
    events += _refunds(order, record, status)
    return tuple(events) or (_profile(order, record, "order"),)


def _went_well(order: Json, record: Record, status: str) -> Iterator[BillingEvent]:
    paid = order.get("date_paid_gmt") or order.get("date_paid")
    if status == "completed":
        ended = order.get("date_completed_gmt") or order.get("completed_at")
        yield _fact(order, record, Touchpoint.ORDER_FULFILLED, "fulfilled", ended)
    if status in ("completed", "processing") and (paid or section(order, "payment_details").get("paid") is True):
        yield _fact(order, record, Touchpoint.ORDER_PAID, PAYMENT, order.get("date_paid_gmt"))


def _fact(order: Json, record: Record, touchpoint: Touchpoint, meaning: str, when: object) -> BillingEvent:
    customer = bought_by(order)
    envelope = record.at(when, order.get("date_modified_gmt"), order.get("updated_at"))
    objects = identifiers(order=order.get("id"), payment=order.get("transaction_id"), customer=customer.id)
    return envelope.fact(
        touchpoint,
        (objects["order"], meaning, ""),
        customer,
        objects,
        money=_money(order.get("total"), order, record),
        products=_products(order),
    )


def _refunds(order: Json, record: Record, status: str) -> Iterator[BillingEvent]:
    """Report every refund the order lists, whatever its status; without a list, the whole order."""
    customer = bought_by(order)
    envelope = record.at(order.get("date_modified_gmt"), order.get("updated_at"))
    listed = [one for one in records(order.get("refunds"), _MOST_REFUNDS) if identifier(one)]
    if not listed and status == "refunded":
        yield _fact(order, record, Touchpoint.REFUNDED, _REFUNDED, order.get("date_modified_gmt"))
    for refund in listed:
        objects = identifiers(order=order.get("id"), refund=refund, customer=customer.id)
        about = (objects["order"], _REFUNDED, objects["refund"])
        money = _positive(_money(refund.get("total"), order, record))
        yield envelope.fact(Touchpoint.REFUNDED, about, customer, objects, money=money, products=_products(order))


def read_refund(refund: Json, record: Record) -> tuple[BillingEvent, ...]:
    """A refund on its own, the same fact as in its order's list; only links say which order that is."""
    objects = identifiers(order=_order_of(refund), refund=refund)
    if "order" not in objects:
        return ()
    about = (objects["order"], _REFUNDED, objects["refund"])
    money = _positive(_money(refund.get("amount"), refund, record))
    envelope = record.at(refund.get("date_created_gmt"))
    return (envelope.fact(Touchpoint.REFUNDED, about, CustomerRef(), objects, money=money),)


def _order_of(refund: Json) -> str | None:
    named = identifier(refund.get("parent_id")) or identifier(refund.get("order_id"))
    links = (_ORDER_OF_REFUND.search(text(up.get("href")) or "") for up in records(_up(refund), 1))
    return named if named and named != "0" else next((link[1] for link in links if link), None)


def _up(refund: Json) -> object:
    return section(refund, "_links").get("up")


def read_subscription(subscription: Json, record: Record) -> tuple[BillingEvent, ...]:
    """An object of WooCommerce Subscriptions; its payments are orders, so only its end is a fact."""
    if _status(subscription) not in _OVER:
        return (_profile(subscription, record, "subscription"),)
    customer = bought_by(subscription)
    objects = identifiers(subscription=subscription.get("id"), customer=customer.id)
    about = (objects["subscription"], Touchpoint.CANCELLED.value, "")
    envelope = record.at(subscription.get("date_modified_gmt"))
    return (envelope.fact(Touchpoint.CANCELLED, about, customer, objects, plan=_plan(subscription)),)


def _profile(body: Json, record: Record, kind: str) -> BillingEvent:
    customer = bought_by(body)
    objects = identifiers(**{kind: body.get("id"), "customer": customer.id})
    plan = _plan(body) if kind == "subscription" else None
    return record.at(body.get("date_modified_gmt"), body.get("updated_at")).profile(customer, objects, plan)


def _plan(subscription: Json) -> str | None:
    return next(iter(_products(subscription)), None)


def _products(order: Json) -> tuple[str, ...]:
    """Names of what was bought, each once; WordPress stores them with HTML entities."""
    lines = records(order.get("line_items"), MOST_PRODUCTS)
    names = (text(html.unescape(text(line.get("name")) or "")) for line in lines)
    return tuple(dict.fromkeys(filter(None, names)))


def _money(amount: object, named_by: Json, record: Record) -> Money | None:
    return from_decimal(amount, text(named_by.get("currency")) or record.source.currency)


def _positive(money: Money | None) -> Money | None:
    """An order lists what was given back with a minus sign, a refund on its own without."""
    return Money(abs(money.amount), money.currency) if money else None


def _status(body: Json) -> str:
    """The status without the prefix it has in the shop's own tables."""
    return (text(body.get("status")) or "").removeprefix("wc-")
