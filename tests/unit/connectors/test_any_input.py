"""Whatever arrives becomes events or a named error, at every provider, and what becomes an event can be stored."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.connectors import registry
from afterbill.intake.receive_webhook import Answer, Inboxes, receive_webhook
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, OperatorTask, ParsedElement
from afterbill.model.errors import PayloadError
from afterbill.model.privacy import PrivacyAsk
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli import samples
from afterbill_cli.memory.queues import MemoryInbox

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
EVENTS = Path(__file__).resolve().parents[3] / "events" / "webhooks"
PROVIDERS = st.sampled_from(registry.PROVIDERS)
SAMPLES = {
    name: [
        samples.read(path, registry.load(name).ABOUT, name, NOW)
        for path in sorted((EVENTS / name).iterdir())
        if path.suffix in (".json", ".xml")
    ]
    for name in registry.PROVIDERS
}
BATCHES = {"quickbooks", "cloudevents"}
"""An empty list says nothing there, and is no mistake."""
TRUSTS_ALL = {"paypal", "mollie", "freshbooks"}
"""Some of their webhooks cannot be checked on arrival; what that means is said in their own tests."""

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**14, max_value=10**400)
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["\ud800", "a@example.com", "x" * 300, "2025-11-03T12:00:00Z", "renewed", "\x00", " \n", "4.90"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def source(provider: str) -> Source:
    return Source(provider, provider, webhook_id="WH-1")


def understand(provider: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[ParsedElement, ...]:
    webhook = Webhook(provider, headers or {"webhook-id": "msg_1"}, body, NOW)
    return registry.load(provider).normalise(webhook, source(provider))


def check(found: Sequence[ParsedElement]) -> None:
    for one in found:
        if isinstance(one, BillingEvent):
            check_event(one)
        elif isinstance(one, ObjectReference):
            assert one.occurred_at.tzinfo is UTC
            assert all(len(word.encode()) <= 1020 for word in (one.event_id, one.kind, one.id, one.account))
        elif isinstance(one, OperatorTask):
            words = [one.kind, one.id, one.customer.id or "", *one.details.values()]
            assert all(len(word.encode()) <= 4096 for word in words)
        elif isinstance(one, PrivacyAsk):
            assert one.occurred_at.tzinfo is UTC
        else:
            assert str(one).endswith(".")


def check_event(event: BillingEvent) -> None:
    assert event.occurred_at.tzinfo is UTC
    assert len(event.invitation_id) == 32
    assert len(event.fact) < 20_000
    assert event.touchpoint is None or event.fact.count("|") == 4
    assert all(link.encode() for link in event.links)
    assert event.money is None or (type(event.money.amount) is int and event.money.currency.isupper())
    assert len(event.products) <= 10
    assert event.recurring is None or (0 <= event.recurring.money.amount < 10**18 and event.recurring.every > 0)
    assert (len(event.payment_method) <= 40, len(event.reported_reason) <= 64) == (True, True)
    words = [event.event_id, event.plan or "", *event.objects.values(), *event.products]
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


def spoiled(data: st.DataObject, body: bytes) -> bytes:
    """The body with some of its values, or where it is no JSON some of its bytes, replaced."""
    try:
        value = json.loads(body)
    except ValueError:
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, max(0, len(body) - 1)))
            body = body[:at] + data.draw(st.binary(max_size=4)) + body[at + data.draw(st.integers(0, 4)) :]
        return body
    for _ in range(data.draw(st.integers(1, 3))):
        value = replaced(value, data.draw(st.sampled_from(list(places(value)))), data.draw(VALUES))
    return json.dumps(value).encode()


@given(PROVIDERS, st.binary(max_size=200))
def test_arbitrary_bytes_are_an_error_a_person_can_read_or_nothing(provider: str, body: bytes) -> None:
    try:
        found = understand(provider, body)
    except PayloadError as error:
        found = (error,)
    check(found)


@given(PROVIDERS, VALUES)
def test_arbitrary_json_is_an_error_or_nothing(provider: str, value: Any) -> None:
    with suppress(PayloadError):
        check(understand(provider, json.dumps(value).encode()))


@given(st.data())
def test_any_value_of_an_event_may_be_any_other_value(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    sample = data.draw(st.sampled_from(SAMPLES[provider]))
    with suppress(PayloadError):
        check(understand(provider, spoiled(data, sample.body), dict(sample.headers)))


@given(st.data())
def test_any_header_of_an_event_may_be_any_text(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    sample = data.draw(st.sampled_from(SAMPLES[provider]))
    kept = sorted(registry.load(provider).HEADERS)
    texts = st.text(st.characters(), max_size=40)
    changed = data.draw(st.dictionaries(st.sampled_from(kept), texts)) if kept else {}
    with suppress(PayloadError):
        check(understand(provider, sample.body, {**sample.headers, **changed}))


@given(st.data())
def test_an_api_may_answer_anything(data: st.DataObject) -> None:
    provider = data.draw(st.sampled_from([name for name in registry.PROVIDERS if registry.load(name).API]))
    offered = registry.load(provider)
    sample = data.draw(st.sampled_from(SAMPLES[provider]))

    def call(path: str, **_: object) -> object | None:
        assert path.startswith("/"), path
        assert ".." not in path, path
        return data.draw(VALUES)

    with suppress(PayloadError):
        for one in offered.normalise(sample, source(provider)):
            if isinstance(one, ObjectReference) and offered.resolve:
                check(offered.resolve(one, source(provider), call))
            if isinstance(one, BillingEvent) and offered.find_customer:
                nameless = replace(one, customer=CustomerRef(id=one.customer.id))
                named = offered.find_customer(nameless, source(provider), call)
                assert (named.fact, named.touchpoint) == (one.fact, one.touchpoint)
                check([named])


@pytest.mark.parametrize("provider", [name for name in registry.PROVIDERS if not registry.load(name).ABOUT.forms])
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
    if body == b"[]" and provider in BATCHES:
        assert understand(provider, body) == ()
        return
    with pytest.raises(PayloadError):
        understand(provider, body)


def test_of_a_key_given_twice_the_last_one_counts() -> None:
    assert understand("standard_webhooks", b'{"type": "renewed", "type": "unwanted", "data": {"id": "1"}}') == ()


SECRETS = st.lists(st.sampled_from(["", " ", ":", "whsec_", "whsec_b3RoZXI=", "user:password", "\ud800", "é"]))


@given(st.data())
def test_no_header_makes_verifying_raise_or_accept(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    offered = registry.load(provider)
    signed = offered.sign(data.draw(st.sampled_from(SAMPLES[provider])), "a:secret nobody configured")
    values = st.text(st.characters(), max_size=40) | st.from_regex(
        r"t=[0-9]{1,16},v1=[0-9a-f]{0,64}|ts=[0-9]{1,16};h1=[0-9a-f]{0,64}|v1,[A-Za-z0-9+/=]{44}|Basic [A-Za-z0-9+/]{8}"
    )
    headers = data.draw(st.dictionaries(st.sampled_from(sorted({*signed.headers, *offered.HEADERS, "none"})), values))
    webhook = replace(
        signed,
        headers={**(signed.headers if data.draw(st.booleans()) else {}), **headers},
        body=data.draw(st.binary(max_size=50) | st.just(signed.body)),
        query=data.draw(st.dictionaries(st.sampled_from(["key", "access_token"]), values)),
    )
    refusal = offered.verify(webhook, data.draw(SECRETS), NOW)
    assert isinstance(refusal, Refusal) or (refusal is None and provider in TRUSTS_ALL)


class Secrets:
    """The secrets at hand; there are no newer ones."""

    def __init__(self, known: list[str]) -> None:
        self.known = known

    def of(self, _source: str) -> list[str]:
        return self.known

    def refresh(self) -> bool:
        return False


@given(st.data())
def test_any_request_has_an_answer(data: st.DataObject) -> None:
    provider = data.draw(PROVIDERS)
    texts = st.text(st.characters(), max_size=30)
    names = st.sampled_from(sorted({*registry.load(provider).HEADERS, "webhook-request-origin", "authorization"}))
    method = data.draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"]))
    received = receive_webhook(
        Webhook(
            provider,
            data.draw(st.dictionaries(names, texts)),
            data.draw(st.binary(max_size=60)),
            NOW,
            method,
            data.draw(st.dictionaries(st.sampled_from(["bt_challenge", "access_token", "key"]), texts)),
        ),
        sources={provider: source(provider)},
        load=registry.load,
        secrets=Secrets(data.draw(SECRETS)),
        inboxes=Inboxes(MemoryInbox(), MemoryInbox(), lambda _source: True),
    )
    taken = method in registry.load(provider).METHODS
    assert received.answer in ({Answer.ACCEPTED, Answer.HANDSHAKE, Answer.REFUSED} if taken else {Answer.WRONG_METHOD})
    assert received.reply
    assert all(value.isprintable() for value in received.reply.headers.values())


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
