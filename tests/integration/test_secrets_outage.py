"""Secrets Manager does not answer for an hour: warm functions go on, cold ones wait, and nothing is lost."""

import json
import sys
from dataclasses import dataclass

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.integration.samples import captured, due, payment, sample, signed, survey_token

OUTAGE = ReadTimeoutError(endpoint_url="https://secretsmanager.example")
MINUTES = range(0, 60, 4)


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@dataclass
class Clock:
    """The clock by which secrets grow old."""

    now: float = 1_000


@pytest.fixture
def clock():
    return Clock()


def aged(secret, clock):
    """Let this secret live by the clock."""
    secret.clock, secret.chance = (lambda: clock.now), (lambda: 0)
    return secret


def app(name):
    """The module as the stack has just imported it."""
    return sys.modules[f"functions.{name}.app"]


class TestWarmFunctions:
    def test_webhooks_are_taken_for_the_whole_hour(self, stack, clock):
        receive = stack.load("receive_webhook")
        aged(app("receive_webhook")._secrets.secret, clock)
        assert receive(signed(sample("api/webhook_standard")))["statusCode"] == 202
        stack.failures["GetSecretValue"] = OUTAGE

        answers = []
        for minute in MINUTES:
            clock.now = 1_000 + 60 * minute
            answers.append(receive(signed(sample("api/webhook_standard")))["statusCode"])

        assert answers == [202] * len(MINUTES)
        assert len(stack.records("Inbox")) >= 10

    def test_a_wrong_signature_is_refused_and_not_an_error(self, stack, clock):
        receive = stack.load("receive_webhook")
        aged(app("receive_webhook")._secrets.secret, clock)
        receive(signed(sample("api/webhook_standard")))
        stack.failures["GetSecretValue"] = OUTAGE
        clock.now += 3_000

        assert receive(sample("api/webhook_standard"))["statusCode"] == 401

    def test_facts_are_captured_surveys_sent_and_answers_recorded(self, stack, loop, clock):
        warm = loop.sent("order-1", id="one", email="one@example.com")
        loop.answer(sample("api/survey_get", TOKEN=survey_token(warm.id)))
        for name in ("capture_event", "send_survey", "record_response"):
            aged(app(name)._keys.secret, clock)._fetched_at = clock.now
        stack.failures["GetSecretValue"] = OUTAGE
        clock.now += 3_600

        sent = loop.sent("order-2", id="two", email="two@example.com")

        assert sent.sent_at
        page = loop.answer(sample("api/survey_get", TOKEN=survey_token(sent.id)))
        assert page["statusCode"] == 200


class TestColdFunctions:
    def test_a_webhook_is_asked_to_come_back_and_taken_afterwards(self, stack, clock):
        receive = stack.load("receive_webhook")
        aged(app("receive_webhook")._secrets.secret, clock)
        stack.failures["GetSecretValue"] = OUTAGE

        answers = []
        for second in range(10):
            clock.now = 1_000 + second
            answers.append(receive(signed(sample("api/webhook_standard"))))

        assert {answer["statusCode"] for answer in answers} == {503}
        assert {answer["headers"]["Retry-After"] for answer in answers} == {"30"}
        assert stack.calls_of("receive_webhook").count("GetSecretValue") == 4  # after 0, 1, 3 and 7 seconds
        stack.failures.clear()
        clock.now += 60
        assert receive(signed(sample("api/webhook_standard")))["statusCode"] == 202

    def test_a_page_says_that_it_comes_back(self, stack):
        stack.failures["GetSecretValue"] = OUTAGE

        page = stack.load("record_response")(sample("api/survey_get", TOKEN=survey_token("0" * 32)))

        assert page["statusCode"] == 503
        assert page["headers"]["Retry-After"]

    def test_messages_wait_in_their_queues(self, stack, loop, clock):
        stack.failures["GetSecretValue"] = OUTAGE
        capture = stack.load("capture_event")
        aged(app("capture_event")._keys.secret, clock)

        assert [one["itemIdentifier"] for one in capture(captured(payment()))["batchItemFailures"]] == ["message-1"]
        assert stack.records("InboxDeadLetters") == []
        stack.failures.clear()
        clock.now += 60
        assert capture(captured(payment())) == {"batchItemFailures": []}
        (one,) = loop.invitations()
        send = stack.load("send_survey")
        aged(app("send_survey")._keys.secret, clock)
        stack.failures["GetSecretValue"] = OUTAGE
        assert len(send(due(one.id))["batchItemFailures"]) == 1
        assert loop.invitation(one.id).state == "pending"
        stack.failures.clear()
        clock.now += 60
        assert send(due(one.id)) == {"batchItemFailures": []}
        assert loop.invitation(one.id).state == "sent"


def test_the_log_says_what_failed(stack, capsys):
    stack.failures["GetSecretValue"] = OUTAGE

    stack.load("receive_webhook")(signed(sample("api/webhook_standard")))

    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["error"] for line in written] == ["reading a secret: ReadTimeoutError"]
