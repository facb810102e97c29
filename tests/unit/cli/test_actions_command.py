"""`afterbill actions`: list, retry, drop, over the table."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import AfterbillError
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.operate import drop, retry
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_cli import actions
from afterbill_cli.output import Output
from tests.contract.people import NOW

ALL = frozenset(EntryState)
PARKED = frozenset({EntryState.PARKED})


def entry(seconds=0, **changes):
    at = NOW + timedelta(seconds=seconds)
    place = place_of(at, "event-1", "silent/team.message")
    return replace(Entry("team", place, "silent/team.message", Operation.TELL, at, content={"text": "t"}), **changes)


@pytest.fixture
def town(stack):
    """A stack with an open entry and a parked one."""
    url = stack.client("sqs").create_queue(QueueName="actions")["QueueUrl"]
    stack.outputs["ActionsQueueUrl"] = url
    parked = entry(1, state=EntryState.PARKED, reason="no such channel", ended_at=NOW, attempts=1)
    outbox(stack).put([entry(), parked])
    return stack


def outbox(stack):
    return OutboxTable(stack.client("dynamodb"), stack.output("TableName"))


def test_the_newest_of_a_connection_come_first_with_their_reasons(town, capsys):
    assert actions.show(town, "team", ALL, Output.TABLE) == 0

    told = capsys.readouterr().out
    assert told.startswith("team: in order\n  parked     tell silent/team.message of no response: no such channel")
    assert told.index("parked") < told.index("open")


def test_only_what_is_parked_is_shown_where_that_is_asked_for(town, capsys):
    actions.show(town, "team", PARKED, Output.JSON)

    (told,) = json.loads(capsys.readouterr().out)
    assert (told["state"], told["reason"], told["attempts"]) == ("parked", "no such channel", 1)


def test_a_connection_that_is_refused_says_what_to_do(town, capsys):
    connections = ConnectionsTable(town.client("dynamodb"), town.output("TableName"))
    state = connections.take("team", "me", NOW, NOW + timedelta(minutes=1))
    connections.release("me", replace(state, denied="token revoked"))

    actions.show(town, "team", PARKED, Output.TABLE)

    assert "team: refused: token revoked; afterbill connect team" in capsys.readouterr().out


def test_what_is_parked_is_tried_again(town, capsys):
    place = entry(1).place

    assert actions.act(town, retry, "retry", ("team", place), "it is there now") == 0

    assert outbox(town).entry("team", place).state is EntryState.OPEN
    assert "tried again" in capsys.readouterr().out


def test_what_is_dropped_keeps_no_text(town):
    actions.act(town, drop, "drop", ("team", entry().place), "not wanted")

    dropped = outbox(town).entry("team", entry().place)
    assert (dropped.state, dropped.content) == (EntryState.DROPPED, {})


def test_what_is_over_cannot_be_dropped(town):
    actions.act(town, drop, "drop", ("team", entry().place), "not wanted")

    with pytest.raises(AfterbillError, match="it is dropped"):
        actions.act(town, drop, "drop", ("team", entry().place), "again")


def test_a_place_that_nobody_knows_is_told(town):
    with pytest.raises(AfterbillError, match="no action at nowhere"):
        actions.act(town, drop, "drop", ("team", "nowhere"), "")
