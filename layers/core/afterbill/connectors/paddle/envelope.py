"""The envelope of a Paddle event, and the words shared by what is read from inside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import Json, address, identifier, iso_moment, needed, records, section, text
from afterbill.connectors._kit.money import from_minor
from afterbill.model.billing import CustomerRef, Money
from afterbill.model.webhooks import Source

_SIMULATED = "ntfsim"
"""Start of all ids of Paddle's simulator (ntfsimevt_, ntfsimntf_), its only mark of a test."""

_SAME_DAY = timedelta(days=1)
"""Payments are told within seconds; what is older was entered later, as transfers are."""

_MOST_ITEMS = 100


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
    return bool(section(item, "price", "billing_cycle"))


def plan_of(content: Json) -> str | None:
    """The product of the first item that recurs: its name, or what is known of its price."""
    products = [section(line, "product") for line in lines_of(content)]
    names = {identifier(product): text(product.get("name")) for product in products}
    item = next(filter(recurs, items_of(content)), {})
    price = section(item, "price")
    product = text(section(item, "product").get("name")) or names.get(identifier(price.get("product_id")))
    return product or text(price.get("name")) or text(price.get("description")) or identifier(price)
