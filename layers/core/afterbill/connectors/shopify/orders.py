"""Shopify's orders, and what names one: fulfilments, transactions, refunds and disputes."""

from dataclasses import replace

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    identifiers,
    iso_moment,
    records,
    reported,
    section,
    text,
)
from afterbill.connectors._kit.money import is_zero
from afterbill.connectors.shopify.customers import customer_of
from afterbill.connectors.shopify.envelope import ShopifyEvent, money_of, ref, transactions
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_FULFILLED = "fulfilled"
_FAILED = ("failure", "error")
_CHARGING = ("sale", "authorization", "capture")
_GIVEN_BACK = ("refunded", "partially_refunded")
_RENEWALS = ("subscription_contract", "subscription_contract_checkout_one")
"""Sources of orders that a billing attempt made; the second is the name since October 2025."""


def products_of(body: Json) -> tuple[str, ...]:
    """Return the names of what was bought, in the order of the bill, each once."""
    lines = records(body.get("line_items"), MOST_PRODUCTS)
    return tuple(dict.fromkeys(name for line in lines if (name := text(line.get("title")) or text(line.get("name")))))


def paid(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`orders/paid`; what is given back by now is nothing to ask about."""
    if received.content.get("financial_status") in _GIVEN_BACK:
        return changed(received)
    renewed = received.content.get("source_name") in _RENEWALS
    return (_about_order(received, Touchpoint.RENEWED if renewed else Touchpoint.ORDER_PAID, PAYMENT),)


def fulfilled(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`orders/fulfilled`."""
    return (_about_order(received, Touchpoint.ORDER_FULFILLED, _FULFILLED),)


def cancelled(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`orders/cancelled`, whoever cancelled it and why, on the day of that."""
    event = _about_order(received, Touchpoint.ORDER_CANCELLED, Touchpoint.ORDER_CANCELLED.value)
    reason, _ = reported(received.content.get("cancel_reason"))
    return (_dated(replace(event, reported_reason=reason), received.content.get("cancelled_at")),)


def _dated(event: BillingEvent, at: object) -> BillingEvent:
    return replace(event, occurred_at=iso_moment(at) or event.occurred_at)


def _about_order(received: ShopifyEvent, touchpoint: Touchpoint, meaning: str) -> BillingEvent:
    about = (received.require(ref(received.content), "order"), meaning, "")
    customer = customer_of(received.content)
    return received.envelope.fact(
        touchpoint,
        about,
        customer,
        identifiers(order=about[0], customer=customer.id),
        money=money_of(received.content, "total_price", received.source),
        products=products_of(received.content),
    )


def changed(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """An order as it is, which may be cancelled; `orders/edited` names the order alone."""
    if received.content.get("cancelled_at"):
        return cancelled(received)
    customer = customer_of(received.content)
    order = ref(received.content) or ref(section(received.content, "order_edit"), "order")
    return (received.envelope.profile(customer, identifiers(order=order, customer=customer.id)),)


def shipped(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`fulfillments/create` and `/update`: the order's fulfilment, once one of its parcels is on its way.

    It is of the day of the parcel, whose tracking is updated for weeks.
    """
    body = received.content
    if body.get("status") != "success":
        return ()
    about = (received.require(ref(body, "order"), "order"), _FULFILLED, "")
    goes_to = section(body, "destination")
    customer = CustomerRef(email=address(body.get("email")), country=country(goes_to.get("country_code")))
    objects = identifiers(order=about[0], fulfillment=ref(body))
    event = received.envelope.fact(Touchpoint.ORDER_FULFILLED, about, customer, objects, products=products_of(body))
    return (_dated(event, body.get("created_at")),)


def refunded(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`refunds/create`: money that was given back or is on its way; goods that only go back into stock are none."""
    tried = transactions(received.content)
    returned = [one for one in tried if _returns_money(one)]
    untold = received.content.get("transactions") is None or _is_settled_elsewhere(received.content)
    if not returned and (tried or not untold):
        return ()
    return (_about_payment(received, Touchpoint.REFUNDED, "refund", _given_back(received, returned)),)


def _returns_money(transaction: Json) -> bool:
    """Whether this is no failed attempt, no amount of 0, and no authorization that was given up."""
    refunds = (text(transaction.get("kind")) or "refund") == "refund"
    return refunds and transaction.get("status") not in _FAILED and not is_zero(transaction.get("amount"))


def _is_settled_elsewhere(refund: Json) -> bool:
    """Whether it lists goods with a price that do not come back: their money goes another way than through Shopify."""
    lines = records(refund.get("refund_line_items"), MOST_PRODUCTS)
    kept = [one for one in lines if one.get("restock_type") == "no_restock" and not is_zero(one.get("subtotal"))]
    return bool(kept) and refund.get("restock") is not True


def _given_back(received: ShopifyEvent, returned: list[Json]) -> Money | None:
    """The sum of the successful transactions; None without any, or where they do not add up."""
    done = [one for one in returned if one.get("status") == "success"]
    parts = [money for one in done if (money := money_of(one, "amount", received.source))]
    currencies = {money.currency for money in parts}
    if len(parts) != len(done) or len(currencies) != 1:
        return None
    return Money(sum(money.amount for money in parts), currencies.pop())


def transacted(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`order_transactions/create`: only a charge that failed says more than the order does.

    After the order was paid, as with a bank's debit, it takes that payment back.
    """
    if received.content.get("status") not in _FAILED or received.content.get("kind") not in _CHARGING:
        return ()
    amount = money_of(received.content, "amount", received.source)
    order = ref(received.content, "order")
    return (
        _about_payment(
            received,
            Touchpoint.PAYMENT_FAILED,
            "transaction",
            amount,
            takes_back=(order, PAYMENT, "") if order else None,
        ),
    )


def disputed(received: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`disputes/create`: a chargeback or an inquiry."""
    amount = money_of(received.content, "amount", received.source)
    return (_about_payment(received, Touchpoint.DISPUTED, "dispute", amount),)


def _about_payment(
    received: ShopifyEvent,
    touchpoint: Touchpoint,
    kind: str,
    money: Money | None,
    *,
    takes_back: tuple[str, str, str] | None = None,
) -> BillingEvent:
    """Make a fact that names its order and no customer: each refund, charge or dispute is a fact of its own."""
    about = (received.require(ref(received.content), kind), touchpoint.value, "")
    objects = identifiers(**{kind: about[0], "order": ref(received.content, "order")})
    return received.envelope.fact(touchpoint, about, CustomerRef(), objects, money=money, takes_back=takes_back)
