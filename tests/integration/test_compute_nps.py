"""compute_nps: on its schedule, from marked days to scores; and the sweep of what was lost."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.items import invitation_item
from tests.integration.samples import due, now, sample

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@pytest.fixture
def answered(stack, loop):
    """Three customers asked, two answered, and the stream read."""
    track = stack.load("track_changes")
    for number, rating in enumerate(("10", "3", None)):
        one = loop.sent(f"order-{number}", id=f"customer-{number}", email=f"person-{number}@example.com")
        if rating:
            assert loop.form(one, body=f"rating={rating}", isBase64Encoded=False)["statusCode"] == 200
        image = invitation_item(loop.invitation(one.id))
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
    assert [int(one["N"]) for one in tally["tallies"]["M"]["all"]["L"]][-3:] == [3, 0, 2]


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
    one = loop.asked()
    stack.records("SendQueue")
    put_back(stack, one, timedelta(hours=3))

    loop.compute(EVENT)

    (record,) = stack.records("SendQueue")
    assert one.id in record["body"]


def put_back(stack, one, age):
    """As if it had been due longer ago."""
    due_at = one.due_at - age
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(one).items() if key in {"pk", "sk"}},
        UpdateExpression="SET due_at = :due, day_bucket = :bucket",
        ExpressionAttributeValues={
            ":due": {"S": due_at.isoformat()},
            ":bucket": {"S": f"DUE#{due_at:%Y-%m-%dT%H}"},
        },
    )


def test_a_claim_nobody_heard_of_is_called_unknown(stack, loop):
    one = loop.asked()
    stack.failures["UpdateItem"] = "ThrottlingException"
    loop.send(due(one.id))
    stack.failures.clear()
    claimed = loop.invitation(one.id)
    assert claimed.state == "sending"
    long_ago = (now() - timedelta(hours=2)).isoformat()
    put_back(stack, claimed, timedelta(hours=2))
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(one).items() if key in {"pk", "sk"}},
        UpdateExpression="SET claimed_at = :then",
        ExpressionAttributeValues={":then": {"S": long_ago}},
    )

    loop.compute(EVENT)

    assert loop.invitation(one.id).state == "unknown"


@pytest.mark.usefixtures("answered")
def test_a_sweep_that_fails_is_told_and_does_not_stop_the_scores(stack, loop):
    put_back(stack, loop.asked("order-late"), timedelta(hours=3))
    stack.sqs.delete_queue(QueueUrl=stack.environment("compute_nps")["SEND_QUEUE_URL"])

    with pytest.raises(ClientError):
        loop.compute(EVENT)

    assert scores(stack) == [(0.0, 2)]
