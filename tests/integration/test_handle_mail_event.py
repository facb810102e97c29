"""handle_mail_event: what SES says through SNS and SQS in, states and suppressions out."""

import json

import pytest

from tests.integration.samples import mail_event, sample, unsubscribe_token

ADDRESS = "mirjam.keller@example.com"


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def notification(kind, **filled):
    """A notification of an identity, inside a message of SNS, inside an event of SQS."""
    (record,) = sample("sqs/mail_event")["Records"]
    message = sample(f"ses/notification_{kind}", RECIPIENT=ADDRESS, **filled)
    return {"Records": [record | {"body": json.dumps({"Type": "Notification", "Message": json.dumps(message)})}]}


def unwrapped(event):
    """The event as SQS gets it where SNS delivers raw messages."""
    (record,) = event["Records"]
    return {"Records": [record | {"body": json.loads(record["body"])["Message"]}]}


@pytest.mark.parametrize(
    ("kind", "delivery", "suppressed"),
    [
        ("send", 1, None),
        ("delivery", 2, None),
        ("delivery_delay", 1, None),
        ("bounce_transient", 1, None),
        ("bounce_permanent", 3, "bounced"),
        ("complaint", 4, "complained"),
        ("complaint_not_spam", 1, None),
        ("reject", 1, None),
        ("rendering_failure", 1, None),
        ("subscription", 1, None),
    ],
)
def test_every_kind_of_event(stack, loop, kind, delivery, suppressed):
    invitation = loop.sent()

    for _ in range(2):
        assert failed(loop.mail(mail_event(kind, invitation.id, ADDRESS))) == []

    assert loop.invitation(invitation.id).delivery == delivery
    assert stack.suppressions() == ([suppressed] if suppressed else [])
    objected = suppressed == "complained"
    assert stack.items("CUSTOMER")[0].get("suppressed") == ({"S": suppressed} if objected else None)


def test_in_whatever_order_they_come_the_last_rank_stands(loop):
    invitation = loop.sent()

    for kind in ("complaint", "delivery", "send"):
        loop.mail(mail_event(kind, invitation.id, ADDRESS))

    assert loop.invitation(invitation.id).delivery == 4


def test_a_complaint_of_an_address_the_customer_has_left_suppresses_that_address_alone(stack, loop):
    invitation = loop.sent()

    loop.mail(mail_event("complaint", invitation.id, "left@example.com"))

    assert stack.suppressions() == ["complained"]
    assert "suppressed" not in stack.items("CUSTOMER")[0]


def test_events_of_other_mails_are_not_ours(stack, loop):
    assert failed(loop.mail(mail_event("complaint", "0" * 32, ADDRESS))) == []
    assert stack.suppressions() == []


def test_a_notification_is_recognised_by_the_signed_link_in_its_headers(stack, loop):
    invitation = loop.sent()

    assert failed(loop.mail(notification("complaint", UNSUBSCRIBE_TOKEN=unsubscribe_token(invitation.id)))) == []

    assert loop.invitation(invitation.id).delivery == 4
    assert stack.items("CUSTOMER")[0]["suppressed"] == {"S": "complained"}


def test_a_notification_without_any_trace_suppresses_the_address_it_reports(stack, loop, capsys):
    invitation = loop.sent()

    assert failed(loop.mail(notification("bounce"))) == []

    assert stack.suppressions() == ["bounced"]
    assert loop.invitation(invitation.id).delivery == 1
    assert ADDRESS not in "".join(capsys.readouterr())


@pytest.mark.parametrize("kind", ["delivery", "topic_set"])
def test_other_notifications_are_read_and_change_nothing(stack, loop, kind):
    assert failed(loop.mail(notification(kind))) == []
    assert stack.suppressions() == []


def test_raw_delivery_of_sns_changes_nothing(stack, loop):
    invitation = loop.sent()
    greeting = sample("sqs/mail_event", SES_EVENT="Successfully validated SNS topic for Amazon SES event publishing.")

    for event in (greeting, mail_event("complaint", invitation.id, ADDRESS)):
        assert failed(loop.mail(unwrapped(event))) == []

    assert loop.invitation(invitation.id).delivery == 4
    assert stack.suppressions() == ["complained"]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "mirjam.keller@example.com",
        json.dumps({"Message": "mirjam.keller@example.com"}),
        json.dumps({"Message": "{}"}),
        json.dumps({"Message": json.dumps({"eventType": "Send", "mail": {"messageId": "1", "timestamp": ADDRESS}})}),
    ],
    ids=["a list", "not JSON", "a message that is not JSON", "an empty message", "an address for a time"],
)
def test_a_poison_message_fails_alone_and_tells_nobody_whom_it_is_about(loop, body):
    invitation = loop.sent()
    (good,) = mail_event("delivery", invitation.id, ADDRESS)["Records"]
    bad = good | {"messageId": "poison", "body": body}

    assert failed(loop.mail({"Records": [bad, good]})) == ["poison"]
    assert loop.invitation(invitation.id).delivery == 2


def test_the_greeting_of_ses_when_a_destination_is_made_is_put_aside(loop):
    """SES once says "Successfully validated SNS topic" in plain words; it must not come back for fourteen days."""
    event = sample("sqs/mail_event", SES_EVENT="Successfully validated SNS topic for Amazon SES event publishing.")

    assert failed(loop.mail(event)) == []


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_when_the_table_does_not_answer_the_message_comes_again(stack, loop, operation):
    invitation = loop.sent()
    event = mail_event("complaint", invitation.id, ADDRESS)
    _ = loop.mail
    stack.failures[operation] = "ThrottlingException"

    assert failed(loop.mail(event)) != []

    stack.failures.clear()
    assert failed(loop.mail(event)) == []
    assert loop.invitation(invitation.id).delivery == 4
    assert stack.suppressions() == ["complained"]
