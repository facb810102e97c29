"""The envelope of a Paddle event, and the words shared by what is read from inside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import Json, address, identifier, iso_moment, needed, records, section, text
from afterbill.connectors._kit.money import from_minor, whole
from afterbill.connectors._kit.recurring import recurring_of, together
from afterbill.model.billing import CustomerRef, Money
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Source

_SIMULATED = "ntfsim"
"""Start of all ids of Paddle's simulator (ntfsimevt_, ntfsimntf_), its only mark of a test."""

_SAME_DAY = timedelta(days=1)
"""Payments are told within seconds; what is older was entered later, as transfers are."""

_MOST_ITEMS = 100
_OF_PARTS = ("subscription_update", "subscription_charge")
"""Origins of transactions about a change, or a thing sold once: they list a part of the subscription."""


@dataclass(frozen=True, slots=True)
class PaddleEvent(WebhookEvent):
    """A Paddle event: `content` is its data."""

    #: of data that names none
    currency: str

    def of(self, day: datetime | None) -> "PaddleEvent":
        """The event as one of this moment, where it tells today what happened before; simulations are of today."""
        if not day or self.envelope.test or self.envelope.occurred_at - day < _SAME_DAY:
            return self
        return replace(self, envelope=replace(self.envelope, occurred_at=day))

    def money(self, amount: object) -> Money | None:
        """An amount in the smallest unit, in the currency of the data."""
        return from_minor(amount, self.content.get("currency_code") or self.currency)


def parse_event(payload: Json, kind: str, source: Source) -> PaddleEvent:
    """Read the envelope; Paddle's ids are unique over all accounts, and no payload names its account."""
    event = f"Paddle event {kind}"
    event_id = needed(text(payload.get("event_id")), event, "event_id")
    simulated = [event_id, text(payload.get("notification_id")) or ""]
    envelope = Envelope(
        provider="paddle",
        account="",
        source=source.name,
        event_id=event_id,
        occurred_at=needed(iso_moment(payload.get("occurred_at")), event, "occurred_at"),
        test=any(id_.startswith(_SIMULATED) for id_ in simulated),
    )
    return PaddleEvent(event, envelope, needed(section(payload, "data") or None, event, "data"), source.currency)


def customer_of(content: Json, attributes: Mapping[str, str] | None = None) -> CustomerRef:
    """The customer by id, and by address where the seller hands that on in the custom data."""
    given = address(section(content, "custom_data").get("email"), section(content, "customer").get("email"))
    return CustomerRef(id=identifier(content.get("customer_id")), email=given, attributes=attributes or {})


def items_of(content: Json) -> list[Json]:
    """Return the items of a transaction or a subscription."""
    return records(content.get("items"), _MOST_ITEMS)


def lines_of(transaction: Json) -> list[Json]:
    """The lines of a bill, which name their products."""
    return records(section(transaction, "details").get("line_items"), _MOST_ITEMS)


def recurs(item: Json) -> bool:
    """Tell whether this item is billed again."""
    return bool(_cycle(item))


def plan_of(content: Json) -> str | None:
    """The product of the first item that recurs: its name, or what is known of its price."""
    products = [section(line, "product") for line in lines_of(content)]
    names = {identifier(product): text(product.get("name")) for product in products}
    item = next(filter(recurs, items_of(content)), {})
    price = section(item, "price")
    product = text(section(item, "product").get("name")) or names.get(identifier(price.get("product_id")))
    return product or text(price.get("name")) or text(price.get("description")) or identifier(price)


def recurring(content: Json) -> Recurring | None:
    """Return the sum of the items that recur, before tax and discounts, of a subscription or of a bill of all of it."""
    if content.get("origin") in _OF_PARTS:
        return None
    prices = {identifier(line.get("price_id")): _billed(line, content) for line in lines_of(content)}
    items = [item for item in items_of(content) if recurs(item) and not section(item, "proration")]
    return together([_recurring(item, prices.get(identifier(item.get("price"))), content) for item in items])


def _recurring(item: Json, billed: Money | None, content: Json) -> Recurring | None:
    unit, quantity, cycle = billed or _listed(item, content), whole(item.get("quantity")), _cycle(item)
    money = replace(unit, amount=unit.amount * quantity) if unit and quantity is not None else None
    return recurring_of(money, cycle.get("frequency"), cycle.get("interval"))


def _cycle(item: Json) -> Json:
    return section(item, "price", "billing_cycle")


def _billed(line: Json, content: Json) -> Money | None:
    """Return the price of one unit as it was billed, unless it was prorated."""
    amount = section(line, "unit_totals").get("subtotal")
    return None if section(line, "proration") else from_minor(amount, content.get("currency_code"))


def _listed(item: Json, content: Json) -> Money | None:
    """Return the price of one unit in the currency of the subscription; None where there are several, or none.

    A price is listed in its own currency, and for some countries in others.
    """
    price = section(item, "price")
    listed = [price, *records(price.get("unit_price_overrides"), _MOST_ITEMS)]
    units = [section(one, "unit_price") for one in listed]
    amounts = {from_minor(one.get("amount"), one.get("currency_code")) for one in units}
    known = [one for one in amounts if one and one.currency == content.get("currency_code")]
    return known[0] if len(known) == 1 else None
