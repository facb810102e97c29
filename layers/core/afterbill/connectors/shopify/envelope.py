"""A Shopify webhook, opened once: what its headers say, its exact ids, and its money in one of two currencies."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import Json, iso_moment, parse, records, section, text
from afterbill.connectors._kit.money import from_decimal
from afterbill.model.billing import Money
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source, Webhook

PREFIXES = ("shopify-", "x-shopify-")
"""Newer events name their headers the first way, webhooks the second."""

NAMES = ("topic", "shop-domain", "event-id", "webhook-id", "test", "triggered-at")

PRESENTMENT = "presentment"
"""Value of a source's `currency` that asks for amounts as the customer saw them, not in the shop's own currency."""

MOST_TRANSACTIONS = 50
_LARGEST_ID = 10**20
_IMPORTED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShopifyEvent(WebhookEvent):
    """A Shopify webhook: `content` is its body."""

    topic: str
    #: domain in lower case, empty where nothing names it
    shop: str
    source: Source


def parse_event(webhook: Webhook, source: Source) -> ShopifyEvent:
    """Read headers and body; several subscriptions to one topic share an event id, several topics do too."""
    body = parse(webhook.body)
    topic = header(webhook, "topic").lower()
    if not topic:
        raise PayloadError("The body cannot be understood without the header x-shopify-topic.")
    shop = (header(webhook, "shop-domain") or text(body.get("shop_domain")) or "").lower()
    sent = header(webhook, "event-id") or header(webhook, "webhook-id") or hashlib.sha256(webhook.body).hexdigest()[:32]
    times = (_imported(body), header(webhook, "triggered-at"), body.get("updated_at"), body.get("created_at"))
    envelope = Envelope(
        provider="shopify",
        account=source.tenant,  # the header is not signed: whoever repeats a webhook could name any shop in it
        source=source.name,
        event_id=f"{topic}:{sent}",
        occurred_at=next(filter(None, map(iso_moment, times)), webhook.received_at),
        test=header(webhook, "test").lower() == "true" or _made_for_testing(body),
    )
    return ShopifyEvent(f"Shopify event {topic}", envelope, body, topic, shop, source)


def _imported(body: Json) -> object:
    """The day of an order that was brought in from elsewhere: it was placed long before the shop knew it."""
    placed, known = iso_moment(body.get("processed_at")), iso_moment(body.get("created_at"))
    return body.get("processed_at") if placed and known and known - placed > _IMPORTED else None


def header(webhook: Webhook, name: str) -> str:
    """The header's value in either spelling, empty where there is none."""
    return next((value for prefix in PREFIXES if (value := text(webhook.headers.get(f"{prefix}{name}")))), "")


def _made_for_testing(body: Json) -> bool:
    """Tell whether the order, the transaction or one in a refund was made with a test gateway."""
    return any(entry.get("test") is True for entry in (body, *transactions(body)))


def transactions(body: Json) -> list[Json]:
    """The transactions of a refund."""
    return records(body.get("transactions"), MOST_TRANSACTIONS)


def ref(body: Json, name: str = "") -> str | None:
    """The id of this object, or of the one it names; the GraphQL id keeps digits that a float would lose."""
    field = f"{name}_id" if name else "id"
    return id_of(body.get(f"admin_graphql_api_{field}")) or id_of(body.get(field))


def id_of(value: object) -> str | None:
    """An id as a number beyond 2^53, as text, or as the last part of `gid://shopify/Order/1`."""
    if type(value) is int:
        return str(value) if 0 < value < _LARGEST_ID else None
    return text((text(value) or "").rpartition("/")[2])


def money_of(entry: Json, name: str, source: Source) -> Money | None:
    """The amount `name` of an order or a transaction, in the currency the source wants."""
    plain, pair = entry.get(name), section(entry, f"{name}_set")
    if source.currency == PRESENTMENT:
        seen = _of_set(section(pair, "presentment_money"))
        return seen or from_decimal(plain, entry.get("currency"))
    own = from_decimal(plain, entry.get("currency")) or _of_set(section(pair, "shop_money"))
    return own or from_decimal(plain, source.currency)


def _of_set(money: Json) -> Money | None:
    return from_decimal(money.get("amount"), money.get("currency_code") or money.get("currency"))
