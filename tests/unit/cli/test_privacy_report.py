"""`afterbill privacy report`: what is held, until when, and what is overdue."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.items import encode
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.invitation import Answer, State
from afterbill_cli import cli, deployed
from afterbill_cli.output import Output
from afterbill_cli.privacy.report import report
from tests.contract.people import ID, invitation
from tests.contract.scores_table import TABLE

NOW = datetime(2027, 12, 24, 12, tzinfo=UTC)
YEAR_AGO = NOW - timedelta(days=396)


@pytest.fixture
def table(stack):
    return FactsTable(stack.client("dynamodb"), TABLE, clock=YEAR_AGO.timestamp)


@pytest.fixture
def overdue(table):
    """A comment whose year was over a month ago."""
    said = Answer(3, "Too dear")
    one = invitation(state=State.SENT, answer=said, answered_at=YEAR_AGO, sent_at=YEAR_AGO, expiry=timedelta(days=30))
    assert table.commit(FactWrites(invitation=one, aliases={"shop#1": ("gone", None)}))


@pytest.mark.usefixtures("overdue")
def test_what_is_overdue_is_told_and_ends_with_one(stack, capsys):
    assert report(stack, NOW) == 1

    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["kind", "held", "since", "until", "period", "due", "overdue"]
    assert ["comments", "1", "2026-11-23", "2027-11-23", "365d", "1", "1"] in rows
    assert ["names", "1", "-", "-", "730d", "1", "0"] in rows
    assert out.splitlines()[-2:] == [
        "3 are due: changed by the next pass, and by --scrub at once.",
        "1 is overdue, by more than nine days.",
    ]
    assert err == ""


def test_progress_is_told_to_a_terminal_alone(stack, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    report(stack, NOW)

    assert "1 page read" in capsys.readouterr().err


@pytest.mark.usefixtures("overdue")
def test_scrubbing_does_it_at_once(stack, table, capsys):
    assert report(stack, NOW, scrub=True) == 0

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Changed: 1 names, 1 responses.",
        "Nothing is overdue.",
    ]
    assert table.look_up(FactQuery(invitation_id=ID)).invitation.answer == Answer(3)


@pytest.mark.usefixtures("overdue")
def test_json_names_the_kinds(stack, capsys):
    report(stack, NOW, Output.JSON)

    told = json.loads(capsys.readouterr().out)
    assert told["kinds"]["comments"] == {
        "held": 1,
        "since": "2026-11-23",
        "until": "2027-11-23",
        "period": "365d",
        "due": 1,
        "overdue": 1,
    }
    assert told["kinds"]["names"]["until"] is None
    assert (told["changed"], told["unreadable"]) == ({}, 0)


def test_a_table_that_is_empty_says_so(stack, capsys):
    assert report(stack, NOW) == 0
    assert capsys.readouterr().out == "Nothing is stored.\n"


def test_nothing_is_due(stack, capsys):
    code = keys.code("abcdefghij") | encode({keys.TTL: int(NOW.timestamp())})
    stack.client("dynamodb").put_item(TableName=TABLE, Item=code)

    assert report(stack, NOW) == 0
    assert report(stack, NOW, scrub=True) == 0

    out = capsys.readouterr().out
    assert ["short_links", "1", "-", "2027-12-24", "-", "0", "0"] in [line.split() for line in out.splitlines()]
    assert "due: changed" not in out
    assert "Changed: nothing." in out


def test_what_cannot_be_read_is_told(stack, capsys):
    stack.client("dynamodb").put_item(TableName=TABLE, Item=keys.invitation("bad"))

    assert report(stack, NOW) == 0
    assert "INVITATION#bad INVITATION: no seconds" in capsys.readouterr().err


def test_the_command_reads_the_chosen_stack(stack, monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _: stack)

    assert cli.main(["privacy", "report"]) == 0
    assert capsys.readouterr().out == "Nothing is stored.\n"
