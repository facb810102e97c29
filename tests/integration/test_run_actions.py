"""run_actions and sweep_actions: an answer reaches another system, and so does what its message was lost of."""

import json
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.model.invitation import Answer
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.exchange import Reply
from afterbill_actions.outbox import EntryState
from afterbill_actions.version import version_of
from afterbill_actions.wake import Drain, Settle, text_of, wake_in
from tests.integration.logs import counted
from tests.integration.samples import now, sample
from tests.integration.stack import Context

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACTIONS = """\
[connections.crm]
connector = "webhooks"
url = "https://crm.example/hooks"
[workflows.all]
[[workflows.all.do]]
connection = "crm"
action = "post"
"""
EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    (asking_at_once / "actions.toml").write_text(ACTIONS)
    return asking_at_once


class Long(Context):
    remaining = 120_000


@pytest.fixture
def crm(stack):
    """What the other system was sent, and what it answers, in turn; then 200."""
    sent, replies = [], []

    def receive(_self, request):
        sent.append(json.loads(request.body))
        return replies.pop(0) if replies else Reply(200, b"{}", {"content-type": "application/json"})

    stack.patch.setattr("afterbill_actions.adapters.http.HttpExchange.__call__", receive)
    stack.write_secret("ConnectionsSecret", {"crm": {"secret": SECRET}})
    return sent, replies


@pytest.fixture
def answered(stack, loop):
    """A low answer that was published, by its message; its customer is known."""
    invitation = loop.sent("order-low", id="low", email="low@example.com")
    moment = now() - timedelta(minutes=1)
    table = (stack.dynamodb, "afterbill")
    WorkflowsTable(*table).seen(["all"], moment - timedelta(minutes=1))
    ResponsesTable(*table).record(invitation.id, Answer(2, "Too dear."), moment, "2026-11-22")
    version = version_of(loop.invitation(invitation.id).answer)
    EffectsTable(*table).mark_published(invitation.id, version, moment, moment + timedelta(days=700))
    return Settle(invitation.id, version, moment)


def run(stack, *wakes):
    handler = stack.load("run_actions")
    for wake in wakes:
        record = {"messageId": "1", "eventSource": "aws:sqs", "body": text_of(wake)}
        assert handler({"Records": [record]}, Long()) == {"batchItemFailures": []}


def entries(stack):
    return OutboxTable(stack.dynamodb, "afterbill").entries("crm", "", 9)


def waking(stack):
    return [wake_in(record["body"]) for record in stack.records("ActionsQueue")]


def test_an_answer_is_put_into_the_outbox_and_then_written(stack, answered, crm):
    run(stack, answered)

    assert [entry.state for entry in entries(stack)] == [EntryState.OPEN]
    assert waking(stack) == [Drain("crm")]
    run(stack, Drain("crm"))

    ((body,), _) = crm
    assert (body["data"]["rating"], body["data"]["commented"]) == (2, True)
    assert [entry.state for entry in entries(stack)] == [EntryState.DONE]


def test_a_repeated_message_writes_nothing_again(stack, answered, crm):
    run(stack, answered, Drain("crm"), answered, Drain("crm"))

    assert len(crm[0]) == 1


def test_a_refusal_of_credentials_is_counted_once(stack, answered, crm, capsys):
    crm[1].append(Reply(401))
    run(stack, answered, Drain("crm"), Drain("crm"))

    assert counted(capsys.readouterr().out, "ConnectionDenied") == [1]
    assert ConnectionsTable(stack.dynamodb, "afterbill").state("crm").denied


def test_what_will_never_be_taken_is_parked_and_left_to_a_person(stack, answered, crm, capsys):
    crm[1].append(Reply(400))
    run(stack, answered, Drain("crm"))

    assert counted(capsys.readouterr().out, "ActionsParked") == [1]
    (task,) = stack.items("TASK")
    assert task["details"]["M"]["connection"] == {"S": "crm"}


def test_the_sweep_wakes_a_connection_whose_message_was_lost(stack, answered, capsys):
    run(stack, answered)
    stack.records("ActionsQueue")

    stack.load("sweep_actions")(EVENT, Long())

    assert waking(stack) == [Drain("crm")]
    assert counted(capsys.readouterr().out, "ActionsSweepFinished") == [1]


def test_the_sweep_lets_new_workflows_fire_from_its_first_run_on(stack):
    stack.load("sweep_actions")(EVENT, Long())

    since = WorkflowsTable(stack.dynamodb, "afterbill").seen(["all"], now() + timedelta(days=1))
    assert since["all"] <= now()
