"""apply_retention: on its schedule, old words and visits go; what is there too long is counted."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.retention import RetentionTable
from tests.integration.logs import counted, lines
from tests.integration.samples import now, sample

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def put(stack, key, **attributes):
    stack.dynamodb.put_item(TableName="afterbill", Item=key | encode(attributes))


def test_old_words_go_and_the_rating_stays(stack, loop, capsys):
    invitation = loop.sent()
    loop.form(invitation, body="rating=3&comment=Too+dear", isBase64Encoded=False)
    long_ago = (now() - timedelta(days=500)).isoformat()
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key=keys.invitation(invitation.id),
        UpdateExpression="SET answered_at = :ago, answer_until = :over",
        ExpressionAttributeValues=encode({":ago": long_ago, ":over": 1}),
    )
    capsys.readouterr()

    loop.retain(EVENT)

    answer = loop.invitation(invitation.id).answer
    log = capsys.readouterr().out
    assert (answer.rating, answer.comment) == (3, "")
    (line,) = [line for line in lines(log) if line.get("message") == "retention applied"]
    assert (line["changed"], line["finished"]) == ({"responses": 1}, True)
    assert counted(log, "RetentionOverdue") == []


def test_what_is_still_there_long_after_its_end_is_counted(stack, loop, capsys):
    put(stack, keys.code("abcdefghij"), expires_at=int((now() - timedelta(days=10)).timestamp()))
    put(stack, keys.invitation("f" * 32))

    for _ in range(2):
        loop.retain(EVENT)

    log = capsys.readouterr().out
    assert counted(log, "RetentionOverdue") == [1, 1]
    assert 1 in counted(log, "UnreadableItems")


def test_a_pass_begins_when_an_operator_says_so(stack, loop):
    table = RetentionTable(stack.dynamodb, "afterbill")
    begun = []
    for event in (EVENT, EVENT, {"begin": True}):
        loop.retain(event)
        begun.append(table.retention_progress().begun_at)

    assert begun[0] == begun[1] < begun[2]
