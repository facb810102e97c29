"""receive_webhook: events/api in, an answer and a message out."""

import json
from datetime import timedelta

import pytest

from afterbill.adapters.aws.inbox import webhook_of
from tests.integration.samples import (
    STANDARD_SECRET,
    now,
    raw,
    sample,
    signed,
    stripe_signed,
    to_source,
    with_body,
    with_headers,
)

OTHER_SECRET = "whsec_" + "QW5vdGhlciBrZXkgb2YgdGhlIHNvdXJjZQ=="


@pytest.fixture
def receive(stack):
    return stack.load("receive_webhook")


@pytest.fixture
def event():
    return sample("api/webhook_standard")


def lines(capsys, having):
    """The log lines with this field."""
    written = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    return [line for line in written if having in line]


def refused(answer):
    return answer["statusCode"], json.loads(answer["body"])["error"]


def test_a_signed_webhook_is_accepted_once_it_lies_in_the_inbox(stack, receive, event):
    answer = receive(signed(event))

    assert (answer["statusCode"], json.loads(answer["body"])) == (202, {"accepted": 1})
    (record,) = stack.records("Inbox")
    kept = webhook_of(record)
    assert (kept.source, kept.body) == ("events", raw(event))
    assert kept.headers.keys() == {"webhook-id", "webhook-timestamp"}
    assert abs(kept.received_at - now()) < timedelta(minutes=1)


def test_a_body_that_comes_as_base64_is_verified_over_its_raw_bytes(stack, receive):
    event = stripe_signed(sample("api/webhook_stripe_base64"))

    assert receive(event)["statusCode"] == 202
    (record,) = stack.records("Inbox")
    assert webhook_of(record).body == raw(event)


def test_header_names_may_come_in_any_case(receive, event):
    shouted = signed(event)
    shouted["headers"] = {name.upper(): value for name, value in shouted["headers"].items()}

    assert receive(shouted)["statusCode"] == 202


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda event: with_headers(event, **{"webhook-signature": ""}), "signature_missing"),
        (lambda event: with_headers(event, **{"webhook-signature": "v2,AAAA"}), "signature_malformed"),
        (lambda event: with_headers(event, **{"webhook-signature": "v1,AAAA"}), "signature_mismatch"),
        (lambda event: with_headers(event, **{"webhook-id": "msg_other"}), "signature_mismatch"),
        (lambda event: with_body(event, raw(event) + b" "), "signature_mismatch"),
        (lambda event: signed(event, OTHER_SECRET), "signature_mismatch"),
        (lambda event: signed(event, at=now() - timedelta(minutes=6)), "timestamp_stale"),
        (lambda event: signed(event, at=now() + timedelta(minutes=6)), "timestamp_future"),
        (lambda event: to_source(event, "stripe"), "signature_missing"),
    ],
    ids=[
        "no signature",
        "of another scheme",
        "wrong",
        "of another message",
        "of another body",
        "by another key",
        "stale",
        "from the future",
        "at another source",
    ],
)
def test_what_is_not_signed_properly_is_401_and_leaves_nothing(stack, receive, event, change, reason):
    assert refused(receive(change(signed(event)))) == (401, reason)
    assert stack.records("Inbox") == []


def test_a_page_visit_is_405_and_says_how_webhooks_come(stack, receive):
    answer = receive(sample("api/webhook_handshake"))

    assert refused(answer) == (405, "method_not_allowed")
    assert answer["headers"]["Allow"] == "POST"
    assert stack.records("Inbox") == []


def test_a_page_visit_to_an_unknown_source_is_404(receive):
    assert refused(receive(to_source(sample("api/webhook_handshake"), "nobody"))) == (404, "unknown_source")


def test_the_log_names_the_source_of_what_was_accepted_and_no_metric_does(receive, event, capsys):
    receive(signed(event))

    (line,) = lines(capsys, "WebhooksAccepted")
    assert (line["source"], line["outcome"], "test" in line) == ("events", "accepted", False)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_a_test_of_the_operators_own_is_marked_in_the_log(receive, event, capsys):
    receive(with_headers(signed(event), **{"X-Afterbill-Test": "1"}))
    receive(signed(event))

    tested, real = lines(capsys, "WebhooksAccepted")
    assert (tested["source"], tested["test"]) == ("events", "yes")
    assert "test" not in real


@pytest.mark.parametrize(
    ("signature", "dimensions"),
    [("v1,AAAA", [["service"], ["service", "reason"]]), ("v2,AAAA", [["service"]]), ("", [["service"]])],
    ids=["wrong", "of another scheme", "none"],
)
def test_a_wrong_signature_is_counted_apart_from_what_strangers_try(receive, event, signature, dimensions, capsys):
    receive(with_headers(signed(event), **{"webhook-signature": signature}))

    (line,) = lines(capsys, "WebhooksRefused")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == dimensions


def test_an_unknown_source_is_404(stack, receive, event):
    assert refused(receive(to_source(signed(event), "nobody"))) == (404, "unknown_source")
    assert stack.records("Inbox") == []


def test_a_body_of_1_000_000_bytes_is_taken_and_one_more_is_413(stack, receive, event):
    greatest = b'"' + b"x" * 999_998 + b'"'

    assert receive(signed(with_body(event, greatest)))["statusCode"] == 202
    assert refused(receive(signed(with_body(event, greatest + b" ")))) == (413, "too_large")
    (record,) = stack.records("Inbox")
    assert webhook_of(record).body == greatest


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"not JSON", b"[]", b"null"])
def test_whatever_is_signed_is_accepted(stack, receive, event, body):
    assert receive(signed(with_body(event, body)))["statusCode"] == 202
    (record,) = stack.records("Inbox")
    assert webhook_of(record).body == body


def test_a_body_that_is_no_base64_is_refused_and_no_error(receive, event):
    broken = signed(event) | {"body": "no base64!", "isBase64Encoded": True}

    assert refused(receive(broken)) == (401, "signature_mismatch")


def test_a_source_without_a_secret_is_never_verified_and_the_log_says_why(stack, event, capsys):
    stack.write_secret("SourcesSecret", {"events": [""]})
    receive = stack.load("receive_webhook")

    assert refused(receive(signed(event, "whsec_"))) == (401, "signature_mismatch")
    assert "source has no signing secret" in capsys.readouterr().out


def test_the_names_in_a_secret_that_is_no_list_are_no_secrets(stack, event):
    stack.write_secret("SourcesSecret", {"events": {OTHER_SECRET: STANDARD_SECRET}})
    receive = stack.load("receive_webhook")

    assert refused(receive(signed(event, OTHER_SECRET))) == (401, "signature_mismatch")


def test_while_a_secret_is_rotated_both_are_good(stack, event):
    stack.write_secret("SourcesSecret", {"events": [OTHER_SECRET, STANDARD_SECRET]})
    receive = stack.load("receive_webhook")

    assert receive(signed(event, OTHER_SECRET))["statusCode"] == 202
    assert receive(signed(event, STANDARD_SECRET))["statusCode"] == 202


def test_a_secret_rotated_a_while_ago_takes_effect_at_once(stack, receive, event, monkeypatch):
    receive(signed(event))
    stack.write_secret("SourcesSecret", {"events": [OTHER_SECRET]})
    pass_seconds(monkeypatch, 61)

    assert receive(signed(event, OTHER_SECRET))["statusCode"] == 202
    assert refused(receive(signed(event, STANDARD_SECRET))) == (401, "signature_mismatch")


def test_forged_requests_cause_one_fetch_a_minute(stack, receive, event):
    for _ in range(5):
        receive(signed(event, OTHER_SECRET))

    assert stack.calls_of("receive_webhook").count("GetSecretValue") == 1


def pass_seconds(monkeypatch, seconds):
    from functions.receive_webhook import app  # noqa: PLC0415  # the module as the stack has just imported it

    before = app._secrets.secret.clock
    monkeypatch.setattr(app._secrets.secret, "clock", lambda: before() + seconds)


@pytest.mark.parametrize("operation", ["SendMessage", "GetSecretValue"])
def test_when_aws_does_not_answer_the_provider_is_asked_to_come_back(stack, receive, event, operation):
    stack.failures[operation] = "ThrottlingException"

    answer = receive(signed(event))

    assert refused(answer) == (503, "try_again")
    assert answer["headers"]["Retry-After"] == "30"


class TestProvidersWithTheirOwnWays:
    @pytest.fixture
    def configuration(self, asking_at_once):
        with (asking_at_once / "surveys.toml").open("a", encoding="utf-8") as file:
            for name in ("woocommerce", "braintree", "xero", "chargebee"):
                file.write(f'[sources.{name}]\nprovider = "{name}"\naccount = "acme"\n')
        return asking_at_once

    @pytest.fixture
    def receive(self, stack):
        own = {"braintree": ["public_key:private_key"], "xero": ["key"], "chargebee": ["user:password"]}
        stack.write_secret("SourcesSecret", own)
        return stack.load("receive_webhook")

    def test_a_handshake_is_answered_in_plain_text_and_leaves_nothing(self, stack, receive):
        asked = sample("api/webhook_handshake") | {"rawQueryString": "bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"}

        answer = receive(to_source(asked, "braintree"))

        assert answer["statusCode"] == 200
        assert answer["body"].startswith("public_key|")
        assert answer["headers"]["Content-Type"].startswith("text/plain")
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        assert stack.records("Inbox") == []

    def test_a_ping_gets_exactly_what_it_wants(self, receive, event):
        ping = to_source(with_body(event, b"webhook_id=7"), "woocommerce")

        assert (receive(ping)["statusCode"], receive(ping)["body"]) == (200, "")

    def test_what_is_refused_gets_the_providers_own_answer(self, stack, receive, event):
        answer = receive(with_headers(to_source(event, "xero"), **{"x-xero-signature": "AAAA"}))

        assert (answer["statusCode"], answer["body"]) == (401, "")
        assert stack.records("Inbox") == []

    def test_who_must_be_asked_for_a_password_is_asked(self, receive, event):
        answer = receive(to_source(event, "chargebee"))

        assert answer["statusCode"] == 401
        assert answer["headers"]["WWW-Authenticate"].startswith("Basic ")

    def test_who_brings_it_is_accepted(self, stack, receive, event):
        answer = receive(with_headers(to_source(event, "chargebee"), authorization="Basic dXNlcjpwYXNzd29yZA=="))

        assert answer["statusCode"] == 202
        (record,) = stack.records("Inbox")
        assert "authorization" not in webhook_of(record).headers

    def test_who_shows_nothing_at_all_tells_nothing_of_missing_secrets(self, stack, receive, event, capsys):
        stack.write_secret("SourcesSecret", {})
        receive(to_source(event, "chargebee"))

        assert "no signing secret" not in capsys.readouterr().out
