"""A survey by text message: over SNS, through its short link, to the reports on it and the answers to it."""

import json
import re

import pytest
from botocore.exceptions import ReadTimeoutError

from afterbill.model import links
from afterbill.model.links import Purpose
from afterbill.model.short_links import short_code
from tests.integration.samples import KEYS, due, sample, sms_event, token, with_headers
from tests.integration.stack import with_text_messages

NUMBER = "+4915123456789"
AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


@pytest.fixture
def configuration(asking_at_once):
    brand = asking_at_once / "brand.toml"
    text = re.sub(r"(?m)^referral_url = .*$", "", brand.read_text())
    brand.write_text('referral_url = "https://shop.example/friends?a=1"\n' + text)
    surveys = with_text_messages(asking_at_once) / "surveys.toml"
    surveys.write_text(surveys.read_text() + '\n[integrity]\nscanners = ["bot"]\n')
    return asking_at_once


@pytest.fixture
def parameters():
    return {"SmsService": "sns", "SmsOrigination": "Acme"}


@pytest.fixture
def invitation(loop):
    """Mirjam was asked by text message."""
    return loop.sent(phone="0151 23456789", country="DE")


def failed(answer):
    return [record["itemIdentifier"] for record in answer["batchItemFailures"]]


def published(stack):
    return [call.params for call in stack.calls if call.operation == "Publish"]


@pytest.fixture
def follow(stack):
    return stack.load("follow_link")


@pytest.fixture
def handle(stack):
    return stack.load("handle_sms_event")


def test_a_due_survey_goes_out_as_one_text_message_to_the_number_as_the_world_spells_it(stack, loop, invitation):
    (message,) = published(stack)
    assert message["PhoneNumber"] == NUMBER
    assert f"https://nps.example.com/c/{short_code(invitation.id, KEYS)} " in message["Message"]
    assert "STOP" in message["Message"]
    assert message["MessageAttributes"]["AWS.SNS.SMS.MaxPrice"]["StringValue"] == "0.10"
    assert (invitation.state, invitation.channel, invitation.segments["channel"]) == ("sent", "sms", "sms")
    assert loop.mails() == []


@pytest.mark.usefixtures("invitation")
def test_it_costs_one_read_and_one_transaction_more_than_a_mail(stack, loop):
    other = loop.asked("order-2", id="two", email="two@example.com", phone=NUMBER)
    stack.calls.clear()

    loop.send(due(other.id))

    reads = ["GetItem", "BatchGetItem", "GetItem"]  # the last: whether the number said stop
    kept, timer, claimed = "TransactWriteItems", "CreateSchedule", "TransactWriteItems"
    assert stack.calls_of("send_survey") == [*reads, kept, claimed, "Publish", "UpdateItem", timer]


def test_who_has_no_number_gets_a_mail(stack, loop):
    assert loop.sent().channel == "mail"
    assert published(stack) == []


def test_a_message_delivered_twice_sends_one_text_message(stack, loop, invitation):
    assert failed(loop.send(due(invitation.id))) == []
    assert len(published(stack)) == 1


def test_when_the_service_is_silent_the_survey_is_unknown_and_settled_by_its_report(stack, loop, handle):
    invitation = loop.asked(phone=NUMBER)
    stack.failures["Publish"] = ReadTimeoutError(endpoint_url="https://sns.example")
    loop.send(due(invitation.id))
    stack.failures.clear()
    assert loop.invitation(invitation.id).state == "unknown"

    assert failed(handle(sms_event("delivered", invitation.id))) == []

    assert loop.invitation(invitation.id).state == "sent"
    assert loop.invitation(invitation.id).delivery == 2


# Short and personal links


def test_the_short_link_leads_to_the_survey(stack, follow, invitation):
    code = short_code(invitation.id, KEYS)
    for method in ("GET", "HEAD"):
        event = sample("api/code_get", TOKEN=code.upper())
        event["requestContext"]["http"]["method"] = method
        stack.calls.clear()
        answer = follow(event)
        assert (answer["statusCode"], answer["body"]) == (303, "")
        survey = answer["headers"]["Location"].removeprefix("https://nps.example.com/s/")
        assert links.read(survey, Purpose.SURVEY, KEYS).invitation_id == invitation.id
        assert [name for name in stack.calls_of("follow_link") if name != "GetSecretValue"] == ["GetItem"]


@pytest.mark.parametrize("code", ["zzzzzzzzzz", "abc", "../../s/x"])
def test_an_unknown_one_gets_a_friendly_page(follow, code):
    answer = follow(sample("api/code_get", TOKEN=code))
    assert answer["statusCode"] == 404
    assert 'lang="de"' in answer["body"]


def test_a_flood_of_one_link_is_answered_without_the_table(stack, follow, invitation):
    event = sample("api/code_get", TOKEN=short_code(invitation.id, KEYS))
    statuses = [follow(event)["statusCode"] for _ in range(70)]

    assert {statuses[0], statuses[-1]} == {303, 429}
    stack.calls.clear()
    assert follow(event)["statusCode"] == 429
    assert stack.calls_of("follow_link") == []


def test_only_reading_is_allowed(follow):
    event = sample("api/code_get", TOKEN="0123456789")
    event["requestContext"]["http"]["method"] = "POST"
    answer = follow(event)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")


def test_while_the_table_does_not_answer_one_is_asked_to_come_back(stack, follow, invitation):
    stack.failures["GetItem"] = "ThrottlingException"
    answer = follow(sample("api/code_get", TOKEN=short_code(invitation.id, KEYS)))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")


@pytest.mark.parametrize(
    ("headers", "counted"), [(AGENT, 1), ({"user-agent": "LinkBot/1"}, 0), (AGENT | {"sec-purpose": "prefetch"}, 0)]
)
def test_a_personal_link_leads_to_the_shop_and_counts_people_alone(loop, follow, invitation, headers, counted):
    event = sample("api/referral_get", TOKEN=token(Purpose.REFERRAL, invitation.id))

    answer = follow(with_headers(event, **headers))

    assert answer["statusCode"] == 303
    assert re.fullmatch(r"https://shop\.example/friends\?a=1&ref=[0-9a-z]{10}", answer["headers"]["Location"])
    assert loop.invitation(invitation.id).referred == counted


def test_a_token_of_another_purpose_leads_nowhere(follow, invitation):
    assert follow(sample("api/referral_get", TOKEN=token(Purpose.SURVEY, invitation.id)))["statusCode"] == 404


# What comes back


def test_a_report_raises_the_rank(loop, handle, invitation):
    for _ in range(2):
        assert failed(handle(sms_event("delivered", invitation.id))) == []
    assert loop.invitation(invitation.id).delivery == 2


@pytest.mark.usefixtures("invitation")
@pytest.mark.parametrize("text", ["STOP", "REMOVE", "Unsubscribe me from these messages now please"])
def test_who_answers_stop_is_not_asked_again_by_mail_either(stack, handle, text):
    for _ in range(2):
        assert failed(handle(sms_event("inbound", messageBody=text))) == []

    assert stack.suppressions() == ["unsubscribed"] * 2  # the number and the mail address
    assert stack.items("CUSTOMER")[0]["suppressed"] == {"S": "unsubscribed"}


@pytest.mark.usefixtures("invitation")
def test_an_objection_is_counted_and_logged_like_any_unsubscription(capsys, handle):
    capsys.readouterr()
    handle(sms_event("inbound"))
    handle(sms_event("inbound", messageBody="9"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines if "outcome" in line] == ["unsubscribed", "other"]
    assert [line["Unsubscribed"] for line in lines if "Unsubscribed" in line] == [[1.0]]
    assert not any("AddressesSuppressed" in line for line in lines)


@pytest.mark.usefixtures("invitation")
def test_raw_delivery_of_sns_changes_nothing(stack, handle):
    (record,) = sms_event("inbound")["Records"]
    raw = record | {"body": json.loads(record["body"])["Message"]}

    assert failed(handle({"Records": [raw]})) == []

    assert stack.suppressions() == ["unsubscribed"] * 2


@pytest.mark.parametrize(
    "message", ["+4915123456789", json.dumps({"eventType": "TEXT_DELIVERED", "messageId": NUMBER})]
)
def test_a_poison_message_fails_alone_and_tells_nobody_whom_it_is_about(capsys, handle, invitation, message):
    (good,) = sms_event("delivered", invitation.id)["Records"]
    bad = good | {"messageId": "poison", "body": json.dumps({"Message": message})}

    assert failed(handle({"Records": [bad, good]})) == ["poison"]
    assert NUMBER not in "".join(capsys.readouterr())


def test_no_number_is_logged(capsys, handle, invitation):
    handle(sms_event("inbound"))
    handle(sms_event("delivered", invitation.id))
    written = "".join(capsys.readouterr())
    assert written
    assert "23456789" not in written
