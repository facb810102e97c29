"""compute_nps: on its schedule, from marked days to scores; the sweep of what was lost; the stop before SES does."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.tallies import tally_item
from afterbill.insight.nps import Tally
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind, Visit
from afterbill.outreach.reputation import SendingPause
from afterbill.settings import config
from tests.integration.samples import due, mail_event, now, sample

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    """Five mails that bounce stop all sending."""
    surveys = asking_at_once / "surveys.toml"
    surveys.write_text(surveys.read_text() + "\n[sending]\nmax_bounce_rate = 0.005\n")
    return asking_at_once


@pytest.fixture
def answered(stack, loop):
    """Three customers asked, two answered, and the stream read."""
    track = stack.load("track_changes")
    for number, rating in enumerate(("10", "3", None)):
        invitation = loop.sent(f"order-{number}", id=f"customer-{number}", email=f"person-{number}@example.com")
        if rating:
            assert loop.form(invitation, body=f"rating={rating}", isBase64Encoded=False)["statusCode"] == 200
        image = invitation_item(loop.invitation(invitation.id))
        record = sample("stream/answered")["Records"][0]
        record["dynamodb"] |= {"OldImage": {}, "NewImage": image, "SequenceNumber": str(number)}
        assert track({"Records": [record]}) == {"batchItemFailures": []}


def scores(stack, window="30d#all"):
    found = [item for item in stack.items("SCORE") if item["pk"]["S"] == "SCORE#all" and item["sk"]["S"] == window]
    return [(float(item["score"]["N"]), int(item["n"]["N"])) for item in found]


@pytest.mark.usefixtures("answered")
def test_answers_become_scores(stack, loop):
    loop.compute(EVENT)

    assert scores(stack) == [(0.0, 2)]
    assert scores(stack, "7d#all") == [(0.0, 2)]
    (tally,) = [item for item in stack.items("TALLY") if item["pk"]["S"] == "TALLY#all"]
    assert [int(one["N"]) for one in tally["tallies"]["M"]["all"]["L"]][11:] == [3, 0, 2, 0, 0]


def test_every_question_gets_scores_of_its_own_that_say_how_many_answers_are_unconfirmed(stack, loop):
    invitation = loop.sent()
    answer = Answer(4, reason="service", confirmed=False)
    asked = replace(loop.invitation(invitation.id), segments={**invitation.segments, "question": "csat"}, answer=answer)
    today = now().astimezone(config.time_zone()).date().isoformat()
    image = invitation_item(replace(asked, answered_at=now(), answered_day=today))
    stack.dynamodb.put_item(TableName="afterbill", Item=image)
    record = sample("stream/answered")["Records"][0]
    record["dynamodb"] |= {"OldImage": {}, "NewImage": image}
    stack.load("track_changes")({"Records": [record]})

    loop.compute(EVENT)

    satisfied, why = [
        next(item for item in stack.items("SCORE") if item["pk"]["S"] == f"SCORE#csat:{dimension}")
        for dimension in ("all", "reason")
    ]
    assert (float(satisfied["score"]["N"]), satisfied["unconfirmed"]["N"]) == (100.0, "1")
    assert why["sk"]["S"].endswith("#service")
    assert {item["n"]["N"] for item in stack.items("SCORE") if item["pk"]["S"] == "SCORE#all"} == {"0"}


@pytest.mark.usefixtures("answered")
def test_a_second_run_with_nothing_new_computes_nothing(stack, loop):
    loop.compute(EVENT)
    later(stack)
    loop.compute(EVENT)
    calls = len(stack.calls)
    loop.compute(EVENT)

    operations = [call.operation for call in stack.calls[calls:]]
    assert "BatchWriteItem" not in operations


def later(stack):
    """The marks are old enough to be cleared: indexes have caught up by now."""
    for item in stack.items("DIRTY"):
        stack.dynamodb.update_item(
            TableName="afterbill",
            Key={key: item[key] for key in ("pk", "sk")},
            UpdateExpression="SET marked_at = :then",
            ExpressionAttributeValues={
                ":then": {"S": (now() - timedelta(minutes=1)).isoformat(timespec="microseconds")}
            },
        )


@pytest.mark.usefixtures("answered")
def test_another_run_that_still_works_is_not_disturbed(stack, loop):
    until = (now() + timedelta(minutes=5)).isoformat(timespec="microseconds")
    stack.dynamodb.put_item(
        TableName="afterbill",
        Item={
            "pk": {"S": "LEASE"},
            "sk": {"S": "compute"},
            "holder": {"S": "another run"},
            "held_until": {"S": until},
        },
    )

    loop.compute(EVENT)

    assert scores(stack) == []


def test_what_is_overdue_is_queued_again(stack, loop):
    invitation = loop.asked()
    stack.records("SendQueue")
    put_back(stack, invitation, timedelta(hours=3))

    loop.compute(EVENT)

    (record,) = stack.records("SendQueue")
    assert invitation.id in record["body"]


def put_back(stack, invitation, age):
    """Make it due longer ago."""
    due_at = invitation.due_at - age
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(invitation).items() if key in {"pk", "sk"}},
        UpdateExpression="SET due_at = :due, day_bucket = :bucket",
        ExpressionAttributeValues={
            ":due": {"S": due_at.isoformat()},
            ":bucket": {"S": f"DUE#{due_at:%Y-%m-%dT%H}"},
        },
    )


def test_a_claim_nobody_heard_of_is_called_unknown(stack, loop):
    invitation = loop.asked()
    stack.failures["UpdateItem"] = "ThrottlingException"
    loop.send(due(invitation.id))
    stack.failures.clear()
    claimed = loop.invitation(invitation.id)
    assert claimed.state == "sending"
    long_ago = (now() - timedelta(hours=2)).isoformat()
    put_back(stack, claimed, timedelta(hours=2))
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(invitation).items() if key in {"pk", "sk"}},
        UpdateExpression="SET claimed_at = :then",
        ExpressionAttributeValues={":then": {"S": long_ago}},
    )

    loop.compute(EVENT)

    assert loop.invitation(invitation.id).state == "unknown"


@pytest.mark.usefixtures("answered")
def test_a_sweep_that_fails_is_told_and_does_not_stop_the_scores(stack, loop):
    put_back(stack, loop.asked("order-late"), timedelta(hours=3))
    stack.sqs.delete_queue(QueueUrl=stack.environment("compute_nps")["SEND_QUEUE_URL"])

    with pytest.raises(ClientError):
        loop.compute(EVENT)

    assert scores(stack) == [(0.0, 2)]


@pytest.fixture
def bouncing(stack, loop):
    """Five mails in a row come back."""
    track = stack.load("track_changes")
    for number in range(5):
        address = f"gone-{number}@example.com"
        invitation = loop.sent(f"order-{number}", id=f"customer-{number}", email=address)
        loop.mail(mail_event("bounce_permanent", invitation.id, address))
        record = sample("stream/answered")["Records"][0]
        image = invitation_item(loop.invitation(invitation.id))
        record["dynamodb"] |= {"OldImage": {}, "NewImage": image, "SequenceNumber": str(number)}
        assert track({"Records": [record]}) == {"batchItemFailures": []}


def switch(stack):
    return SendingSwitchTable(stack.dynamodb, "afterbill")


@pytest.mark.usefixtures("bouncing")
def test_bounces_stop_all_sending_until_somebody_resumes(stack, loop, capsys):
    loop.compute(EVENT)
    log = capsys.readouterr().out

    halt = switch(stack).state()
    assert halt.reason == (
        "5 of 5 mails bounced (100.00 %, the limit is 0.50 %): 5 of 5 about payment_succeeded of source events"
    )
    assert [line["reason"] for line in lines(log) if line.get("level") == "ERROR"] == [halt.reason]
    assert counted(log, "SendingHalted") == [1]

    waiting = loop.asked("order-waits", id="waits", email="waits@example.com")
    stack.load("send_survey")(due(waiting.id))  # afresh: what it knows of the switch may be a minute old
    assert loop.invitation(waiting.id).state == "pending"

    switch(stack).resume(now().astimezone(config.time_zone()).date())
    loop.compute(EVENT)
    assert switch(stack).state().reason == ""


@pytest.mark.usefixtures("bouncing")
def test_a_stop_is_told_in_every_run_and_logged_as_an_error_once(loop, capsys):
    loop.compute(EVENT)
    capsys.readouterr()
    loop.compute(EVENT)
    log = capsys.readouterr().out

    assert counted(log, "SendingHalted") == [1]
    assert not [line for line in lines(log) if line.get("level") == "ERROR"]


def test_what_is_over_a_limit_but_too_little_to_stop_is_logged_and_counted(stack, loop, capsys):
    for dimension, value in (("channel", "mail"), ("mail_origin", "events/signed_up")):
        item = tally_item(dimension, now().date(), {value: Tally(sent=60, complained=3)})
        stack.dynamodb.put_item(TableName="afterbill", Item=item)

    loop.compute(EVENT)
    log = capsys.readouterr().out

    assert switch(stack).state() == SendingPause()
    assert counted(log, "SendingAtRisk") == [1]
    (warning,) = [line["reason"] for line in lines(log) if line.get("level") == "WARNING"]
    assert warning.startswith("3 of 60 mails were called spam (5.00 %, the limit is 0.08 %): 3 of 60 about signed_up")


def test_while_sending_is_stopped_by_hand_nothing_is_queued_again(stack, loop):
    invitation = loop.asked()
    stack.records("SendQueue")
    put_back(stack, invitation, timedelta(hours=3))
    switch(stack).stop(SendingPause("wrong prices", now()))

    loop.compute(EVENT)

    assert stack.records("SendQueue") == []


def test_rates_are_watched_even_when_scores_cannot_be_computed(stack, loop):
    loop.compute(EVENT)
    stack.dynamodb.put_item(
        TableName="afterbill",
        Item=tally_item("channel", now().date(), {"mail": Tally(sent=10, bounced=9)}),
    )
    stack.failures["PutItem"] = "ThrottlingException"

    with pytest.raises(TransientError):
        loop.compute(EVENT)

    assert switch(stack).state().reason.startswith("9 of 10 mails bounced")


def test_of_several_errors_the_first_is_raised_and_each_is_logged_with_its_step(stack, loop, capsys):
    stack.failures["PutItem"] = "ThrottlingException"

    with pytest.raises(TransientError, match="the sweep's mark"):
        loop.compute(EVENT)

    errors = [line for line in lines(capsys.readouterr().out) if line.get("level") == "ERROR"]
    assert [line["step"] for line in errors] == ["sweep", "compute"]


def lines(log):
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def counted(log, metric):
    return [value for line in lines(log) for value in line.get(metric, ())]


@pytest.fixture
def tapped(stack, loop):
    """A mail whose 9 was tapped an hour ago, and a mail whose links a machine opened."""
    ids = []
    for name, kinds in {"person": ("opened", "seen"), "machine": ("hidden", "opened", "seen")}.items():
        invitation = loop.sent(f"order-{name}", id=name, email=f"{name}@example.com")
        responses = ResponsesTable(stack.dynamodb, "afterbill")
        for kind in kinds:
            rating = None if kind == "hidden" else 9
            responses.visit(invitation.id, Visit(now() - timedelta(hours=1), Kind(kind), rating, name[:8], "safari"))
        ReviewsTable(stack.dynamodb, "afterbill").mark_for_review(invitation.id, now() - timedelta(hours=1))
        ids.append(invitation.id)
    return ids


def test_taps_are_judged_before_answers_are_counted(stack, loop, tapped, capsys):
    loop.compute(EVENT)
    log = capsys.readouterr().out

    person, machine = map(loop.invitation, tapped)
    assert (person.answer, person.label) == (Answer(9, confirmed=False), "")
    assert (machine.answer, machine.label) == (None, "hidden_link")
    assert stack.items("REVIEW") == []
    assert (counted(log, "AnswersSettled"), counted(log, "AnswersLabelled")) == ([1], [1])
    (line,) = [line for line in lines(log) if line.get("message") == "taps judged"]
    assert (line["answers"], line["labelled"], line["waiting"]) == (1, {"hidden_link": 1}, 0)
