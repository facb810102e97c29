"""Verifying, understanding and deciding about a webhook, against stripe-python, which only verifies and parses it."""

import hmac
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import stripe

from afterbill.connectors import registry
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer
from afterbill.model.webhooks import Source, Webhook
from afterbill.outreach.policy import Policy, Situation, decide
from afterbill.settings.surveys import load_policy
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio, repeated

_EVENTS = ROOT / "events" / "webhooks" / "stripe"
_NAMES = ("customer.created", "charge.refunded", "invoice.paid", "customer.subscription.updated.upgraded")
"""From 1 to 7 KB; all but the first are decided about."""
_SECRET = "whsec_of_a_benchmark"  # noqa: S105  # signs samples, opens nothing
_SOURCE = Source("stripe", "stripe", test_mode=True)
_CUSTOMER = Customer(id="ada", version=1, address="ada@example.com")
_CALLS, _PAIRS = 10, 75
_MOST, _MOST_OF_ONE = 0.2, 0.3


def rows() -> list[Row]:
    """One row per payload, and one of all together: a fifth of what the library takes, at most."""
    policy = load_policy(ROOT / "layers" / "config" / "surveys.toml")
    timed = {name: _timed(name, policy) for name in _NAMES}
    together = [(sum(mine), sum(theirs)) for mine, theirs in map(_columns, zip(*timed.values(), strict=True))]
    return [
        *(_row(name, of_one) for name, of_one in timed.items()),
        Row("verify, normalise, decide these together", ratio(together), "x", _MOST),
    ]


def _columns(rows: Iterable[tuple[float, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mine, theirs = zip(*rows, strict=True)
    return mine, theirs


def _row(name: str, timed: list[tuple[float, float]]) -> Row:
    mine = 1_000_000 * min(measured for measured, _ in timed) / _CALLS
    note = f"{(_EVENTS / f'{name}.json').stat().st_size} bytes, {mine:.0f} us"
    return Row(f"verify, normalise, decide {name}", ratio(timed), "x", _MOST_OF_ONE, note)


def _timed(name: str, policy: Policy) -> list[tuple[float, float]]:
    """Seconds of both sides, in turns."""
    body = (_EVENTS / f"{name}.json").read_bytes()
    header = _signed(body)
    webhook = Webhook(_SOURCE.name, {"stripe-signature": header}, body, datetime.now(UTC))
    return pairs(repeated(ours(webhook, policy), _CALLS), repeated(_theirs(body, header), _CALLS), _PAIRS)


def ours(webhook: Webhook, policy: Policy) -> Callable[[], list[BillingEvent]]:
    """From the bytes to a decision about every fact in them; gives the events, so that a test can look."""
    provider = registry.load(_SOURCE.provider)
    situation = Situation(_CUSTOMER)

    def work() -> list[BillingEvent]:
        now = datetime.now(UTC)
        if refusal := provider.verify(webhook, [_SECRET], now):
            raise ValueError(refusal)
        events = [one for one in provider.normalise(webhook, _SOURCE) if isinstance(one, BillingEvent)]
        for event in events:
            if event.touchpoint:
                decide(event, _SOURCE, situation, policy, now)
        return events

    return work


def _theirs(body: bytes, header: str) -> Callable[[], object]:
    return lambda: stripe.Webhook.construct_event(body, header, _SECRET)


def _signed(body: bytes) -> str:
    at = str(int(time.time()))
    return f"t={at},v1={hmac.digest(_SECRET.encode(), at.encode() + b'.' + body, 'sha256').hex()}"
