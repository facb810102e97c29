"""The envelope of a Square event, read once."""

from dataclasses import dataclass, replace
from typing import Self

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import Json, identifier, iso_moment, needed, section, text
from afterbill.connectors._kit.money import from_minor
from afterbill.model.billing import Money
from afterbill.model.webhooks import Source


@dataclass(frozen=True, slots=True)
class SquareEvent(WebhookEvent):
    """A Square event: `content` is its data, with the changed object inside."""

    #: of amounts that name none
    currency: str

    def part(self, name: str) -> Json:
        """The changed object, which stands under its own name."""
        return section(self.content, "object", name)

    def dated(self, *times: object) -> Self:
        """The event as of the first of these times, if one is there: never later than when it was sent."""
        at = next(filter(None, map(iso_moment, times)), self.envelope.occurred_at)
        return replace(self, envelope=replace(self.envelope, occurred_at=min(at, self.envelope.occurred_at)))

    def money(self, *values: object) -> Money | None:
        """The first of these that is an amount in the smallest unit."""
        return next((found for value in values if (found := money_of(value, self.currency))), None)


def money_of(value: object, currency: str) -> Money | None:
    """Square's `Money`: an amount in the smallest unit, and its currency."""
    money = section(value)
    return from_minor(money.get("amount"), money.get("currency") or currency)


def parse_event(payload: Json, kind: str, source: Source, *, sandbox: bool) -> SquareEvent:
    """Read the envelope; the merchant is part of every fact."""
    event = f"Square event {kind}"
    envelope = Envelope(
        provider="square",
        account=identifier(payload.get("merchant_id")) or "",
        source=source.name,
        event_id=needed(text(payload.get("event_id")), event, "event_id"),
        occurred_at=needed(iso_moment(payload.get("created_at")), event, "created_at"),
        test=sandbox,
    )
    return SquareEvent(event, envelope, section(payload, "data"), source.currency)
