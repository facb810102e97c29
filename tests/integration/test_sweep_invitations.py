"""sweep_invitations: on its schedule, what was lost is found and queued again."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import day_attributes, encode, invitation_item, utc_day
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.model.privacy import Erasure
from afterbill.outreach.reputation import SendingPause
from tests.integration.logs import counted, lines
from tests.integration.samples import due, now, sample
from tests.integration.stack import Context

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def test_what_is_overdue_is_queued_again(stack, loop):
    invitation = loop.asked()
    stack.records("SendQueue")
    put_back(stack, invitation, timedelta(hours=3))

    loop.sweep(EVENT)

    (record,) = stack.records("SendQueue")
    assert invitation.id in record["body"]


def put_back(stack, invitation, age):
    """Make it due longer ago."""
    due_at = invitation.due_at - age
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(invitation).items() if key in {"pk", "sk"}},
        UpdateExpression="SET due_at = :due, day_bucket = :day_bucket, day_at = :day_at",
        ExpressionAttributeValues=encode(
            {":due": due_at.isoformat()}
            | {f":{name}": value for name, value in day_attributes(due_at, utc_day(due_at)).items()}
        ),
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

    loop.sweep(EVENT)

    assert loop.invitation(invitation.id).state == "unknown"


def test_on_a_restored_table_nothing_is_queued_again(stack, loop):
    invitation = loop.asked()
    stack.records("SendQueue")
    put_back(stack, invitation, timedelta(hours=3))
    LedgerTable(stack.dynamodb, "ledger", "afterbill").note_erasure(Erasure("r1", now(), frozenset(), frozenset()))
    stack.dynamodb.delete_item(TableName="afterbill", Key=keys.reconciled())

    loop.sweep(EVENT)

    assert stack.records("SendQueue") == []


def test_while_sending_is_stopped_by_hand_nothing_is_queued_again(stack, loop):
    invitation = loop.asked()
    stack.records("SendQueue")
    put_back(stack, invitation, timedelta(hours=3))
    SendingSwitchTable(stack.dynamodb, "afterbill").stop(SendingPause("wrong prices", now()))

    loop.sweep(EVENT)

    assert stack.records("SendQueue") == []


def test_a_sweep_tells_what_it_found_and_that_it_came_to_its_end(stack, loop, capsys):
    put_back(stack, loop.asked(), timedelta(hours=3))
    capsys.readouterr()

    loop.sweep({})
    log = capsys.readouterr().out

    assert (counted(log, "OverdueInvitations"), counted(log, "SweepFinished")) == ([1], [1])


def test_a_sweep_that_fails_is_told(stack, loop, capsys):
    put_back(stack, loop.asked("order-late"), timedelta(hours=3))
    stack.sqs.delete_queue(QueueUrl=stack.environment("sweep_invitations")["SEND_QUEUE_URL"])

    with pytest.raises(ClientError):
        loop.sweep(EVENT)

    assert counted(capsys.readouterr().out, "SweepFinished") == []


def test_one_that_cannot_be_read_is_counted_and_the_next_is_queued(stack, loop, capsys):
    strange, late = loop.asked("order-strange", id="1"), loop.asked("order-late", id="2")
    for invitation in (strange, late):
        put_back(stack, invitation, timedelta(hours=3))
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={key: value for key, value in invitation_item(strange).items() if key in {"pk", "sk"}},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "of a later version"}},
    )
    stack.records("SendQueue")
    capsys.readouterr()

    loop.sweep(EVENT)

    (record,) = stack.records("SendQueue")
    assert late.id in record["body"]
    log = capsys.readouterr().out
    assert counted(log, "UnreadableItems") == [1]
    assert [line["detail"] for line in lines(log) if line.get("message") == "item unreadable"] == [
        f"INVITATION#{strange.id} INVITATION: unknown State"
    ]


def test_a_progress_that_cannot_be_read_is_named_and_what_is_overdue_queued(stack, loop, capsys):
    put_back(stack, loop.asked(), timedelta(days=20))
    stack.records("SendQueue")
    stack.dynamodb.put_item(TableName="afterbill", Item=keys.sweep() | {"since": {"S": "odd"}})
    capsys.readouterr()

    loop.sweep(EVENT)
    log = capsys.readouterr().out

    assert len(stack.records("SendQueue")) == 1
    assert (counted(log, "UnreadableItems"), counted(log, "SweepFinished")) == ([1], [1])


def test_a_sweep_without_time_ends_after_a_hundred_and_is_finished(stack, loop, capsys):
    put_back(stack, loop.asked(), timedelta(hours=3))
    capsys.readouterr()

    stack.load("sweep_invitations")(EVENT, Hurried())

    assert counted(capsys.readouterr().out, "SweepFinished") == [1]


class Hurried(Context):
    """An invocation that is cut off in a moment."""

    def get_remaining_time_in_millis(self):
        return 1_000
