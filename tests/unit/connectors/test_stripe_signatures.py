import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stripe as stripe_library

from afterbill.connectors import stripe
from afterbill.model.webhooks import TOLERANCE, Refusal, Webhook

BODY = b'{"object": "event"}\n'
SECRET = "whsec_ours"


def webhook(header: str | None, body: bytes = BODY) -> Webhook:
    headers = {} if header is None else {"stripe-signature": header}
    return Webhook("stripe", headers, body, datetime(2025, 11, 3, tzinfo=UTC))


@pytest.fixture
def good(stripe_header: Callable[..., str]) -> str:
    return stripe_header(BODY, SECRET)


def mac_of(header: str) -> str:
    return header.rpartition("=")[2]


def test_a_signature_made_with_the_secret_is_accepted(good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good), [SECRET], now) is None


def test_what_stripes_own_library_signs_is_accepted(sample: Callable[[str, str], bytes], now: datetime) -> None:
    body = sample("stripe", "basil.invoice.paid")
    header = stripe_library.WebhookSignature.generate_signature_header(body.decode(), SECRET, int(now.timestamp()))
    assert stripe.verify(webhook(header, body), [SECRET], now) is None


def test_what_we_accept_is_accepted_by_stripes_own_library(
    sample: Callable[[str, str], bytes], stripe_header: Callable[..., str]
) -> None:
    body = sample("stripe", "invoice.paid")
    header = stripe_header(body, SECRET)
    assert stripe_library.WebhookSignature.verify_header(body, header, SECRET, None)


def test_published_vectors_verify_at_their_time(payloads: Path) -> None:
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_text())["vectors"]
    ours = [vector for vector in vectors if vector["provider"] == "stripe"]
    assert ours
    for vector in ours:
        header = vector["headers"]["Stripe-Signature"]
        signed_at = datetime.fromtimestamp(int(header.split(",")[0].removeprefix("t=")), UTC)
        body = vector["body"].encode()
        assert stripe.verify(webhook(header, body), [vector["secret"]], signed_at) is None
        assert stripe.verify(webhook(header, body.rstrip()), [vector["secret"]], signed_at) is Refusal.MISMATCH


def test_any_configured_secret_may_match(good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good), ["whsec_new", SECRET], now) is None


def test_any_presented_signature_may_match(good: str, now: datetime) -> None:
    rolled = good.replace(",v1=", f",v1={'0' * 64},v0=feed,v1=") + ",v2=whatever,novalue"
    assert stripe.verify(webhook(rolled), [SECRET], now) is None


@pytest.mark.parametrize("secrets", [[], [""], ["  \n"], ["whsec_other"]])
def test_no_empty_or_foreign_secret_verifies(secrets: list[str], good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good), secrets, now) is Refusal.MISMATCH


def test_bytes_signed_with_an_empty_secret_never_verify(stripe_header: Callable[..., str], now: datetime) -> None:
    assert stripe.verify(webhook(stripe_header(BODY, "")), [""], now) is Refusal.MISMATCH


def test_a_secret_that_is_no_text_raises_nothing(good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good), ["\ud800"], now) is Refusal.MISMATCH


def test_a_changed_body_is_refused_be_it_by_a_final_newline(good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good, BODY.strip()), [SECRET], now) is Refusal.MISMATCH


@pytest.mark.parametrize("header", [None, ""])
def test_a_missing_signature_is_told_from_a_bad_one(header: str | None, now: datetime) -> None:
    assert stripe.verify(webhook(header), [SECRET], now) is Refusal.MISSING


@pytest.mark.parametrize(
    "time",
    ["", " 5", "5 ", "1_0", "\uff11\uff12", "-5", "+5", "1e3", "1.0", "0x1F", "99999999999999999999", "\ud800", "²"],
)
def test_odd_timestamps_are_malformed_even_when_signed(
    time: str, stripe_header: Callable[..., str], now: datetime
) -> None:
    mac = mac_of(stripe_header(BODY, SECRET, time if time != "\ud800" else "5"))
    assert stripe.verify(webhook(f"t={time},v1={mac}"), [SECRET], now) is Refusal.MALFORMED


def test_two_timestamps_are_malformed_because_only_one_can_be_signed(good: str, now: datetime) -> None:
    assert stripe.verify(webhook(good + ",t=1"), [SECRET], now) is Refusal.MALFORMED


@pytest.mark.parametrize("header", ["t=5", "t=5,v1=", "t=5,v0=abc", "v1=abc", "garbage", ",,,", "=", "t"])
def test_headers_without_time_or_known_scheme_are_malformed(header: str, now: datetime) -> None:
    assert stripe.verify(webhook(header), [SECRET], now) is Refusal.MALFORMED


@pytest.mark.parametrize("mac", ["zz", "é" * 64, "\ud800", "0" * 10_000])
def test_signatures_that_are_not_hexadecimal_are_a_mismatch(mac: str, now: datetime) -> None:
    assert stripe.verify(webhook(f"t=5,v1={mac}"), [SECRET], now) is Refusal.MISMATCH


def test_upper_case_hexadecimal_is_not_what_stripe_sends(good: str, now: datetime) -> None:
    shouted = good.replace(mac_of(good), mac_of(good).upper())
    assert stripe.verify(webhook(shouted), [SECRET], now) is Refusal.MISMATCH


def test_the_time_may_differ_by_the_tolerance_and_no_more(stripe_header: Callable[..., str], now: datetime) -> None:
    limit = int((now - TOLERANCE).timestamp())
    assert stripe.verify(webhook(stripe_header(BODY, SECRET, limit)), [SECRET], now) is None
    assert stripe.verify(webhook(stripe_header(BODY, SECRET, limit - 1)), [SECRET], now) is Refusal.STALE
    early = int((now + TOLERANCE + timedelta(seconds=1)).timestamp())
    assert stripe.verify(webhook(stripe_header(BODY, SECRET, early)), [SECRET], now) is Refusal.FUTURE


def test_milliseconds_are_a_time_in_the_future(stripe_header: Callable[..., str], now: datetime) -> None:
    header = stripe_header(BODY, SECRET, int(now.timestamp() * 1000))
    assert stripe.verify(webhook(header), [SECRET], now) is Refusal.FUTURE


def test_who_cannot_sign_learns_nothing_about_the_clock(now: datetime) -> None:
    assert stripe.verify(webhook(f"t=1,v1={'0' * 64}"), [SECRET], now) is Refusal.MISMATCH
