"""send_survey: messages of the send queue in, at most one mail each out."""

import json
import re
from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.model import links
from afterbill.model.links import Purpose
from afterbill.outreach.quota_gate import closed
from tests.integration.samples import KEYS, captured, due, mail_event, now, payment
from tests.integration.stack import SENDER

ADDRESS = "mirjam.keller@example.com"


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_due_survey_goes_out_and_is_marked(stack, loop):
    invitation = loop.asked()

    assert failed(loop.send({"Records": stack.records("SendQueue")})) == []

    sent = loop.invitation(invitation.id)
    assert (sent.state, sent.delivery) == ("sent", 1)
    assert sent.message_id
    (mail,) = loop.mails()
    assert mail["Destination"] == {"ToAddresses": [ADDRESS]}
    assert mail["FromEmailAddress"].endswith(f"<{SENDER}>")
    assert mail["ConfigurationSetName"] == "afterbill"
    assert mail["EmailTags"] == [{"Name": "invitation", "Value": invitation.id}]


def test_the_mail_speaks_the_customers_language_and_its_links_are_ours(loop):
    invitation = loop.sent()

    content = loop.mails()[0]["Content"]["Simple"]
    html = content["Body"]["Html"]["Data"]
    assert 'lang="de"' in html
    answers = re.findall(r'href="https://nps\.example\.com/s/([^"?]+)\?rating=(\d+)"', html)
    assert sorted(int(rating) for _, rating in answers) == list(range(11))
    (token,) = {token for token, _ in answers}
    assert links.read(token, Purpose.SURVEY, KEYS).invitation_id == invitation.id


def test_the_mail_can_be_unsubscribed_from_by_one_click(loop):
    invitation = loop.sent()

    headers = {header["Name"]: header["Value"] for header in loop.mails()[0]["Content"]["Simple"]["Headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = re.fullmatch(r"<https://nps\.example\.com/u/(.+)>", headers["List-Unsubscribe"])[1]
    assert links.read(token, Purpose.UNSUBSCRIBE, KEYS).invitation_id == invitation.id


def test_a_message_delivered_twice_sends_one_mail(loop):
    invitation = loop.sent()

    assert failed(loop.send(due(invitation.id))) == []

    assert len(loop.mails()) == 1


def test_an_unknown_invitation_is_no_error(loop):
    assert failed(loop.send(due("0" * 32))) == []
    assert loop.mails() == []


def test_a_poison_message_fails_alone(loop):
    invitation = loop.asked()
    (good,) = due(invitation.id)["Records"]
    bad = good | {"messageId": "poison", "body": "mirjam.keller@example.com"}

    assert failed(loop.send({"Records": [bad, good]})) == ["poison"]
    assert loop.invitation(invitation.id).state == "sent"


@pytest.mark.parametrize(
    ("code", "wait"), [("TooManyRequestsException", 60), ("SendingPausedException", 900)], ids=["throttled", "paused"]
)
def test_a_refused_mail_waits_in_the_queue_and_nobody_was_asked(stack, loop, code, wait):
    invitation = loop.asked()
    stack.records("SendQueue")
    stack.failures["SendEmail"] = code

    assert failed(loop.send(due(invitation.id))) == []

    assert loop.invitation(invitation.id).state == "pending"
    assert "last_asked_at" not in stack.items("CUSTOMER")[0]
    (again,) = [call.params for call in stack.calls if call.caller == "send_survey" and call.operation == "SendMessage"]
    assert again["DelaySeconds"] == wait
    assert json.loads(again["MessageBody"]) == {"invitation_id": invitation.id, "delivery": 1}


def test_a_rejected_mail_is_closed(stack, loop):
    invitation = loop.asked()
    stack.failures["SendEmail"] = "MessageRejected"

    assert failed(loop.send(due(invitation.id))) == []
    assert loop.invitation(invitation.id).reason == "rejected"


def test_silence_is_unknown_and_nobody_sends_it_again(stack, loop):
    invitation = loop.asked()
    stack.failures["SendEmail"] = ReadTimeoutError(endpoint_url="https://email.example")
    loop.send(due(invitation.id))
    stack.failures.clear()

    assert loop.invitation(invitation.id).state == "unknown"
    loop.send(due(invitation.id))
    assert len(loop.mails()) == 1


def test_a_message_that_tells_of_a_refusal_has_the_survey_sent_after_all(stack, loop):
    invitation = loop.asked()
    stack.failures["SendEmail"] = ReadTimeoutError(endpoint_url="https://email.example")
    loop.send(due(invitation.id))
    stack.failures.clear()
    (record,) = due(invitation.id)["Records"]
    refused = {"refused": {"claim": loop.invitation(invitation.id).claim_name}}

    assert failed(loop.send({"Records": [record | {"body": json.dumps(json.loads(record["body"]) | refused)}]})) == []

    assert loop.invitation(invitation.id).state == "sent"


def test_the_send_event_settles_an_unknown(stack, loop):
    invitation = loop.asked()
    stack.failures["SendEmail"] = ReadTimeoutError(endpoint_url="https://email.example")
    loop.send(due(invitation.id))
    stack.failures.clear()

    loop.mail(mail_event("send", invitation.id, ADDRESS))

    assert loop.invitation(invitation.id).state == "sent"


def test_what_bounced_meanwhile_is_not_sent(stack, loop):
    first = loop.sent("order-1")
    second = loop.asked("order-2")
    loop.mail(mail_event("bounce_permanent", first.id, ADDRESS))

    loop.send(due(second.id))

    assert loop.invitation(second.id).state == "closed"
    assert len(loop.mails()) == 1
    assert stack.suppressions() == ["bounced"]


def test_two_customers_with_one_address_are_asked_once(loop):
    """They stay two: each keeps what its own source says, and shares nothing but the cooldown."""
    first = loop.asked("order-1", id="one", email="mirjam@example.com", name="Mirjam")
    second = loop.asked("order-2", id="two", email="Mirjam@Example.com", name="M. Keller")

    loop.send({"Records": [record for one in (first, second) for record in due(one.id)["Records"]]})

    assert len(loop.mails()) == 1
    assert first.customer_id != second.customer_id
    assert (loop.invitation(first.id).state, loop.invitation(second.id).reason) == ("sent", "cooldown")


def test_who_objected_as_another_customer_is_not_asked(loop):
    first = loop.sent("order-1", id="one", email="mirjam@example.com")
    second = loop.asked("order-2", id="two", email="other@example.com")
    loop.capture(captured(payment("order-3", id="two", email="mirjam@example.com")))
    loop.mail(mail_event("complaint", first.id, "mirjam@example.com"))

    loop.send(due(second.id))

    assert loop.invitation(second.id).reason == "suppressed"


def test_an_announced_end_holds_a_survey_back_until_it_is_taken_back(loop, configuration):
    with (configuration / "surveys.toml").open("a", encoding="utf-8") as surveys:
        surveys.write('[touchpoints.cancelled]\nask = false\nstops = "subscription"\n')
    one = loop.asked("order-1")
    loop.capture(captured(payment("sub_1", kind="cancelled")))
    loop.send(due(one.id))
    assert (loop.invitation(one.id).state, loop.invitation(one.id).held) == ("pending", True)

    loop.capture(captured(payment("sub_1", kind="cancellation_withdrawn")))
    loop.send(due(one.id))

    assert loop.invitation(one.id).state == "sent"
    assert len(loop.mails()) == 1


def test_within_the_cooldown_nobody_is_asked_again(loop):
    loop.sent("order-1")
    loop.capture(captured(payment("order-2")))

    assert sorted(one.reason for one in loop.invitations()) == ["", "cooldown"]


@pytest.mark.parametrize("operation", ["GetItem", "BatchGetItem", "TransactWriteItems"])
def test_before_the_mail_a_failure_brings_the_message_again(stack, loop, operation):
    invitation = loop.asked()
    loop.send(due("0" * 32))
    stack.failures[operation] = "ThrottlingException"

    assert failed(loop.send(due(invitation.id))) != []
    assert loop.mails() == []

    stack.failures.clear()
    assert failed(loop.send(due(invitation.id))) == []
    assert len(loop.mails()) == 1


def test_a_mark_that_fails_does_not_send_twice(stack, loop):
    invitation = loop.asked()
    loop.send(due("0" * 32))
    stack.failures["UpdateItem"] = "ThrottlingException"

    assert failed(loop.send(due(invitation.id))) != []
    stack.failures.clear()
    assert failed(loop.send(due(invitation.id))) == []

    assert len(loop.mails()) == 1
    assert loop.invitation(invitation.id).state == "sending"


def test_the_link_of_the_mail_lives_as_long_as_its_answer(loop):
    invitation = loop.sent()

    html = loop.mails()[0]["Content"]["Simple"]["Body"]["Html"]["Data"]
    token = re.search(r"/s/([^\"?]+)", html)[1]
    expires_at = links.read(token, Purpose.SURVEY, KEYS).expires_at
    assert abs(expires_at - invitation.answer_until) < timedelta(seconds=2)


def test_a_customer_who_changes_while_the_survey_is_claimed_is_looked_at_again(stack, loop):
    invitation = loop.asked()
    _ = loop.send
    stack.meanwhile["TransactWriteItems"] = lambda: loop.capture(captured(payment("order-2", name="Mirjam K.")))

    assert failed(loop.send(due(invitation.id))) != []
    assert loop.mails() == []

    assert failed(loop.send(due(invitation.id))) == []
    assert len(loop.mails()) == 1


def closed_gate(stack):
    gate = closed(None, now())
    GatesTable(stack.dynamodb, "afterbill").close_gate("mail", gate)
    return gate


def test_while_the_quota_of_a_day_is_used_up_a_survey_gets_one_schedule_and_no_call_to_ses(stack, loop, capsys):
    invitation = loop.asked()
    gate = closed_gate(stack)
    stack.calls.clear()

    assert failed(loop.send(due(invitation.id))) == []

    waiting = loop.invitation(invitation.id)
    assert (waiting.state, waiting.deferrals[-1].reason) == ("pending", "service_quota")
    assert waiting.ready_at >= gate.until
    operations = [call.operation for call in stack.calls if call.caller == "send_survey"]
    assert [name for name in operations if name in {"CreateSchedule", "SendEmail"}] == ["CreateSchedule"]
    assert '"SendingQuotaUsedUp":[1' in capsys.readouterr().out.replace(" ", "")


def test_unknown_deliveries_are_counted_by_reason(stack, loop, capsys):
    invitation = loop.asked()
    stack.failures["SendEmail"] = ReadTimeoutError(endpoint_url="https://email.example")

    loop.send(due(invitation.id))

    assert '"reason":"ReadTimeoutError"' in capsys.readouterr().out.replace(" ", "")


def test_one_survey_takes_at_most_seven_calls(stack, loop):
    invitation = loop.asked()
    stack.calls.clear()

    loop.send(due(invitation.id))

    asked = [call.operation for call in stack.calls if call.caller == "send_survey"]
    assert len([name for name in asked if name != "GetSecretValue"]) <= 7
