import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks

from afterbill.connectors import standard_webhooks
from afterbill.model.webhooks import TOLERANCE, Refusal, Webhook

BODY = b'{"type": "payment_succeeded"}'
KEY = b"25 bytes of a secret key."
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def webhook(
    signature: str, at: object, message_id: str = "msg_1", body: bytes = BODY, prefix: str = "webhook"
) -> Webhook:
    headers = {f"{prefix}-id": message_id, f"{prefix}-timestamp": str(at), f"{prefix}-signature": signature}
    return Webhook("shop", headers, body, datetime(2025, 11, 3, tzinfo=UTC))


@pytest.fixture
def at(now: datetime) -> int:
    return int(now.timestamp())


@pytest.fixture
def good(standard_signature: Callable[..., str]) -> str:
    return standard_signature(BODY, KEY)


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_a_signature_made_with_the_key_is_accepted_under_both_names(
    prefix: str, good: str, at: int, now: datetime
) -> None:
    assert standard_webhooks.verify(webhook(good, at, prefix=prefix), [SECRET], now) is None


def test_what_the_reference_library_signs_is_accepted(sample: Callable[[str, str], bytes], now: datetime) -> None:
    body = sample("standard_webhooks", "payment_succeeded")
    signature = standardwebhooks.Webhook(SECRET).sign("msg_ref", now, body.decode())
    hook = webhook(signature, int(now.timestamp()), "msg_ref", body)
    assert standard_webhooks.verify(hook, [SECRET], now) is None


def test_what_we_accept_is_accepted_by_the_reference_library(standard_signature: Callable[..., str]) -> None:
    at = int(datetime.now(UTC).timestamp())
    hook = webhook(standard_signature(BODY, KEY, at=at), at)
    assert standardwebhooks.Webhook(SECRET).verify(BODY, dict(hook.headers)) == {"type": "payment_succeeded"}


def test_published_vectors_verify_at_their_time(payloads: Path) -> None:
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_text())["vectors"]
    ours = [vector for vector in vectors if vector["provider"] == "standardwebhooks"]
    assert ours
    for vector in ours:
        signed_at = datetime.fromtimestamp(int(vector["headers"]["webhook-timestamp"]), UTC)
        hook = Webhook("shop", vector["headers"], vector["body"].encode(), signed_at)
        assert standard_webhooks.verify(hook, [vector["secret"]], signed_at) is None


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), SECRET.rstrip("=")])
def test_prefix_and_padding_of_a_secret_do_not_matter(secret: str, good: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(good, at), [secret], now) is None


def test_a_signature_without_its_padding_is_the_same_signature(good: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(good.rstrip("="), at), [SECRET], now) is None


def test_any_configured_secret_and_any_presented_signature_may_match(good: str, at: int, now: datetime) -> None:
    several = f"v1a,ed25519 v1,{'A' * 43}= {good} v9,whatever"
    assert standard_webhooks.verify(webhook(several, at), ["whsec_b3RoZXI=", SECRET], now) is None


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_==", "   ", "whsec_A", "whsec_é", "\ud800", "whsec_\n"])
def test_a_secret_without_bytes_never_verifies(
    secret: str, standard_signature: Callable[..., str], at: int, now: datetime
) -> None:
    assert standard_webhooks.verify(webhook(standard_signature(BODY, b""), at), [secret], now) is Refusal.MISMATCH


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_each_header_is_needed(name: str, value: str | None, good: str, at: int, now: datetime) -> None:
    headers = dict(webhook(good, at).headers)
    del headers[name]
    if value is not None:
        headers[name] = value
    assert standard_webhooks.verify(Webhook("shop", headers, BODY, now), [SECRET], now) is Refusal.MISSING


def test_headers_of_two_families_are_not_mixed(good: str, at: int, now: datetime) -> None:
    headers = {"webhook-id": "msg_1", "svix-timestamp": str(at), "webhook-signature": good}
    assert standard_webhooks.verify(Webhook("shop", headers, BODY, now), [SECRET], now) is Refusal.MISSING


@pytest.mark.parametrize(
    "time", [" 5", "5 ", "1_0", "\uff11\uff12", "-5", "1614265330.5", "1e9", "99999999999999999999", "²"]
)
def test_odd_timestamps_are_malformed_even_when_signed(
    time: str, standard_signature: Callable[..., str], now: datetime
) -> None:
    hook = webhook(standard_signature(BODY, KEY, at=time), time)
    assert standard_webhooks.verify(hook, [SECRET], now) is Refusal.MALFORMED


@pytest.mark.parametrize("signature", ["v1", "v1,", "v0,abc", "v1a,abc", " ", ",,,", "garbage"])
def test_headers_without_a_known_scheme_are_malformed(signature: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(signature, at), [SECRET], now) is Refusal.MALFORMED


@pytest.mark.parametrize("message_id", ["é", "\ud800"])
def test_an_id_that_is_not_ascii_is_malformed(message_id: str, good: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(good, at, message_id), [SECRET], now) is Refusal.MALFORMED


@pytest.mark.parametrize("mac", ["!!!", "é", "\ud800", "A" * 10_000, "a,b"])
def test_signatures_that_are_not_base64_are_a_mismatch(mac: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(f"v1,{mac}", at), [SECRET], now) is Refusal.MISMATCH


def test_a_signature_is_good_for_its_own_id_and_body_only(good: str, at: int, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(good, at, "msg_2"), [SECRET], now) is Refusal.MISMATCH
    assert standard_webhooks.verify(webhook(good, at, body=BODY + b"\n"), [SECRET], now) is Refusal.MISMATCH


def test_the_time_may_differ_by_the_tolerance_and_no_more(
    standard_signature: Callable[..., str], now: datetime
) -> None:
    def verdict(moment: datetime) -> Refusal | None:
        at = int(moment.timestamp())
        return standard_webhooks.verify(webhook(standard_signature(BODY, KEY, at=at), at), [SECRET], now)

    second = timedelta(seconds=1)
    assert verdict(now - TOLERANCE) is None
    assert verdict(now - TOLERANCE - second) is Refusal.STALE
    assert verdict(now + TOLERANCE + second) is Refusal.FUTURE


def test_who_cannot_sign_learns_nothing_about_the_clock(good: str, now: datetime) -> None:
    assert standard_webhooks.verify(webhook(good, 1), [SECRET], now) is Refusal.MISMATCH


def test_the_inbox_keeps_what_understanding_a_message_needs() -> None:
    assert {"webhook-id", "webhook-timestamp", "svix-id", "svix-timestamp"} == standard_webhooks.HEADERS
