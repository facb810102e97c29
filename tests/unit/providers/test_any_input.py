"""Signed bytes of any kind become events or a PayloadError, and what becomes an event can be stored."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.domain.billing import BillingEvent
from afterbill.domain.errors import PayloadError
from afterbill.domain.webhooks import Refusal, Source, Webhook
from afterbill.providers import registry

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks"
PROVIDERS = st.sampled_from(registry.PROVIDERS)
SAMPLES = {
    name: [json.loads(path.read_bytes()) for path in sorted((EVENTS / name).glob("*.json"))]
    for name in registry.PROVIDERS
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**14, max_value=10**400)
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["\ud800", "a@example.com", "x" * 300, "2025-11-03T12:00:00Z", "renewed", "\x00", " \n"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def understand(provider: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[BillingEvent, ...]:
    webhook = Webhook(provider, headers or {"webhook-id": "msg_1"}, body, NOW)
    return registry.load(provider).normalise(webhook, Source(provider, provider))


def check(events: Sequence[BillingEvent]) -> None:
    for event in events:
        assert event.occurred_at.tzinfo is UTC
        assert len(event.invitation_id) == 32
        assert len(event.fact) < 20_000
        assert event.touchpoint is None or all(link.encode() for link in event.links)
        assert event.money is None or (type(event.money.amount) is int and event.money.currency.isupper())
        words = [event.event_id, event.plan or "", *event.objects.values()]
        customer = event.customer
        words += [word or "" for word in (customer.id, customer.email, customer.name, customer.locale)]
        words += [*customer.attributes, *customer.attributes.values()]
        assert all(len(word.encode()) <= 1020 for word in words)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*above, key))


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    changed = copy.copy(value)
    changed[place[0]] = replaced(value[place[0]], place[1:], new)
    return changed


@given(PROVIDERS, st.binary(max_size=200))
def test_arbitrary_bytes_are_an_error_a_person_can_read(provider: str, body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body .+\.$"):
        understand(provider, body)


@given(PROVIDERS, VALUES)
def test_arbitrary_json_is_an_error_or_nothing(provider: str, value: Any) -> None:
    with suppress(PayloadError):
        check(understand(provider, json.dumps(value).encode()))


@given(st.data())
def test_any_value_of_an_event_may_be_any_other_value(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    body = data.draw(st.sampled_from(SAMPLES[provider]))
    for _ in range(data.draw(st.integers(1, 3))):
        body = replaced(body, data.draw(st.sampled_from(list(places(body)))), data.draw(VALUES))
    with suppress(PayloadError):
        check(understand(provider, json.dumps(body).encode()))


@pytest.mark.parametrize("provider", registry.PROVIDERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"type": NaN}',
        b'{"type": Infinity}',
        b'{"type": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        '{"type": "renewed"}'.encode("utf-16"),
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=["empty", "null", "list", "half", "nan", "infinity", "long", "not-utf8", "mark", "utf16", "deep", "deeper"],
)
def test_what_is_no_json_object_in_utf8_is_an_error(provider: str, body: bytes) -> None:
    with pytest.raises(PayloadError):
        understand(provider, body)


def test_of_a_key_given_twice_the_last_one_counts() -> None:
    assert understand("standard_webhooks", b'{"type": "renewed", "type": "unwanted", "data": {"id": "1"}}') == ()


@given(st.data())
def test_no_header_makes_verifying_raise_or_accept(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    names = ["stripe-signature", *(f"{p}-{n}" for p in ("webhook", "svix") for n in ("id", "timestamp", "signature"))]
    values = st.text(st.characters(), max_size=40) | st.from_regex(
        r"t=[0-9]{1,16},v1=[0-9a-f]{0,64}|v1,[A-Za-z0-9+/=]{44}"
    )
    headers = data.draw(st.dictionaries(st.sampled_from(names), values))
    secrets = data.draw(st.lists(st.sampled_from(["", "whsec_", "whsec_b3RoZXI=", "\ud800", "é"])))
    webhook = Webhook(provider, headers, data.draw(st.binary(max_size=50)), NOW)
    assert isinstance(registry.load(provider).verify(webhook, secrets, NOW), Refusal)


def test_every_recorded_payload_is_understood(payloads: Path) -> None:
    files = sorted((payloads / "stripe").glob("*.json"))
    assert files
    for path in files:
        recorded = json.loads(path.read_bytes())
        event = recorded.get("body", recorded)
        if event.get("object") == "event":
            check(understand("stripe", json.dumps(event).encode()))
        else:
            with pytest.raises(PayloadError):
                understand("stripe", json.dumps(event).encode())
