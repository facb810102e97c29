"""`afterbill privacy report`: what is held, until when, and what is overdue."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.items import encode
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.customer import Suppression
from afterbill.model.invitation import Answer, State
from afterbill.model.privacy import Act, Erasure, Objection
from afterbill_cli import cli, deployed
from afterbill_cli.acts import ledger_of
from afterbill_cli.output import Output
from afterbill_cli.privacy.report import report
from tests.contract.people import ID, customer, invitation
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
    ada = replace(customer(), learned_at={"locale": YEAR_AGO}, active_at=NOW, kept_until=NOW + timedelta(days=760))
    assert table.commit(FactWrites(one, (ada,), aliases={"shop#1": ("gone", None)}))


@pytest.mark.usefixtures("overdue")
def test_what_is_overdue_is_told_and_ends_with_one(stack, capsys):
    assert report(stack, NOW) == 1

    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["kind", "held", "since", "until", "period", "due", "overdue"]
    assert ["comments", "1", "2026-11-23", "2027-11-23", "365d", "1", "1"] in rows
    assert ["customers", "1", "2026-11-23", "2030-01-22", "730d", "0", "0"] in rows
    assert ["names", "1", "-", "2030-04-23", "730d", "1", "0"] in rows
    assert out.splitlines()[-2:] == [
        "Due: 3. The next passes change it, and --scrub does at once.",
        "Overdue by more than nine days: 1.",
    ]
    assert err == ""


@pytest.mark.usefixtures("overdue")
def test_scrubbing_does_it_at_once(stack, table, capsys):
    assert report(stack, NOW, scrub=True) == 0

    changed, overdue = capsys.readouterr().out.splitlines()[-2:]
    assert changed in {"Changed: responses 1, names 1.", "Changed: names 1, responses 1."}
    assert overdue == "Nothing is overdue."
    acts = list(ledger_of(stack).acts(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)))
    assert [(act.what, act.found) for act in acts] == [("privacy report --scrub", 0), ("privacy report --scrub", 2)]
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
    assert told["kinds"]["names"]["until"] == "2030-04-23"
    assert (told["changed"], told["unreadable"]) == ({}, 0)


def test_requests_marks_and_the_ledger_are_counted(stack, capsys):
    marked = keys.erased("5e1f") | encode({"erased_at": "2026-11-23T12:00:00.000000+00:00"})
    asked = keys.privacy_request("r1") | encode({"requested_at": "2026-11-24T12:00:00Z", keys.TTL: 1_800_000_000})
    for item in (marked, asked):
        stack.client("dynamodb").put_item(TableName=TABLE, Item=item)
    ledger = ledger_of(stack)
    ledger.note(Act(YEAR_AGO, "jo", "explain"))
    ledger.note_erasure(Erasure("r1", YEAR_AGO, frozenset({"1"}), frozenset({"2"})))
    ledger.note_objection(Objection("5e1f" * 8, YEAR_AGO, Suppression.UNSUBSCRIBED))

    report(stack, NOW)

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["erased_names", "1", "2026-11-23", "-", "-", "0", "0"] in rows
    assert ["requests", "1", "2026-11-24", "2027-01-15", "-", "0", "1"] in rows
    assert ["acts", "1", "2026-11-23", "2029-11-22", "1095d", "0", "0"] in rows
    assert ["noted_erasures", "1", "2026-11-23", "-", "-", "0", "0"] in rows
    assert ["noted_objections", "1", "2026-11-23", "-", "-", "0", "0"] in rows


def test_somebody_who_watches_sees_that_it_goes_on(stack, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    report(stack, NOW)

    assert capsys.readouterr().err == "\rPages read: 1\n"


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
    assert "Due:" not in out
    assert "Changed: nothing." in out


def test_what_cannot_be_read_is_told(stack, capsys):
    stack.client("dynamodb").put_item(TableName=TABLE, Item=keys.invitation("bad"))

    assert report(stack, NOW) == 0
    assert "INVITATION#bad INVITATION: no seconds" in capsys.readouterr().err


def test_the_command_reads_the_chosen_stack(stack, monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _: stack)

    assert cli.main(["privacy", "report"]) == 0
    assert capsys.readouterr().out == "Nothing is stored.\n"
