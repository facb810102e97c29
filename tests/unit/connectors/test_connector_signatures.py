"""Signatures of every connector."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterbill.connectors import registry
from afterbill.model.webhooks import Refusal, Webhook
from afterbill_cli import samples

NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks"
SECRET = "5r59rrxhn89npc9n:00f0df79303e1270881e5feda7788927"
"""A secret that every scheme takes: a pair for those that need one."""
UNSIGNED = {"paypal", "runmyaccounts"}
"""One is confirmed by its API, the other sends no webhooks."""
BODY_UNSIGNED = {"chargebee", "zuora", "cloudevents"}
"""A password proves the sender, not the bytes."""


def unsigned(provider: str) -> Webhook:
    about = registry.load(provider).ABOUT
    file = next(iter(sorted((EVENTS / provider).glob("*.json"))))
    return replace(samples.read(file, about, provider, NOW), url="https://example.com/webhooks/x")


SIGNING = [name for name in registry.PROVIDERS if name not in UNSIGNED]


@pytest.mark.parametrize("provider", SIGNING)
def test_its_own_signature_is_trusted_beside_other_secrets(provider: str) -> None:
    offered = registry.load(provider)
    signed = offered.sign(unsigned(provider), SECRET)
    assert offered.verify(signed, ["old:one", SECRET], NOW) is None


@pytest.mark.parametrize("provider", SIGNING)
@pytest.mark.parametrize("secrets", [[], [""], [" "], ["another:secret"]], ids=["none", "empty", "blank", "another"])
def test_no_other_secret_verifies(provider: str, secrets: list[str]) -> None:
    offered = registry.load(provider)
    signed = offered.sign(unsigned(provider), SECRET)
    assert isinstance(offered.verify(signed, secrets, NOW), Refusal)


@pytest.mark.parametrize("provider", [name for name in SIGNING if name not in BODY_UNSIGNED])
def test_one_changed_byte_is_refused(provider: str) -> None:
    offered = registry.load(provider)
    signed = offered.sign(unsigned(provider), SECRET)
    for place in range(0, len(signed.body), max(1, len(signed.body) // 40)):
        changed = signed.body[:place] + bytes([signed.body[place] ^ 1]) + signed.body[place + 1 :]
        assert offered.verify(replace(signed, body=changed), [SECRET], NOW), place


@pytest.mark.parametrize("provider", SIGNING)
def test_an_unsigned_one_is_refused(provider: str) -> None:
    offered = registry.load(provider)
    bare = replace(offered.sign(unsigned(provider), SECRET), headers={})
    if provider == "braintree":  # its signature is a field of the form
        bare = replace(bare, body=b"bt_payload=PHg+")
    assert isinstance(offered.verify(bare, [SECRET], NOW), Refusal)
