"""Read the monthly price and the plan of a Stripe subscription, in every payload shape."""

from dataclasses import dataclass

from afterbill.connectors._kit.json import Json, identifier, integer, records, section, text
from afterbill.connectors.stripe.envelope import stripe_money
from afterbill.model.billing import Money, Touchpoint

_MOST_ITEMS = 20
"""Stripe's own limit of items in a subscription."""

_PER_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}


@dataclass(frozen=True, slots=True)
class Item:
    """One price of a subscription; `monthly` is for the whole quantity, None for tiers and metered use."""

    price: str
    quantity: int
    plan: str | None
    monthly: Money | None


def subscription_items(subscription: Json, *, ids_only: bool) -> tuple[Item, ...]:
    """The items of a subscription; before there were items, it had one plan and quantity itself."""
    entries = records(section(subscription, "items").get("data"), _MOST_ITEMS) or [subscription]
    return tuple(_item(entry, ids_only=ids_only) for entry in entries)


def _item(entry: Json, *, ids_only: bool) -> Item:
    price = section(entry, "price") or section(entry, "plan")
    quantity = integer(entry.get("quantity"))
    quantity = 1 if quantity is None else quantity
    return Item(identifier(price) or "", quantity, _plan(price, ids_only=ids_only), _monthly(price, quantity))


def _plan(price: Json, *, ids_only: bool) -> str | None:
    """Names before ids, unless invoices know ids only: one plan must not appear under two names."""
    named = None if ids_only else text(price.get("nickname")) or text(price.get("lookup_key"))
    return named or identifier(price.get("product")) or identifier(price)


def _monthly(price: Json, quantity: int) -> Money | None:
    unit = price.get("unit_amount", price.get("amount"))
    money = stripe_money(unit, price.get("currency"))
    rhythm = section(price, "recurring") or price
    per_year = _PER_YEAR.get(text(rhythm.get("interval")) or "")
    count = integer(rhythm.get("interval_count", 1)) or 0
    if not money or not per_year or count < 1:
        return None
    return Money(money.amount * quantity * per_year // (12 * count), money.currency)


def recurring(items: tuple[Item, ...]) -> Money | None:
    """Return the price of all items per month, rounded down to the smallest unit; None unless every amount is known."""
    amounts = [item.monthly for item in items if item.monthly]
    currencies = {money.currency for money in amounts}
    if len(amounts) != len(items) or len(currencies) != 1:
        return None
    return Money(sum(money.amount for money in amounts), currencies.pop())


def direction(before: tuple[Item, ...], after: tuple[Item, ...]) -> Touchpoint | None:
    """Return UPGRADED where the month became dearer, DOWNGRADED where cheaper; None for neither or unknown."""
    old, new = recurring(before), recurring(after)
    if not old or not new or old.currency != new.currency or old.amount == new.amount:
        return None
    return Touchpoint.UPGRADED if new.amount > old.amount else Touchpoint.DOWNGRADED


def composition(items: tuple[Item, ...]) -> str:
    """Prices and quantities in an order of our own, so that the same subscription always reads the same."""
    return "+".join(sorted(f"{item.price}:{item.quantity}" for item in items))


def invoice_plan(invoice: Json, *, ids_only: bool) -> str | None:
    """The plan this invoice is for; what was bought once, or credited for the plan before, is no plan."""
    for line in records(section(invoice, "lines").get("data"), _MOST_ITEMS):
        if _is_for_plan(line):
            price = section(line, "price") or section(line, "plan") or section(line, "pricing", "price_details")
            return _plan(price, ids_only=ids_only) or identifier(price.get("price"))
    return None


def _is_for_plan(line: Json) -> bool:
    """Judge by the line's type before 2025-03-31 (prorations are invoice items there), by its parent since."""
    item = section(line, "parent", "subscription_item_details")
    return line.get("type") == "subscription" or (bool(item) and item.get("proration") is not True)
