"""WooCommerce's orders: every save sends the whole object, so each state is read as facts that repeat themselves."""

import html
import re
from collections.abc import Iterator

from afterbill.connectors._kit.consent import pairs
from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, records, section, text
from afterbill.connectors._kit.money import from_decimal, is_zero
from afterbill.connectors.woocommerce.people import Record, bought_by
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_MOST_REFUNDS = 20
DRAFTS = ("draft", "auto-draft", "checkout-draft", "new", "trash")
"""Statuses of what is not yet an order, or no longer one: nothing is learned from it."""
_OF_SUBSCRIPTION = ("_subscription_renewal", "_subscription_switch")
"""Where WooCommerce Subscriptions notes in an order which subscription it is about."""
_REFUNDED = Touchpoint.REFUNDED.value
_ORDER_OF_REFUND = re.compile(r"/orders/([0-9]{1,20})$")


def read_order(order: Json, record: Record) -> tuple[BillingEvent, ...]:
    """All that the state of an order says happened: good, then bad, then refunds; else what it teaches."""
    status = status_of(order)
    events = (*_went_well(order, record, status), *_went_wrong(order, record, status), *_refunds(order, record, status))
    return events or (_profile(order, record),)


def _went_well(order: Json, record: Record, status: str) -> Iterator[BillingEvent]:
    if status == "completed":
        ended = order.get("date_completed_gmt") or order.get("completed_at")
        yield _fact(order, record, Touchpoint.ORDER_FULFILLED, "fulfilled", ended)
    if status in ("completed", "processing") and _is_paid(order):
        yield _fact(order, record, Touchpoint.ORDER_PAID, PAYMENT, order.get("date_paid_gmt"))


def _is_paid(order: Json) -> bool:
    paid_at = order.get("date_paid_gmt") or order.get("date_paid")
    return bool(paid_at) or section(order, "payment_details").get("paid") is True


def _went_wrong(order: Json, record: Record, status: str) -> Iterator[BillingEvent]:
    """A cancelled order, a failed payment, or one that was taken back after it was confirmed."""
    if status == "cancelled":
        touchpoint = Touchpoint.ORDER_CANCELLED
    elif status == "failed":
        touchpoint = Touchpoint.PAYMENT_REVERSED if _is_paid(order) else Touchpoint.PAYMENT_FAILED
    else:
        return
    yield _fact(order, record, touchpoint, touchpoint.value, order.get("date_modified_gmt"))


def _fact(order: Json, record: Record, touchpoint: Touchpoint, meaning: str, when: object) -> BillingEvent:
    customer = bought_by(order)
    envelope = record.at(when, order.get("date_modified_gmt"), order.get("updated_at"))
    objects = _objects(order, customer)
    return envelope.fact(
        touchpoint,
        (objects["order"], meaning, ""),
        customer,
        objects,
        money=_money(order.get("total"), order, record),
        products=products_of(order),
        takes_back=(objects["order"], PAYMENT, "") if touchpoint is Touchpoint.PAYMENT_FAILED else None,
    )


def _objects(order: Json, customer: CustomerRef) -> dict[str, str]:
    notes = pairs(order.get("meta_data"))
    return identifiers(
        order=order.get("id"),
        payment=order.get("transaction_id"),
        subscription=next(filter(None, map(notes.get, _OF_SUBSCRIPTION)), None),
        customer=customer.id,
    )


def _refunds(order: Json, record: Record, status: str) -> Iterator[BillingEvent]:
    """Report every refund of money the order lists, whatever its status; without a list, the whole order."""
    customer = bought_by(order)
    envelope = record.at(order.get("date_modified_gmt"), order.get("updated_at"))
    listed = [one for one in records(order.get("refunds"), _MOST_REFUNDS) if identifier(one)]
    if not listed and status == "refunded" and not is_zero(order.get("total")):
        yield _fact(order, record, Touchpoint.REFUNDED, _REFUNDED, order.get("date_modified_gmt"))
    for refund in (one for one in listed if not is_zero(one.get("total"))):
        objects = identifiers(order=order.get("id"), refund=refund, customer=customer.id)
        about = (objects["order"], _REFUNDED, objects["refund"])
        money = _positive(_money(refund.get("total"), order, record))
        yield envelope.fact(Touchpoint.REFUNDED, about, customer, objects, money=money, products=products_of(order))


def read_refund(refund: Json, record: Record) -> tuple[BillingEvent, ...]:
    """A refund on its own, the same fact as in its order's list; only links say which order that is."""
    objects = identifiers(order=_order_of(refund), refund=refund)
    if "order" not in objects or is_zero(refund.get("amount")):
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


def _profile(order: Json, record: Record) -> BillingEvent:
    customer = bought_by(order)
    return record.at(order.get("date_modified_gmt"), order.get("updated_at")).profile(
        customer, _objects(order, customer)
    )


def products_of(order: Json) -> tuple[str, ...]:
    """Names of what was bought, each once; WordPress stores them with HTML entities."""
    lines = records(order.get("line_items"), MOST_PRODUCTS)
    names = (text(html.unescape(text(line.get("name")) or "")) for line in lines)
    return tuple(dict.fromkeys(filter(None, names)))


def _money(amount: object, named_by: Json, record: Record) -> Money | None:
    return from_decimal(amount, text(named_by.get("currency")) or record.source.currency)


def _positive(money: Money | None) -> Money | None:
    """An order lists what was given back with a minus sign, a refund on its own without."""
    return Money(abs(money.amount), money.currency) if money else None


def status_of(body: Json) -> str:
    """The status without the prefix it has in the shop's own tables."""
    return (text(body.get("status")) or "").removeprefix("wc-")
