"""Samples from events/ and the means to sign them, as the senders do."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import registry
from afterbill.model.billing import BillingEvent
from afterbill.model.webhooks import Source, Webhook

EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks"
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def sample() -> Callable[[str, str], bytes]:
    return lambda provider, name: (EVENTS / provider / f"{name}.json").read_bytes()


@pytest.fixture
def understood() -> Callable[..., tuple[BillingEvent, ...]]:
    """Normalise a body with headers and source of the test's choice."""

    def normalise(
        provider: str, body: bytes, source: Source | None = None, headers: dict[str, str] | None = None
    ) -> tuple[BillingEvent, ...]:
        webhook = Webhook(provider, headers or {}, body, NOW)
        return registry.load(provider).normalise(webhook, source or Source(provider, provider))

    return normalise


@pytest.fixture
def read_stripe(
    sample: Callable[[str, str], bytes], understood: Callable[..., tuple[BillingEvent, ...]]
) -> Callable[..., BillingEvent]:
    """The event in a sample whose object, envelope or previous attributes were changed first."""

    def normalise(
        name: str,
        envelope: dict[str, Any] | None = None,
        previous: dict[str, Any] | None = None,
        **changed: Any,
    ) -> BillingEvent:
        event = json.loads(sample("stripe", name))
        event["data"]["object"].update(changed)
        if previous is not None:
            event["data"]["previous_attributes"] = previous
        (reading,) = understood("stripe", json.dumps(event | (envelope or {})).encode())
        return reading

    return normalise


@pytest.fixture
def stripe_header() -> Callable[..., str]:
    def sign(body: bytes, secret: str, at: int | str = int(NOW.timestamp())) -> str:
        mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={at},v1={mac}"

    return sign


@pytest.fixture
def standard_signature() -> Callable[..., str]:
    def sign(body: bytes, key: bytes, message_id: str = "msg_1", at: int | str = int(NOW.timestamp())) -> str:
        mac = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
        return "v1," + base64.b64encode(mac).decode()

    return sign
