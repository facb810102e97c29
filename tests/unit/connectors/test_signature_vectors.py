"""Signatures that the providers' own libraries publish, each at the moment it was signed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from afterbill.connectors import paypal, registry
from afterbill.intake.connector import Connector
from afterbill.model.webhooks import Refusal, Webhook
from afterbill_cli.samples import provider_of

NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
SIGNED_AT = re.compile(r"(?:^|\bt=|\bts=)(\d{10})(?:\d{3})?(?:[,;]|$)")
"""A time in a signed header: Unix seconds or milliseconds, named `t` or `ts` or alone."""
MOST_CHANGES = 400
CUT = 40
"""Longer than a header's time and its keys, shorter than any signature in it."""

NAMES = [
    "stripe-dotnet_event_test_signature",
    "standardwebhooks-sign_function",
    "paddle-hello_world_two_h1",
    "paddle-standard_payload",
    "paddle-special_chars_payload",
    "paddle-go_price_created",
    "paddle-node_valid",
    "paddle-node_multiple_hashes",
    "square-test_notification",
    "square-escaped",
    "gocardless-webhook_body",
    "recurly-ruby_old_notification",
    "lemonsqueezy-go_order_created",
    "braintree-subscription_charged_successfully",
    "braintree-subscription_trial_ended",
]
TIMED = [name for name in NAMES if name.startswith(("stripe", "standardwebhooks", "paddle", "recurly"))]


@dataclass(frozen=True)
class Vector:
    """A published signature: `signed` are the bytes under it, `headers` what came with them."""

    provider: Connector
    secret: str
    signed: bytes
    headers: dict[str, str]
    url: str = ""

    @property
    def at(self) -> datetime:
        found = [match for value in self.headers.values() if (match := SIGNED_AT.search(value))]
        return datetime.fromtimestamp(int(found[0][1]), UTC) if found else NOW

    @property
    def webhook(self) -> Webhook:
        if self.provider.ABOUT.forms:
            fields = {**self.headers, "bt_payload": self.signed.decode("latin-1")}
            return Webhook("vector", {}, urlencode(fields).encode(), self.at)
        return Webhook("vector", self.headers, self.signed, self.at, url=self.url)

    def verify(self, *, secret: str = "", now: datetime | None = None) -> Refusal | None:
        return self.provider.verify(self.webhook, [secret or self.secret], now or self.at)

    def changed(self) -> Iterator["Vector"]:
        """With one byte of the signed bytes changed: every one, or of a long body so many."""
        for place in range(0, len(self.signed), max(1, len(self.signed) // MOST_CHANGES)):
            flipped = bytes([self.signed[place] ^ 1])
            yield replace(self, signed=self.signed[:place] + flipped + self.signed[place + 1 :])

    def cut(self) -> "Vector":
        return replace(self, headers={name: value[:CUT] for name, value in self.headers.items()})


@pytest.fixture
def published(payloads: Path) -> dict[str, dict[str, Any]]:
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_bytes())["vectors"]
    return {f"{vector['provider']}-{vector['name']}": vector for vector in vectors}


@pytest.fixture
def vector(published: dict[str, dict[str, Any]]) -> Callable[[str], Vector]:
    def read(name: str) -> Vector:
        found = published[name]
        provider = registry.load(provider_of(found["provider"]))
        if provider.ABOUT.forms:
            pair = f"{found['public_key']}:{found['private_key']}"
            return Vector(provider, pair, found["bt_payload"].encode(), {"bt_signature": found["bt_signature"]})
        headers = {key.lower(): value for key, value in found["headers"].items()}
        return Vector(provider, found["secret"], found["body"].encode(), headers, found.get("notification_url", ""))

    return read


@pytest.mark.parametrize("name", NAMES)
def test_a_published_signature_is_trusted(name: str, vector: Callable[[str], Vector]) -> None:
    assert vector(name).verify() is None


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_byte_is_refused(name: str, vector: Callable[[str], Vector]) -> None:
    for changed in vector(name).changed():
        assert isinstance(changed.verify(), Refusal), changed.signed


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_is_refused(name: str, vector: Callable[[str], Vector]) -> None:
    signed = vector(name)
    assert isinstance(signed.verify(secret=f"{signed.secret[:-1]}~"), Refusal)


@pytest.mark.parametrize("name", NAMES)
def test_a_signature_cut_short_is_refused(name: str, vector: Callable[[str], Vector]) -> None:
    assert isinstance(vector(name).cut().verify(), Refusal)


@pytest.mark.parametrize("name", TIMED)
def test_a_signed_time_is_held_to_the_clock(name: str, vector: Callable[[str], Vector]) -> None:
    signed = vector(name)
    assert signed.verify(now=signed.at + timedelta(minutes=6)) is Refusal.STALE
    assert signed.verify(now=signed.at - timedelta(minutes=6)) is Refusal.FUTURE


def test_braintrees_riddle_has_the_published_answer(published: dict[str, dict[str, Any]]) -> None:
    riddle = published["braintree-challenge"]
    asked = Webhook("vector", {}, b"", NOW, method="GET", query={"bt_challenge": riddle["bt_challenge"]})
    reply = registry.load("braintree").handshake(asked, [f"{riddle['public_key']}:{riddle['private_key']}"])
    assert reply
    assert (reply.status, reply.body) == (200, riddle["expected_response"])


def test_what_paypal_signs_is_put_together_as_published(published: dict[str, dict[str, Any]]) -> None:
    signed = published["paypal-signed_string"]
    headers = {f"paypal-{name}": signed[name.replace("-", "_")] for name in ("transmission-id", "transmission-time")}
    webhook = Webhook("vector", headers, signed["body"].encode(), NOW)
    assert paypal.signed_text(webhook, signed["webhook_id"]) == signed["signed_string"]


def test_no_published_signature_is_left_out(published: dict[str, dict[str, Any]]) -> None:
    assert set(published) == {*NAMES, "braintree-challenge", "paypal-signed_string"}
