"""capture_event with sources that leave out who it was or what happened: APIs, tokens, tasks and evidence."""

import json

import pytest

from tests.integration.apis import CONSENT, KEY, from_source, let_answer, reply, with_thin_sources
from tests.integration.samples import captured, payment, sample
from tests.servers import Reply

CUSTOMER = reply({"data": {"id": "ctm_1", "email": "ines.moreau@example.com", "name": "Mirjam Moreau"}})
TOKEN = reply({"access_token": "an-access-token", "refresh_token": "buys-another-token", "expires_in": 1800})
REFUSED = reply({"error": "invalid_grant"}, 400)
NOTHING: Reply = (404, b"")


@pytest.fixture
def configuration(asking_at_once):
    return with_thin_sources(asking_at_once)


@pytest.fixture
def capture(stack):
    client = {"client_id": "me", "client_secret": "hush"}
    stack.write_secret("ApisSecret", {"paddle": {"key": KEY}, "xero": client, "paypal": client})
    stack.write_secret("TokensSecret", {"xero": CONSENT})
    return stack.load("capture_event")


def paddle():
    return from_source("paddle", sample("webhooks/paddle/transaction.completed"))


def xero():
    return from_source("xero", sample("webhooks/xero/invoice.update.paid"))


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def addresses(stack):
    return [item["address"]["S"] for item in stack.items("CUSTOMER") if "address" in item]


def lines(capsys, having="outcome"):
    """The values logged under this field."""
    written = map(json.loads, capsys.readouterr().out.splitlines())
    return [line for line in written if having in line]


class TestAskingTheApi:
    def test_an_address_that_the_webhook_lacks_comes_from_the_api(self, stack, capture):
        pool = let_answer("capture_event", CUSTOMER)

        assert failed(capture(paddle())) == []

        (request,) = pool.asked
        assert request.url.startswith("https://api.paddle.com/customers/ctm_")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert addresses(stack) == ["ines.moreau@example.com"]

    def test_the_same_webhook_again_asks_nobody(self, capture):
        pool = let_answer("capture_event", CUSTOMER)
        capture(paddle())

        capture(paddle())

        assert len(pool.asked) == 1

    def test_a_silent_api_leaves_the_message_and_no_other(self, stack, loop, capture):
        let_answer("capture_event", (503, b""))
        mixed = {"Records": [*paddle()["Records"], *captured(payment("1"), payment("2"))["Records"][1:]]}

        assert failed(capture(mixed)) == ["message-1"]

        assert len(loop.invitations()) == 1
        assert stack.records("InboxDeadLetters") == []

    def test_without_credentials_the_event_is_recorded_as_it_is(self, stack, loop):
        capture = stack.load("capture_event")
        pool = let_answer("capture_event", CUSTOMER)

        assert failed(capture(paddle())) == []

        assert pool.asked == []
        assert len(loop.invitations()) == 1

    def test_an_answer_that_nobody_can_read_puts_the_webhook_aside(self, stack, capture):
        let_answer("capture_event", (200, b"<html>mirjam.keller@example.com"))

        assert failed(capture(paddle())) == []

        (dead,) = stack.records("InboxDeadLetters")
        assert "not JSON" in dead["messageAttributes"]["problem"]["stringValue"]

    def test_a_webhook_that_the_provider_does_not_vouch_for_is_dropped_and_told(self, stack, loop, capture, capsys):
        let_answer("capture_event", TOKEN, reply({"verification_status": "FAILURE"}))

        assert failed(capture(from_source("paypal", {"id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED"}))) == []

        assert loop.invitations() == []
        assert stack.records("InboxDeadLetters") == []
        told, counted = lines(capsys, "reason")
        assert (told["level"], told["source"], told["outcome"]) == ("WARNING", "paypal", "refused")
        assert (counted["WebhooksRefused"], counted["reason"]) == ([1.0], "signature_mismatch")


class TestConsent:
    def test_a_token_is_bought_stored_and_only_then_used(self, stack, capture):
        pool = let_answer("capture_event", TOKEN, NOTHING)

        assert failed(capture(xero())) == []

        assert pool.asked[0].url == "https://identity.xero.com/connect/token"
        assert pool.asked[1].headers["authorization"] == "Bearer an-access-token"
        stored = stack.secret("TokensSecret")["xero"]
        assert (stored["access_token"], stored["refresh_token"]) == ("an-access-token", "buys-another-token")
        calls = stack.calls_of("capture_event")
        made = [one for one in calls if one in {"UpdateItem", "PutSecretValue"}]
        assert made == ["UpdateItem", "UpdateItem", "PutSecretValue", "UpdateItem"]
        assert all("holder" not in lock for lock in stack.items("LOCK"))

    def test_a_lost_consent_rings_the_alarm_and_the_messages_wait(self, stack, capture, capsys):
        let_answer("capture_event", REFUSED)

        assert failed(capture(xero())) == ["message-1"]

        assert [line["ConsentLost"] for line in lines(capsys, "ConsentLost")] == [[1.0]]
        assert stack.records("InboxDeadLetters") == []

    def test_the_log_says_what_to_do_about_it(self, capture, capsys):
        let_answer("capture_event", REFUSED)

        capture(xero())

        (line,) = lines(capsys, "detail")
        assert "run afterbill source consent xero" in line["detail"]

    def test_a_token_that_cannot_be_stored_is_not_used(self, stack, capture):
        pool = let_answer("capture_event", TOKEN, NOTHING)
        stack.failures["PutSecretValue"] = "ThrottlingException"

        assert failed(capture(xero())) == ["message-1"]
        assert len(pool.asked) == 1

        stack.failures.clear()
        assert failed(capture(xero())) == []
        assert stack.secret("TokensSecret")["xero"]["refresh_token"] == "buys-another-token"


class TestEvidence:
    @pytest.fixture
    def parameters(self):
        return {"EvidenceDays": "30"}

    def test_a_copy_of_every_webhook_is_kept(self, stack, loop):
        loop.capture(captured(payment("1"), b"not JSON"))

        keys = [one["Key"] for one in stack.s3.list_objects_v2(Bucket="evidence")["Contents"]]
        assert len(keys) == 2
        assert all(key.startswith("events/20") for key in keys)

    def test_without_a_copy_nothing_is_captured(self, stack, loop):
        stack.failures["PutObject"] = "SlowDown"

        assert failed(loop.capture(captured(payment("1")))) == ["message-1"]

        assert loop.invitations() == []


def test_a_privacy_request_is_kept_without_a_name_and_counted(stack, capture, capsys):
    event = from_source("shopify", sample("webhooks/shopify/customers.redact"), **REDACT)

    assert failed(capture(event)) == []

    (request,) = stack.items("PRIVACY")
    assert (request["kind"]["S"], request["by"]["S"]) == ("erase", "source:shopify")
    assert not any(told in str(request) for told in ("@", "8204417736905"))
    metric = "PrivacyRequestsReceived"
    assert [line[metric] for line in lines(capsys, metric)] == [[1.0]]


REDACT = {"x-shopify-topic": "customers/redact", "x-shopify-shop-domain": "kranich-tea.myshopify.com"}
