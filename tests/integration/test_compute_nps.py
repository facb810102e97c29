"""compute_nps: on its schedule, from marked days to scores."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Answer
from afterbill.settings import config
from tests.integration.logs import counted, lines
from tests.integration.samples import now, sample
from tests.integration.stack import Context

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
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
    assert [int(one["N"]) for one in tally["tallies"]["M"]["all"]["L"]][11:] == [3, 2, 0, 0]


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
def test_another_run_that_still_works_is_not_disturbed_and_nothing_is_finished(stack, loop, capsys):
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

    capsys.readouterr()

    loop.compute(EVENT)

    assert scores(stack) == []
    assert counted(capsys.readouterr().out, "CountFinished") == []


def test_an_event_without_anything_counts_too_and_the_end_is_told(stack, loop, capsys):
    loop.compute({})

    assert counted(capsys.readouterr().out, "CountFinished") == [1]
    assert [item["n"]["N"] for item in stack.items("SCORE")] == ["0"] * 5


@pytest.mark.usefixtures("answered")
def test_an_item_that_cannot_be_read_is_named_counted_and_passed_over(stack, loop, capsys):
    wrong = {"answered_day": {"S": now().astimezone(config.time_zone()).date().isoformat()}, "rating": {"N": "11"}}
    item = {"pk": {"S": "INVITATION#odd"}, "sk": {"S": "INVITATION"}, "answered_at": {"S": "2026"}, **wrong}
    stack.dynamodb.put_item(TableName="afterbill", Item=item)
    capsys.readouterr()

    loop.compute(EVENT)
    log = capsys.readouterr().out

    assert scores(stack) == [(0.0, 2)]
    assert counted(log, "UnreadableItems") == [1]
    (line,) = [line for line in lines(log) if line.get("message") == "item unreadable"]
    assert line["detail"].startswith("INVITATION#odd INVITATION: RatingError a rating is a whole number")


@pytest.mark.usefixtures("answered")
def test_a_tally_that_cannot_be_read_is_named_and_made_good(stack, loop, capsys):
    loop.compute(EVENT)
    later(stack)
    loop.compute(EVENT)
    day = now().astimezone(config.time_zone()).date()
    for item in (keys.tally("plan", day), keys.computed() | {"computed_on": {"S": "2026-01-01"}}):
        stack.dynamodb.put_item(TableName="afterbill", Item=item)
    capsys.readouterr()

    loop.compute(EVENT)
    log = capsys.readouterr().out

    told = [line["detail"] for line in lines(log) if line.get("message") == "item unreadable"]
    assert told == [f"TALLY#plan {day}: no tallies"]
    assert (counted(log, "UnreadableItems"), counted(log, "CountFinished")) == ([1], [1])
    assert [item["sk"]["S"] for item in stack.items("DIRTY")] == [day.isoformat()]
    loop.compute(EVENT)
    assert counted(capsys.readouterr().out, "UnreadableItems") == []


@pytest.mark.usefixtures("answered")
def test_a_score_that_cannot_be_read_is_named_and_the_run_finished(stack, loop, capsys):
    loop.compute(EVENT)
    later(stack)
    loop.compute(EVENT)
    stack.dynamodb.put_item(TableName="afterbill", Item=keys.score("all", "30d", "odd"))
    capsys.readouterr()

    loop.compute(EVENT)
    log = capsys.readouterr().out

    assert counted(log, "CountFinished") == [1]
    assert [line["detail"] for line in lines(log) if line.get("message") == "item unreadable"] == [
        "SCORE#all 30d#odd: no computed_at"
    ]


@pytest.mark.usefixtures("answered")
def test_a_day_that_cannot_be_read_fails_the_run_at_its_end(stack, loop, capsys):
    stack.failures["BatchWriteItem"] = "ThrottlingException"

    with pytest.raises(TransientError):
        loop.compute(EVENT)

    assert counted(capsys.readouterr().out, "CountFinished") == []


@pytest.mark.usefixtures("answered")
def test_a_run_that_is_short_of_time_ends_and_the_next_goes_on(stack, loop, capsys):
    class Late(Context):
        remaining = 25_000

    loop.compute(EVENT, Late())
    assert scores(stack) == []
    assert counted(capsys.readouterr().out, "CountFinished") == [1]

    loop.compute(EVENT)
    assert scores(stack) == [(0.0, 2)]
