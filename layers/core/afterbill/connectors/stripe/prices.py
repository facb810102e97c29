"""Read the monthly price and the plan of a Stripe subscription, in every payload shape."""

from dataclasses import dataclass

from afterbill.connectors._kit.json import Json, identifier, integer, records, section, text
from afterbill.connectors._kit.recurring import recurring_of, together
from afterbill.connectors.stripe.envelope import stripe_money
from afterbill.model.billing import Money, Touchpoint
from afterbill.model.recurring import Recurring

_MOST_ITEMS = 20
"""Stripe's own limit of items in a subscription."""


@dataclass(frozen=True, slots=True)
class Item:
    """One price of a subscription; `recurring` is for the whole quantity, None for tiers.

    Of a `metered` one it is for one unit: the use that is paid for is known to nobody.
    """

    price: str
    quantity: int
    plan: str | None
    recurring: Recurring | None
    metered: bool = False


def subscription_items(subscription: Json, *, ids_only: bool) -> tuple[Item, ...]:
    """The items of a subscription; before there were items, it had one plan and quantity itself."""
    entries = records(section(subscription, "items").get("data"), _MOST_ITEMS) or [subscription]
    return tuple(_item(entry, ids_only=ids_only) for entry in entries)


def _item(entry: Json, *, ids_only: bool) -> Item:
    price = section(entry, "price") or section(entry, "plan")
    quantity = integer(entry.get("quantity"))
    quantity = 1 if quantity is None else quantity
    metered = (section(price, "recurring") or price).get("usage_type") == "metered"
    plan = _plan(price, ids_only=ids_only)
    return Item(identifier(price) or "", quantity, plan, _recurring(price, quantity), metered)


def _plan(price: Json, *, ids_only: bool) -> str | None:
    """Names before ids, unless invoices know ids only: one plan must not appear under two names."""
    named = None if ids_only else text(price.get("nickname")) or text(price.get("lookup_key"))
    return named or identifier(price.get("product")) or identifier(price)


def _recurring(price: Json, quantity: int) -> Recurring | None:
    money = stripe_money(price.get("unit_amount", price.get("amount")), price.get("currency"))
    rhythm = section(price, "recurring") or price
    whole = money and Money(money.amount * quantity, money.currency)
    return recurring_of(whole, rhythm.get("interval_count", 1), rhythm.get("interval"))


def price_of(items: tuple[Item, ...]) -> Recurring | None:
    """Return what a subscription costs for each interval; None where that depends on its use, or on tiers."""
    return None if any(item.metered for item in items) else _together(items)


def _together(items: tuple[Item, ...]) -> Recurring | None:
    return together([item.recurring for item in items])


def direction(before: tuple[Item, ...], after: tuple[Item, ...]) -> Touchpoint | None:
    """Return UPGRADED where the month became dearer, DOWNGRADED where cheaper; None for neither or unknown."""
    both = _together(before), _together(after)
    if not both[0] or not both[1]:
        return None
    old, new = both[0].per_month, both[1].per_month
    if old.currency != new.currency or old.amount == new.amount:
        return None
    return Touchpoint.UPGRADED if new.amount > old.amount else Touchpoint.DOWNGRADED


def composition(items: tuple[Item, ...]) -> str:
    """Prices and quantities in an order of our own, so that the same subscription always reads the same."""
    return "+".join(sorted(f"{item.price}:{item.quantity}" for item in items))


def invoice_price(invoice: Json) -> Recurring | None:
    """Return what the subscription of an invoice costs, from all its lines; since 2025-03-31 they name ids only."""
    lines = records(section(invoice, "lines").get("data"), _MOST_ITEMS)
    if section(invoice, "lines").get("has_more"):
        return None
    return price_of(tuple(_item(line, ids_only=True) for line in lines if _is_for_plan(line)))


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
