"""`afterbill audit`, and what the commands about people leave for it."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.privacy import Act
from afterbill_cli import audit, tasks
from afterbill_cli.acts import Acts, in_parts, ledger_of
from afterbill_cli.explain.commands import explain
from afterbill_cli.output import Output
from tests.contract.people import ID, customer, invitation
from tests.contract.scores_table import TABLE

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=30)
ME = "arn:aws:sts::123456789012:user/moto"
ACT = Act(NOW - timedelta(days=1), "arn:aws:iam::1:user/jo", "explain", ("c1",), "asked by phone")
OF_MANY = Act(NOW - timedelta(hours=1), ME, "import customers", (), "", 500)


@pytest.fixture
def ledger(stack):
    return ledger_of(stack)


@pytest.fixture
def acts(ledger):
    """The acts noted in this test."""
    return lambda: list(ledger.acts(NOW, datetime.now(UTC)))


@pytest.fixture
def told(stack, ledger, capsys):
    for act in (ACT, OF_MANY):
        ledger.note(act)

    def tell(who="", output=Output.TABLE):
        assert audit.show(stack, SINCE, who, output) == 0
        return capsys.readouterr().out

    return tell


def test_acts_are_told_the_oldest_first_with_their_reasons(told):
    first, second, last = told().splitlines()

    assert first.endswith("UTC  arn:aws:iam::1:user/jo  explain: c1 (asked by phone)")
    assert second.endswith(f"UTC  {ME}  import customers: 500 not named")
    assert last.startswith("2 acts since ")


def test_they_are_chosen_by_a_part_of_who_did_it(told):
    (act,) = json.loads(told("user/JO", Output.JSON))

    assert {name: act[name] for name in ("who", "what", "whose", "found", "why")} == {
        "who": ACT.who,
        "what": "explain",
        "whose": ["c1"],
        "found": 1,
        "why": "asked by phone",
    }


def test_rows_for_programs_have_one_cell_for_all_who_are_named(told, ledger):
    ledger.note(replace(ACT, whose=("c1", "c2")))

    rows = list(csv.DictReader(io.StringIO(told("jo", Output.CSV))))
    assert sorted(row["whose"] for row in rows) == ["c1", "c1 c2"]


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("1d", 1)])
def test_the_first_moment_lies_days_back(text, days):
    assert abs(audit.moment(text) - (datetime.now(UTC) - timedelta(days=days))) < timedelta(minutes=1)


def test_the_first_moment_may_be_a_day_and_nothing_else():
    assert audit.moment("2026-11-30") == datetime(2026, 11, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="must be a day"):
        audit.moment("yesterday")


# What is noted


def test_more_than_a_hundred_are_named_by_the_first_hundred_and_their_number(stack, acts):
    Acts(stack, "responses").note(f"c{number:03}" for number in range(150))

    (act,) = acts()
    assert (act.whose[:2], len(act.whose), act.found) == (("c000", "c001"), 100, 150)


def test_rows_are_noted_in_parts_that_are_named_whole():
    assert list(map(len, in_parts(range(250)))) == [100, 100, 50]
    assert list(in_parts([])) == []


def test_whoever_looks_at_a_customer_is_noted_with_the_reason(stack, acts, capsys):
    FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(invitation(), (customer(),)))

    explain(stack, ID, as_json=True, why="asked by phone")

    (act,) = acts()
    assert (act.who, act.what, act.whose, act.why) == (ME, "explain", (customer().id,), "asked by phone")
    assert capsys.readouterr().out


def test_a_list_that_names_nobody_is_no_act_and_an_end_of_a_task_is(stack, acts):
    tasks.show(stack, as_json=True)
    assert acts() == []

    with pytest.raises(AfterbillError, match="there is no task"):
        tasks.done(stack, "paddle", "erase", "1", "typed twice")
    assert [(act.what, act.why) for act in acts()] == [("tasks done", "typed twice")]


def test_where_nothing_can_be_noted_nothing_is_shown(stack, capsys):
    FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(invitation(), (customer(),)))
    stack.client("dynamodb").delete_table(TableName="ledger")

    with pytest.raises(ClientError):
        explain(stack, ID, as_json=False)
    assert capsys.readouterr().out == ""


def test_a_stack_from_before_says_that_it_must_be_deployed(stack):
    outputs = {name: value for name, value in stack.outputs.items() if name != "LedgerTableName"}

    with pytest.raises(ConfigurationError, match="build and deploy this version first"):
        Acts(replace(stack, outputs=outputs), "explain").note()
