"""Verifying and understanding a webhook, against the vendors' own libraries on the same bytes in the same run.

Both begin with the bytes that arrived. Each library is asked for as much as it offers: to verify, to parse, and where
it has types for what it parsed, to make them. Two end at the parsed JSON (standardwebhooks, gocardless-pro), and svix
before it, so that JSON is read behind it: against these three we are measured up to there, and the rest of our work is
shown beside it.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from json import loads
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import gocardless_pro.webhooks
import standardwebhooks
import svix
from paddle_billing.Entities.Notifications import NotificationEvent
from paddle_billing.Notifications import Secret, Verifier
from square.types.payment_updated_event import PaymentUpdatedEvent
from square.utils.webhooks_helper import verify_signature

from afterbill.connectors import registry
from afterbill.connectors._kit import json
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli import samples
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio, repeated

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of its own class bodies
    import braintree

_EVENTS = ROOT / "events" / "webhooks"
_CALLS, _PAIRS = 10, 101
_URL = "https://example.com/webhooks/shop"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # signs samples, opens nothing
_PAIR = "5r59rrxhn89npc9n:00f0df79303e1270881e5feda7788927"
"""Braintree's: public and private key."""

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Rival:
    """A vendor's library; `parse_only` says that it knows nothing of the meaning."""

    provider: str
    name: str
    sample: str
    work: Callable[[Webhook, str], Work]
    secret: str = _SECRET
    parse_only: bool = False


def rows() -> list[Row]:
    """One row per library: the ratio must not exceed 1. Where it stops at parsing, a second shows the whole."""
    measured = []
    for rival in RIVALS:
        measured.append(_row(rival))
        if rival.parse_only:
            measured.append(replace(_row(replace(rival, parse_only=False)), budget=None))
    return measured


def _row(rival: Rival) -> Row:
    webhook = signed(rival)
    mine, theirs = ours(webhook, rival), rival.work(webhook, rival.secret)
    timed = pairs(repeated(mine, _CALLS), repeated(theirs, _CALLS), _PAIRS)
    size = len(webhook.body) / 1000
    spent = 1_000_000 * min(measured for measured, _ in timed) / _CALLS
    what = "verify, parse" if rival.parse_only else "verify, normalise"
    kind = "XML" if rival.provider == "braintree" else "JSON"
    note = f"{kind}, {size:.1f} kB, {spent:.0f} us, {spent / size:.0f} us per kB"
    return Row(f"{what} {rival.provider}, to {rival.name}", ratio(timed), "x", 1, note)


def signed(rival: Rival) -> Webhook:
    """The sample as the provider sends it, now."""
    provider = registry.load(rival.provider)
    file = _EVENTS / rival.provider / f"{rival.sample}.json"
    bare = replace(samples.read(file, provider.ABOUT, rival.provider), url=_URL)
    return provider.sign(bare, rival.secret)


def ours(webhook: Webhook, rival: Rival) -> Work:
    """What afterbill does with it, as far as the library goes."""
    provider = registry.load(rival.provider)
    source, secrets, parse_only = Source(rival.provider, rival.provider, url=_URL), [rival.secret], rival.parse_only

    def work() -> object:
        if refusal := provider.verify(webhook, secrets, datetime.now(UTC)):
            raise ValueError(refusal)
        return json.parse(webhook.body) if parse_only else provider.normalise(webhook, source)

    return work


def _standard(webhook: Webhook, secret: str) -> Work:
    headers = dict(webhook.headers)
    return lambda: standardwebhooks.Webhook(secret).verify(webhook.body, headers)


def _svix(webhook: Webhook, secret: str) -> Work:
    headers = dict(webhook.headers)

    def work() -> object:
        svix.Webhook(secret).verify(webhook.body, headers)
        return loads(webhook.body)

    return work


def _gocardless(webhook: Webhook, secret: str) -> Work:
    header = webhook.headers["webhook-signature"]
    return lambda: gocardless_pro.webhooks.parse(webhook.body.decode(), secret, header)


def _paddle(webhook: Webhook, secret: str) -> Work:
    request: Any = SimpleNamespace(body=webhook.body, headers={"Paddle-Signature": webhook.headers["paddle-signature"]})
    verifier = Verifier()

    def work() -> object:
        if not verifier.verify(request, Secret(secret), verify_time_drift=False):
            raise ValueError("not verified")
        return NotificationEvent.from_request(request)

    return work


def _square(webhook: Webhook, secret: str) -> Work:
    header = webhook.headers["x-square-hmacsha256-signature"]

    def work() -> object:
        text = webhook.body.decode()
        if not verify_signature(
            request_body=text, signature_header=header, signature_key=secret, notification_url=_URL
        ):
            raise ValueError("not verified")
        return PaymentUpdatedEvent.model_validate_json(text)

    return work


def _braintree(webhook: Webhook, secret: str) -> Work:
    public, _, private = secret.partition(":")
    gateway = braintree.BraintreeGateway(
        braintree.Configuration(braintree.Environment.Sandbox, "merchant", public, private)
    )

    def work() -> object:
        fields: Mapping[str, list[str]] = parse_qs(webhook.body.decode())
        return gateway.webhook_notification.parse(fields["bt_signature"][0], fields["bt_payload"][0])

    return work


RIVALS = (
    Rival("standard_webhooks", "standardwebhooks", "payment_succeeded", _standard, parse_only=True),
    Rival("standard_webhooks", "svix", "payment_succeeded", _svix, parse_only=True),
    Rival("gocardless", "gocardless-pro", "batch", _gocardless, parse_only=True),
    Rival("paddle", "paddle-python-sdk", "transaction.completed", _paddle),
    Rival("square", "squareup", "payment.updated", _square),
    Rival("braintree", "braintree", "subscription_charged_successfully", _braintree, _PAIR),
)
