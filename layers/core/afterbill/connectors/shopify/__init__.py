"""Shopify: HMAC over the body; a header tells the topic, the shop and whether it is a test.

docs/providers/shopify.md tables every topic; the tests read that table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, section
from afterbill.connectors._kit.signatures import base64_text, check_body, sign_body
from afterbill.connectors.shopify import customers, orders, subscriptions
from afterbill.connectors.shopify.envelope import NAMES, PREFIXES, ShopifyEvent, money_of, parse_event
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import BillingEvent, OperatorTask, Touchpoint
from afterbill.model.webhooks import Refusal, Source, Webhook

if TYPE_CHECKING:  # receiving a webhook starts without the words of privacy
    from afterbill.model.privacy import PrivacyAsk

HEADERS: frozenset[str] = frozenset(f"{prefix}{name}" for prefix in PREFIXES for name in NAMES)

_READERS: "Mapping[str, Callable[[ShopifyEvent], tuple[BillingEvent | OperatorTask | PrivacyAsk, ...]]]" = {
    "orders/paid": orders.paid,
    "orders/fulfilled": orders.fulfilled,
    "orders/cancelled": orders.cancelled,
    "orders/create": orders.changed,
    "orders/updated": orders.changed,
    "orders/edited": orders.changed,
    "orders/partially_fulfilled": orders.changed,
    "fulfillments/create": orders.shipped,
    "fulfillments/update": orders.shipped,
    "refunds/create": orders.refunded,
    "order_transactions/create": orders.transacted,
    "disputes/create": orders.disputed,
    "subscription_contracts/create": subscriptions.created,
    "subscription_contracts/update": subscriptions.updated,
    "subscription_contracts/activate": subscriptions.updated,
    "subscription_contracts/pause": subscriptions.updated,
    "subscription_contracts/cancel": subscriptions.ended,
    "subscription_contracts/expire": subscriptions.updated,
    "subscription_billing_attempts/success": subscriptions.billed,
    "subscription_billing_attempts/failure": subscriptions.not_billed,
    "subscription_billing_attempts/challenged": subscriptions.not_billed,
    "customers/create": customers.changed,
    "customers/update": customers.changed,
    "customers/enable": customers.changed,
    "customers/disable": customers.changed,
    "customers/delete": customers.deleted,
    "customers_email_marketing_consent/update": customers.consent_changed,
    "customers/data_request": customers.data_asked,
    "customers/redact": customers.erasure_asked,
    "shop/redact": customers.shop_left,
}

ABOUT = About(
    title="Shopify",
    proof="HMAC-SHA256 of the body",
    address=Address.MIXED,
    secret="the app's client secret; for webhooks made in the admin, the one shown under Settings, Notifications",
    shape=SecretShape(
        "shpss_ and 32 hex digits, or older 32 hex digits (an app); 64 hex digits (the admin)",
        usual=r"(shpss_)?[0-9a-f]{32}|[0-9a-f]{64}",
        mistaken={"shpat_": "an access token of the API", "shpca_": "an access token of the API"},
    ),
    register="Settings, Notifications, Webhooks; or an app's webhook subscriptions",
    needs={"account": "the shop, as in acme.myshopify.com"},
    events=tuple(_READERS),
    topic="x-shopify-topic",
    unverified=(
        "whether an old client secret still signs after it was rotated",
        "whether apps without access to protected customer data get addresses",
        "that events of the kind without x- headers bear the same topics",
        "that a challenged billing attempt was not paid",
        "the source_name of orders that renew a subscription",
    ),
)

API = Api(url="https://{account}", login=Login.KEY_IN_HEADER, key_header="X-Shopify-Access-Token")
_ROOT = "/admin/api/2024-10"


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # no time is signed
    """Check `X-Shopify-Hmac-Sha256` (base64 of HMAC-SHA256 over the body); newer events leave out the `X-`."""
    newer = "shopify-hmac-sha256"
    header = newer if webhook.headers.get(newer) else f"x-{newer}"
    return check_body(header, webhook, secrets, base64_text)


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook as Shopify would send it."""
    return sign_body("x-shopify-hmac-sha256", webhook, secret, base64_text)


def normalise(webhook: Webhook, source: Source) -> "tuple[BillingEvent | OperatorTask | PrivacyAsk, ...]":
    """Read a webhook of the source's shop; those of another shop, which one app may serve too, are ignored."""
    received = parse_event(webhook, source)
    if source.account and received.shop and received.shop != source.account.lower():
        return ()
    reader = _READERS.get(received.topic)
    elements = reader(received) if reader else ()
    return tuple(
        _with_consent(one, received.content, source) if isinstance(one, BillingEvent) else one for one in elements
    )


def _with_consent(event: BillingEvent, body: Json, source: Source) -> BillingEvent:
    """With the legal basis in the notes of an order, and with an objection to mail of the shop."""
    objected_at = customers.objected_at(body)
    return with_basis(event, source.fields, body.get("note_attributes"), objected_at=objected_at)


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with the buyer of its order, else with the customer it names."""
    order_id = event.objects.get("order")
    order = _ask(call, "order", order_id) if order_id else {}
    customer = customers.customer_of(order)
    customer_id = customer.id or event.customer.id
    account: Json = {}
    if customer_id and not customer.email:
        account = _ask(call, "customer", customer_id)
        customer = customers.completed(customer, account)
    total = None if event.touchpoint is Touchpoint.REFUNDED else money_of(order, "total_price", source)
    completed = replace(
        event,
        # An id without an address may be known to us from elsewhere.
        customer=replace(customer, id=customer_id) if customer_id or customer.email else event.customer,
        money=event.money or total,
        products=event.products or orders.products_of(order),
        test=event.test or order.get("test") is True,
    )
    return _with_consent(completed, {"customer": account, **order}, source)


def _ask(call: Call, kind: str, id_: str) -> Json:
    return section(call(f"{_ROOT}/{kind}s/{quote(id_, safe='')}.json"), kind)
