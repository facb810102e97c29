"""capture_event: messages of the inbox in, invitations and schedules out."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.inbox import webhook_of
from tests.integration.samples import captured, due, now, payment, sample, signed, stripe_signed
from tests.integration.stack import Context

ADDRESS = "mirjam.keller@example.com"


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_payment_becomes_an_invitation_and_its_schedule(stack, loop):
    invitation = loop.asked()

    (schedule,) = stack.schedules()
    assert (invitation.state, invitation.touchpoint) == ("pending", "payment_succeeded")
    assert schedule["Name"] == invitation.schedule_name(1)
    assert schedule["Target"]["Arn"] == stack.resolver.made["SendQueue"]["Arn"]
    assert json.loads(schedule["Target"]["Input"]) == {"invitation_id": invitation.id, "delivery": 1}
    assert abs(invitation.due_at - now() - timedelta(days=3)) < timedelta(minutes=1)
    assert stack.records("SendQueue") == []


def test_what_the_receiver_left_is_what_the_capture_takes(stack, loop):
    receive = stack.load("receive_webhook")
    receive(signed(sample("api/webhook_standard")))
    receive(stripe_signed(sample("api/webhook_stripe_base64")))

    answer = loop.capture({"Records": stack.records("Inbox")})

    assert failed(answer) == []
    assert {one.source for one in loop.invitations()} == {"events", "stripe"}


def test_what_would_not_end_in_time_is_not_begun_and_comes_again(loop):
    context = Context()
    context.remaining = 20_000

    answer = loop.capture(captured(payment("order-1")), context)

    assert len(failed(answer)) == 1
    assert loop.invitations() == []


def test_the_sample_of_events_is_too_old_to_ask_about_but_accounted_for(stack, loop):
    loop.capture(sample("sqs/inbox"))

    (invitation,) = loop.invitations()
    assert (invitation.state, invitation.reason) == ("closed", "expired")
    assert stack.schedules() == []


def test_the_same_message_again_changes_nothing(stack, loop):
    event = captured(payment())
    loop.capture(event)
    before = stack.items("INVITATION"), stack.items("CUSTOMER")

    assert failed(loop.capture(event)) == []

    assert (stack.items("INVITATION"), stack.items("CUSTOMER")) == before
    assert len(stack.schedules()) == 1


def test_a_poison_message_is_put_aside_and_harms_no_other(stack, loop):
    good = captured(payment("order-1"), payment("order-2"))
    poison = sample("sqs/inbox_poison")
    batch = {"Records": [good["Records"][0], *poison["Records"], good["Records"][1]]}

    answer = loop.capture(batch)

    assert failed(answer) == []
    assert len(loop.invitations()) == 2
    (dead,) = stack.records("InboxDeadLetters")
    assert webhook_of(dead) == webhook_of(poison["Records"][0])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[]",
        b'{"type": "payment_succeeded"}',
        b'{"type": "payment_succeeded", "timestamp": "mirjam.keller@example.com", "data": {"id": "1"}}',
        b'{"type": {"email": "mirjam.keller@example.com"}}',
    ],
    ids=["empty", "not JSON", "a list", "nothing but its type", "an address for a time", "an address for a type"],
)
def test_what_cannot_be_understood_is_put_aside_with_the_reason(stack, loop, capsys, body):
    event = captured(b"x")
    event["Records"][0] |= {"body": body.decode()}
    event["Records"][0]["messageAttributes"]["headers"]["stringValue"] = "{}"

    assert failed(loop.capture(event)) == []

    (dead,) = stack.records("InboxDeadLetters")
    assert webhook_of(dead).body == body
    problem = dead["messageAttributes"]["problem"]["stringValue"]
    (line,) = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if one.get("outcome")]
    assert (line["level"], line["outcome"], line["reason"]) == ("WARNING", "unreadable", problem)


def test_what_the_table_cannot_hold_is_put_aside_with_the_reason_and_not_tried_again(stack, loop):
    words = {"Code": "ValidationException", "Message": "Item size has exceeded the maximum allowed size"}
    stack.failures["TransactWriteItems"] = ClientError({"Error": words}, "TransactWriteItems")

    assert failed(loop.capture(captured(payment()))) == []

    (dead,) = stack.records("InboxDeadLetters")
    assert "larger than the table stores" in dead["messageAttributes"]["problem"]["stringValue"]


def test_an_id_that_is_longer_than_a_key_names_nobody_and_fails_nothing(loop):
    assert failed(loop.capture(captured(payment(id="9" * 3000)))) == []
    assert len(loop.invitations()) == 1


def test_when_it_cannot_be_put_aside_it_comes_again(stack, loop):
    stack.failures["SendMessage"] = "ThrottlingException"

    assert failed(loop.capture(captured(b"[]"))) == ["message-1"]


def test_an_unwanted_kind_is_ignored(stack, loop):
    unwanted = sample("webhooks/standard_webhooks/unwanted")

    assert failed(loop.capture(captured(json.dumps(unwanted).encode()))) == []
    assert loop.invitations() == []
    assert stack.items("CUSTOMER") == []


def test_an_unknown_source_waits_until_it_is_configured(loop):
    event = captured(payment())
    event["Records"][0]["messageAttributes"]["source"]["stringValue"] = "gone"

    assert failed(loop.capture(event)) == ["message-1"]


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems", "CreateSchedule"])
def test_when_aws_does_not_answer_the_message_comes_again(stack, loop, operation):
    event = captured(payment())
    loop.capture(captured(payment("another", id="other", email="noor@example.com")))
    stack.failures[operation] = "ThrottlingException"

    assert failed(loop.capture(event)) == ["message-1"]

    stack.failures.clear()
    assert failed(loop.capture(event)) == []
    assert len(stack.schedules()) == 2


class TestAtOnce:
    @pytest.fixture
    def configuration(self, asking_at_once):
        return asking_at_once

    def test_what_is_due_at_once_goes_straight_to_the_send_queue(self, stack, loop):
        invitation = loop.asked()

        (record,) = stack.records("SendQueue")
        assert json.loads(record["body"]) == {"invitation_id": invitation.id, "delivery": 1}
        assert stack.schedules() == []

    def test_a_refund_stops_the_survey_that_waits(self, loop):
        invitation = loop.asked()
        loop.capture(captured(payment("order-20417", kind="refunded")))

        loop.send(due(invitation.id))

        assert loop.invitation(invitation.id).reason == "stopped"
        assert loop.mails() == []

    def test_an_end_that_is_taken_back_has_the_surveys_looked_at_that_it_held_back(self, stack, loop):
        one = loop.asked("order-1")
        loop.capture(captured(payment("sub_1", kind="cancelled")))
        stack.records("SendQueue")

        assert failed(loop.capture(captured(payment("sub_1", kind="cancellation_withdrawn")))) == []

        looked_at = {json.loads(record["body"])["invitation_id"] for record in stack.records("SendQueue")}
        assert one.id in looked_at
