"""PayPal: REST webhooks signed with a certificate, which PayPal itself is asked to check.

docs/providers/paypal.md tables every kind; the tests read that table.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from afterbill.connectors._kit.json import Json, iso_moment, parse, section, text
from afterbill.connectors._kit.methods import method_of
from afterbill.connectors.paypal import reversals
from afterbill.connectors.paypal.envelope import customer_of, merchant_of, parse_event, related_to
from afterbill.connectors.paypal.events import READERS
from afterbill.connectors.paypal.subscriptions import recurring
from afterbill.intake.connector import About, Address, Api, Call, Login
from afterbill.model.billing import BillingEvent, ObjectReference, OperatorTask
from afterbill.model.errors import ConfigurationError, PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook

_FIELDS = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}
"""Field of the question to PayPal -> header of the webhook."""

HEADERS: frozenset[str] = frozenset(_FIELDS.values())
"""The proof, which is passed on to PayPal later."""

ABOUT = About(
    title="PayPal",
    proof="checked by PayPal, when an event is captured",
    address=Address.MIXED,
    secret="none: the webhook's id goes into surveys.toml as webhook_id",
    register="PayPal Developer, Apps & Credentials, the app, Webhooks",
    events=tuple(READERS),
    signed=False,
    needs={"webhook_id": "the id PayPal shows beside the webhook: PayPal signs it"},
    unverified=(
        "whether a repeated webhook keeps its transmission time: an old one is not refused",
        "how often and how long a webhook is repeated (second-hand: 25 times in 3 days)",
        "that a sale and an invoice's payment share the transaction id",
        "that EXPIRED comes only where a plan was limited from the beginning",
    ),
)

API = Api(
    url="https://api-m.paypal.com",
    sandbox_url="https://api-m.sandbox.paypal.com",
    login=Login.CLIENT,
    token_url="https://api-m.paypal.com/v1/oauth2/token",
    sandbox_token_url="https://api-m.sandbox.paypal.com/v1/oauth2/token",
)

MOST_UNPROVEN_BYTES = 50_000
"""Ten times the largest event on record (4,923 bytes, an order); with its headers SQS bills it as one message."""

_CHECK = "/v1/notifications/verify-webhook-signature"
_ALGORITHM = "SHA256withRSA"
_CERTIFICATE = re.compile(r"https://([a-z0-9-]+\.)+paypal\.com(:443)?/[!-~]*", re.ASCII | re.IGNORECASE)
_VISIBLE = re.compile(r"[!-{}~]{1,255}")
"""No bar: it separates the parts of what is signed."""
_LOOKUPS = (
    ("subscription", "/v1/billing/subscriptions/"),
    ("subscription", "/v1/payments/billing-agreements/"),
    ("order", "/v2/checkout/orders/"),
    ("payment", "/v1/payments/payment/"),
)
"""Objects that know who paid, and where they are found; a subscription may be an agreement of the older API."""
_WITH_PLAN: Mapping[str, Mapping[str, str]] = {"/v1/billing/subscriptions/": {"fields": "plan"}}
"""The fields to ask for: otherwise a subscription does not say what it costs."""
_NO_QUERY: Mapping[str, str] = {}
_PAYMENTS = (
    ("sale", "/v1/payments/sale/"),
    ("capture", "/v2/payments/captures/"),
    ("transaction", "/v1/payments/sale/"),
    ("transaction", "/v2/payments/captures/"),
)
"""Payments that know what they belong to; the transaction of a dispute is either."""


def verify(webhook: Webhook, _secrets: Sequence[str], _now: datetime) -> Refusal | None:
    """Check that PayPal's headers are all there and well-formed: this proves nothing yet, `confirm` does."""
    fields = {name: webhook.headers.get(header, "") for name, header in _FIELDS.items()}
    if not all(fields.values()):
        return Refusal.MISSING
    well_formed = (
        fields["auth_algo"] == _ALGORITHM
        and _CERTIFICATE.fullmatch(fields["cert_url"])
        and _VISIBLE.fullmatch(fields["transmission_id"])
        and iso_moment(fields["transmission_time"], naive=None)
        and _is_base64(fields["transmission_sig"])
    )
    return None if well_formed else Refusal.MALFORMED


def _is_base64(value: str) -> bool:
    try:
        return bool(base64.b64decode(value, validate=True))
    except ValueError:
        return False


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook with headers such as PayPal's; without its private key, `confirm` will not vouch for them."""
    seed = hashlib.sha256(secret.encode("utf-8", "surrogatepass") + webhook.body).digest()
    headers = {
        "paypal-auth-algo": _ALGORITHM,
        "paypal-auth-version": "v2",
        "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-unsigned",
        "paypal-transmission-id": seed.hex()[:32],
        "paypal-transmission-sig": base64.b64encode(seed).decode(),
        "paypal-transmission-time": webhook.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return replace(webhook, headers={**webhook.headers, **headers})


def signed_text(webhook: Webhook, webhook_id: str) -> str:
    """Return the text that PayPal signs: transmission id and time, id of the webhook, CRC-32 of the body in decimal."""
    id_, at = (webhook.headers.get(_FIELDS[name], "") for name in ("transmission_id", "transmission_time"))
    return f"{id_}|{at}|{webhook_id}|{zlib.crc32(webhook.body)}"


def confirm(webhook: Webhook, source: Source, call: Call) -> bool:
    """Ask PayPal whether it sent these very bytes to this webhook.

    A body that is no JSON object is nobody's webhook, without asking, and so is one that PayPal cannot take. Raises
    ConfigurationError when the source has no `webhook_id` or PayPal knows no such webhook, and what `call` raises else.
    """
    if not source.webhook_id:
        message = f"[sources.{source.name}] webhook_id is missing: it is the ID that PayPal shows beside the webhook"
        raise ConfigurationError(message)
    try:
        parse(webhook.body)
        answer = call(_CHECK, method="POST", body=_question(webhook, source.webhook_id))
    except PayloadError:
        return False
    if answer is None:
        message = f"[sources.{source.name}] webhook_id or sandbox is wrong: PayPal's API there knows no such webhook"
        raise ConfigurationError(message)
    return section(answer).get("verification_status") == "SUCCESS"


def _question(webhook: Webhook, webhook_id: str) -> bytes:
    """The event goes in as it came: parsed and written again, its bytes would have another checksum."""
    fields = {name: webhook.headers.get(header, "") for name, header in _FIELDS.items()}
    start = json.dumps({**fields, "webhook_id": webhook_id}).removesuffix("}")
    return start.encode() + b', "webhook_event": ' + webhook.body + b"}"


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference, ...]:
    """The billing event in a PayPal event of either generation of its APIs, and a question if it takes back nothing."""
    payload = parse(webhook.body)
    kind = text(payload.get("event_type"))
    if not kind:
        raise PayloadError("The body is not a PayPal event: it needs an event_type.")
    reader = READERS.get(kind)
    if reader is None or (source.account and merchant_of(payload) not in (None, source.account)):
        return ()
    received = parse_event(payload, kind, webhook, source)
    event = reader(received)
    event = event and replace(event, recurring=recurring(received.content))
    question = event and reversals.question_about(event)
    return tuple(one for one in (event, question) if one)


def resolve(reference: ObjectReference, _source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Find the payment that a refund or dispute takes back, which its own event does not name."""
    return (reversals.answer_to(reference, _asking(call)),)


def _asking(call: Call) -> reversals.Ask:
    return lambda path, id_: _asked(path, id_, call)


def find_customer(event: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    """The event with the subscriber or payer that its subscription, order or payment names.

    A payment that names none of them is asked what it belongs to, and a reversal that names no payment is asked for it.
    """
    question = reversals.question_about(event)
    taken_back = reversals.taken_back_by(question.kind, question.id, _asking(call)) if question else {}
    event = replace(event, objects={**taken_back, **event.objects})
    known = _with_payer(event, event.objects, call)
    if known:
        return known
    parents = {kind: id_ for kind, id_ in _parents(event.objects, call).items() if kind not in event.objects}
    return _with_payer(event, parents, call) or event


def _with_payer(event: BillingEvent, objects: Mapping[str, str], call: Call) -> BillingEvent | None:
    for kind, path in _LOOKUPS:
        answer = _asked(path, objects[kind], call, _WITH_PLAN.get(path, {})) if kind in objects else {}
        customer = customer_of(answer)
        if customer.address:
            attributes = {**customer.attributes, **event.customer.attributes}
            paid_by = event.payment_method or method_of(attributes.get("payment_method"))
            return replace(
                event,
                customer=replace(customer, attributes=attributes),
                plan=event.plan or text(answer.get("plan_id")),
                recurring=event.recurring or recurring(answer),
                payment_method=paid_by,
            )
    return None


def _parents(objects: Mapping[str, str], call: Call) -> dict[str, str]:
    """Return what a sale or capture belongs to, or the one that a refund takes back."""
    for kind, path in _PAYMENTS:
        answer = _asked(path, objects[kind], call) if kind in objects else {}
        if answer:
            return related_to(answer)
    return {}


def _asked(path: str, id_: str, call: Call, query: Mapping[str, str] = _NO_QUERY) -> Json:
    """The answer, empty also where this API cannot take the id: it may be one of the other generation."""
    try:
        return section(call(f"{path}{quote(id_, safe='')}", query=query))
    except PayloadError:
        return {}
