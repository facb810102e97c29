"""WooCommerce: HMAC over the body, which is an object of its REST API; what it means is read from that object.

docs/providers/woocommerce.md tables what becomes of it; the tests read that table.
"""

import html
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, identifier, parse, section, text
from afterbill.connectors._kit.signatures import base64_text, check_body, sign_body
from afterbill.connectors.woocommerce.orders import DRAFTS, read_order, read_refund, status_of
from afterbill.connectors.woocommerce.people import Record, customer_changed, customer_deleted
from afterbill.connectors.woocommerce.subscriptions import read_subscription
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

_TOPIC = "x-wc-webhook-topic"
_SITE = "x-wc-webhook-source"
_DELIVERY = "x-wc-webhook-delivery-id"
_SIGNATURE = "x-wc-webhook-signature"
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_FOREIGN = frozenset({"action", "coupon", "product"})
"""Topics about things that have a status or an amount too, and nothing to do with a customer."""

HEADERS: frozenset[str] = frozenset({_TOPIC, _SITE, _DELIVERY})

ABOUT = About(
    title="WooCommerce",
    proof="HMAC-SHA256 of the body",
    address=Address.PAYLOAD,
    secret="the webhook's secret",
    shape=SecretShape(mistaken={"ck_": "the consumer key of the API"}),
    register="WooCommerce, Settings, Advanced, Webhooks: one for each topic",
    events=(
        "order.created",
        "order.updated",
        "customer.created",
        "customer.updated",
        "customer.deleted",
        "subscription.created",
        "subscription.updated",
    ),
    handshake="an unsigned ping when the webhook is saved",
    topic=_TOPIC,
    unverified=("the topics and statuses of WooCommerce Subscriptions", "the payloads of the Legacy REST API"),
)


def handshake(webhook: Webhook, secrets: Sequence[str]) -> Reply | None:  # noqa: ARG001  # sent before there is a secret
    """Exactly 200 to the ping, without which a webhook cannot be saved; it proves nothing and is not kept."""
    return Reply(200, "") if _PING.fullmatch(webhook.body.strip()) else None


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # no time is signed
    """Check `X-WC-Webhook-Signature` (base64 of HMAC-SHA256 over the body).

    WooCommerce signs with its secret after decoding HTML entities in it: `a&amp;b` is tried as `a&b` too.
    """
    both = [*secrets, *map(html.unescape, secrets)]
    return check_body(_SIGNATURE, webhook, both, base64_text)


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as WooCommerce would send it."""
    return sign_body(_SIGNATURE, webhook, html.unescape(secret), base64_text)


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """Read an order, refund, subscription or customer; any other object means nothing here.

    Plugins deliver orders under topics of their own, so the topic only tells what is none, and what was deleted.
    """
    body = parse(webhook.body)
    site = _site(webhook.headers.get(_SITE))
    # Samples in files have a slash where the header has a dot.
    resource, _, action = webhook.headers.get(_TOPIC, "").replace("/", ".").partition(".")
    if resource in _FOREIGN or _is_foreign(site, source):
        return ()
    record = Record(source, source.tenant, webhook)
    if resource == "customer" and action == "deleted":
        return customer_deleted(body, record)
    content = _unwrapped(body)
    events = _read(content, record, resource)
    return tuple(with_basis(event, source.fields, content.get("meta_data")) for event in events)


def _site(url: str | None) -> str:
    """Host and path of the shop, for a network of sites may share one host; empty where nothing names it."""
    address = text(url) or ""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
    except ValueError:
        return ""
    return f"{parts.netloc}{parts.path}".strip("/").lower()


def _is_foreign(site: str, source: Source) -> bool:
    account = _site(source.account)
    return bool(account and site) and account not in (site, site.partition("/")[0])


def _unwrapped(body: Json) -> Json:
    """The Legacy REST API names the kind around the object."""
    return body if "id" in body else section(body, "order") or section(body, "customer")


def _read(body: Json, record: Record, resource: str) -> tuple[BillingEvent, ...]:
    if identifier(body.get("id")) is None or status_of(body) in DRAFTS:
        return ()
    if isinstance(body.get("line_items"), list) and text(body.get("status")):
        subscribed = resource == "subscription" or "billing_period" in body
        return read_subscription(body, record) if subscribed else read_order(body, record)
    if "amount" in body and "reason" in body:
        return read_refund(body, record)
    if "email" in body and ("username" in body or "role" in body or "billing" in body or "billing_address" in body):
        return customer_changed(body, record)
    return ()
