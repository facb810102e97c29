"""`afterbill score`, read from a table in DynamoDB."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.insight.nps import Comparison, Tally
from afterbill.insight.tally import Score
from afterbill.model.billing import OperatorTask
from afterbill.model.errors import AfterbillError
from afterbill.outreach.first_skips import ALL
from afterbill_cli import cli, deployed, local_stack, score
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output
from afterbill_dev.local import aws_environment
from tests.contract.scores_table import TABLE, create_table

NOW = datetime(2026, 11, 22, 12, 30, 15, 250, tzinfo=UTC)
EVERYTHING = Score(
    "all",
    "all",
    "30d",
    Tally((10, *[0] * 6, 15, 0, 0, 15), sent=80, answered=40, unconfirmed=(1, *[0] * 9, 3)),
    Comparison(-100 / 3, significant=True),
    NOW,
)
PLANS = [
    Score("plan", "other", "30d", Tally((9,) * 11, sent=99, answered=99), None, NOW),
    Score("plan", "basic", "30d", Tally(), None, NOW),
    Score("plan", "pro", "30d", Tally((1, *[0] * 10), sent=3, answered=1), Comparison(0.01, significant=False), NOW),
]


SATISFACTION = [
    Score(
        "csat:plan",
        "pro",
        "30d",
        Tally((0, 1, 2, 3, 4, 10, *[0] * 5), sent=40, answered=20),
        Comparison(5.2, significant=False),
        NOW,
    ),
    Score("csat:plan", "basic", "30d", Tally(sent=1), None, NOW),
]


@pytest.fixture(autouse=True)
def table(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AFTERBILL_TABLE", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client)
        scores = ScoresTable(client, TABLE)
        scores.replace_scores("all", {"30d": [EVERYTHING]})
        scores.replace_scores("plan", {"30d": PLANS})
        scores.replace_scores("csat:plan", {"30d": SATISFACTION})
        yield


def run(capsys, *, as_json=False, **chosen):
    usual = {"window": "30d", "by": "all", "question": "nps", "table": TABLE}
    wanted = {**usual, **chosen}
    asked = score.query(wanted["window"], wanted["by"], wanted["question"])
    table, _ = score.connect(wanted["table"], StackChoice())
    assert score.run(table, asked, Output.JSON if as_json else Output.TABLE) == 0
    return capsys.readouterr().out


def test_json_states_every_figure_rounded_to_one_decimal(capsys):
    assert json.loads(run(capsys, as_json=True)) == {
        "question": "nps",
        "window": "30d",
        "computed_at": "2026-11-22T12:30:15+00:00",
        "scores": [
            {
                "question": "nps",
                "dimension": "all",
                "value": "all",
                "score": 12.5,
                "n": 40,
                "unconfirmed": 4,
                "low": -11.6,
                "high": 34.8,
                "promoters": 15,
                "passives": 15,
                "detractors": 10,
                "sent": 80,
                "answered": 40,
                "change": -33.3,
                "significant": True,
                "removed": 0,
            }
        ],
        "anonymous": [],
    }


def test_where_there_is_no_answer_there_is_null_and_not_0(capsys):
    (basic,) = [row for row in json.loads(run(capsys, by="plan", as_json=True))["scores"] if row["value"] == "basic"]

    assert {name: basic[name] for name in ("score", "low", "high", "change", "significant")} == {
        "score": None,
        "low": None,
        "high": None,
        "change": None,
        "significant": None,
    }
    assert basic["n"] == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_a_plan_that_steers_a_terminal_is_made_harmless(capsys, as_json):
    plan = replace(PLANS[1], value="Pro\x1b[31m\x9b2J\u202e")
    ScoresTable(boto3.client("dynamodb"), TABLE).replace_scores("plan", {"30d": [plan]})

    shown = run(capsys, by="plan", as_json=as_json)

    assert "Pro" in shown
    assert not set(shown) & set("\x1b\x9b\u202e")


def test_most_answers_come_first_and_the_others_last(capsys):
    rows = json.loads(run(capsys, by="plan", as_json=True))["scores"]

    assert [row["value"] for row in rows] == ["pro", "basic", "other"]


def test_the_table_is_aligned_and_stars_what_is_no_chance(capsys):
    assert run(capsys).splitlines() == [
        "Net Promoter Score, 30d, computed 2026-11-22T12:30:15+00:00",
        "",
        "all  score  95 % interval   n  unconfirmed  promoters  passives  detractors  sent  answered    rate  change",
        "all   12.5  -11.6 to 34.8  40            4         15        15          10    80        40  50.0 %  -33.3*",
        "",
        "* more than chance would make of it (95 %)",
    ]


def test_the_table_shows_a_dash_for_what_there_is_not(capsys):
    lines = run(capsys, by="plan").splitlines()

    assert lines[3].split() == [
        "pro",
        *["-100.0", "-100.0", "to", "48.5", "1", "0", "0", "0", "1", "3", "1", "33.3", "%", "+0.0"],
    ]
    assert lines[4].split() == ["basic", *"--0000000--"]
    assert len(lines) == 6


def test_another_question_states_favourable_answers_and_the_mean(capsys):
    pro, basic = json.loads(run(capsys, by="plan", question="csat", as_json=True))["scores"]

    assert (basic["score"], basic["mean"]) == (None, None)
    assert pro == {
        "question": "csat",
        "dimension": "plan",
        "value": "pro",
        "score": 70.0,
        "n": 20,
        "unconfirmed": 0,
        "low": 48.1,
        "high": 85.5,
        "mean": 4.0,
        "favourable": 14,
        "neutral": 3,
        "unfavourable": 3,
        "sent": 40,
        "answered": 20,
        "change": 5.2,
        "significant": False,
        "removed": 0,
    }


def test_the_table_of_another_question_says_what_its_score_is(capsys):
    title, _, headings, pro, basic = run(capsys, by="plan", question="csat").splitlines()

    assert title == "Satisfaction: percentage of answers 4 to 5, 30d, computed 2026-11-22T12:30:15+00:00"
    assert headings.startswith(
        "plan   score  95 % interval  mean   n  unconfirmed  favourable  neutral  unfavourable  "
    )
    assert pro.startswith("pro     70.0   48.1 to 85.5  4.00  20            0          14        3             3  ")
    assert basic.split() == ["basic", *"---00000", *"10", "0.0", "%", "-"]


def test_a_question_nobody_answered_has_no_scores(capsys):
    assert run(capsys, question="ces").startswith("No scores of ces for 30d by all yet")
    assert json.loads(run(capsys, question="ces", as_json=True))["question"] == "ces"


@pytest.mark.parametrize("by", ["all", "country"])
def test_a_window_without_scores_says_so(capsys, by):
    assert run(capsys, window="2026-01", by=by).startswith(f"No scores for 2026-01 by {by} yet")
    assert json.loads(run(capsys, window="2026-01", by=by, as_json=True)) == {
        "question": "nps",
        "window": "2026-01",
        "computed_at": None,
        "scores": [],
        "anonymous": [],
    }


def outsiders(question="", tally=None):
    """Store what anybody answered through the link at the counter."""
    given = tally or Tally((3, *[0] * 10))
    row = Score(f"{question}anonymous", "counter", "30d", given, Comparison(-5.0, significant=True), NOW)
    ScoresTable(boto3.client("dynamodb"), TABLE).replace_scores(row.dimension, {"30d": [row]})


def test_anonymous_answers_stand_below_the_headline_and_not_in_it(capsys):
    outsiders()

    assert run(capsys).splitlines()[2:] == [
        "all  score  95 % interval   n  unconfirmed  promoters  passives  detractors  sent  answered    rate  change",
        "all   12.5  -11.6 to 34.8  40            4         15        15          10    80        40  50.0 %  -33.3*",
        "",
        "Anybody can answer through these links: their answers count here, and in no other score.",
        "",
        "anonymous   score  95 % interval  n  unconfirmed  promoters  passives  detractors  change",
        "counter    -100.0  -100.0 to 6.6  3            0          0         0           3   -5.0*",
        "",
        "* more than chance would make of it (95 %)",
    ]


def test_json_states_anonymous_answers_under_a_key_of_their_own(capsys):
    outsiders()

    stated = json.loads(run(capsys, as_json=True))

    assert [row["value"] for row in stated["scores"]] == ["all"]
    assert [(row["dimension"], row["value"], row["n"]) for row in stated["anonymous"]] == [("anonymous", "counter", 3)]


def test_anonymous_answers_can_be_asked_for_alone(capsys):
    outsiders()

    lines = run(capsys, by="anonymous").splitlines()

    assert [line.split()[0] for line in lines if line] == ["Net", "anonymous", "counter", "*"]
    assert json.loads(run(capsys, by="anonymous", as_json=True))["scores"][0]["value"] == "counter"


def test_anonymous_answers_are_shown_where_nobody_else_answered(capsys):
    outsiders("ces:", Tally((0, 1)))

    lines = run(capsys, question="ces").splitlines()

    assert lines[0].startswith("No scores of ces for 30d by all yet")
    assert lines[-3].startswith("counter")


@pytest.mark.parametrize(
    ("removed", "note"),
    [
        (12, "12 of these answers are of people who were removed."),
        (1, "1 of these answers is of somebody who was removed."),
    ],
)
def test_a_note_tells_how_many_answers_are_of_people_who_were_removed(capsys, removed, note):
    pro, basic = PLANS[0], PLANS[2]
    rows = [replace(pro, tally=replace(pro.tally, removed=removed)), replace(basic, comparison=None)]
    ScoresTable(boto3.client("dynamodb"), TABLE).replace_scores("plan", {"30d": rows})

    assert run(capsys, by="plan").splitlines()[-2:] == ["", note]
    assert [row["removed"] for row in json.loads(run(capsys, by="plan", as_json=True))["scores"]] == [0, removed]


def test_the_note_stands_below_that_of_the_star_and_knows_anonymous_answers_too(capsys):
    outsiders(tally=Tally((3, *[0] * 10), removed=2))

    assert run(capsys).splitlines()[-3:] == [
        "",
        "* more than chance would make of it (95 %)",
        "2 of these answers are of people who were removed.",
    ]


def test_a_table_that_is_not_there_is_told(capsys):
    with pytest.raises(AfterbillError, match="there is no table elsewhere: look at its name and at AWS_REGION"):
        run(capsys, table="elsewhere")


def test_a_network_that_is_down_is_told(monkeypatch, capsys):
    def silent(*_):
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    monkeypatch.setattr(score, "read", silent)

    assert cli.main(["score", "--table", TABLE]) == 2
    assert "AWS was not reached" in capsys.readouterr().err


def test_the_environment_may_name_the_table(capsys, monkeypatch):
    monkeypatch.setenv("AFTERBILL_TABLE", TABLE)

    assert json.loads(run(capsys, as_json=True, table=None))["scores"][0]["n"] == 40


@pytest.fixture
def local(monkeypatch, tmp_path):
    """The file of a local stack whose table is called `local`."""
    file = tmp_path / "stack.json"
    environment = aws_environment.environment("http://127.0.0.1:4566")
    stack = {"stack_name": "here", "api_url": "http://127.0.0.1:8480", "configuration": str(tmp_path)}
    file.write_text(json.dumps(stack | {"environment": environment, "outputs": {"TableName": "local"}}))
    monkeypatch.setattr(local_stack, "STACK_FILE", file)
    monkeypatch.delenv("AFTERBILL_STACK", raising=False)


@pytest.mark.usefixtures("local")
def test_without_a_name_it_is_the_table_of_the_local_stack():
    table, _ = score.connect(None, StackChoice())

    assert (table.table, table.dynamodb.meta.endpoint_url) == ("local", "http://127.0.0.1:4566")


@pytest.mark.usefixtures("local")
def test_a_named_stack_counts_before_the_table_of_the_environment(monkeypatch):
    monkeypatch.setenv("AFTERBILL_TABLE", TABLE)
    named = Deployed("second", {"TableName": "of second"}, boto3.client, local_stack.ROOT)
    monkeypatch.setattr(deployed, "connect", lambda choice: named if choice.name == "second" else None)

    assert score.connect(None, StackChoice("second"))[0].table == "of second"


def test_a_table_and_a_stack_are_not_named_together(capsys):
    assert cli.main(["score", "--table", TABLE, "--stack-name", "second"]) == 2
    assert "leave one out" in capsys.readouterr().err


def test_a_spreadsheet_gets_the_same_columns_with_and_without_rows(capsys):
    def table(*words):
        assert cli.main(["score", "--table", TABLE, "--output", "csv", *words]) == 0
        return list(csv.reader(capsys.readouterr().out.splitlines()))

    header, row = table()

    assert dict(zip(header, row, strict=True)) == {
        "window": "30d",
        "question": "nps",
        "dimension": "all",
        "value": "all",
        "score": "12.5",
        "n": "40",
        "unconfirmed": "4",
        "low": "-11.6",
        "high": "34.8",
        "promoters": "15",
        "passives": "15",
        "detractors": "10",
        "sent": "80",
        "answered": "40",
        "change": "-33.3",
        "significant": "true",
        "removed": "0",
    }
    assert table("--window", "2026-01") == [header]


def silent(stack, capsys, output=Output.TABLE):
    """Ask for scores where there are none; what is said on stderr."""
    assert score.run(ScoresTable(stack.client("dynamodb"), TABLE), score.query("7d", "all", "nps"), output, stack) == 0
    return capsys.readouterr().err


@pytest.fixture
def quiet(config):
    """A stack with the shipped configuration."""
    client = boto3.client("dynamodb")
    return Deployed("quiet", {"TableName": TABLE}, lambda _service: client, config)


@pytest.mark.parametrize("output", Output)
def test_where_nothing_was_sent_the_legal_basis_is_named(quiet, capsys, output):
    assert '[legal] preset = "strict" asks no customer without a consent or a notice' in silent(quiet, capsys, output)


def test_the_sources_whose_surveys_were_skipped_are_named(quiet, capsys):
    task = OperatorTask("stripe", "no_basis", ALL, NOW)
    TasksTable(quiet.client("dynamodb"), TABLE).keep_task(task, "", NOW)

    assert "surveys of stripe (since 2026-11-22) are skipped as no_basis" in silent(quiet, capsys)


def test_where_something_was_sent_nothing_is_said(quiet, capsys):
    ScoresTable(quiet.client("dynamodb"), TABLE).replace_scores("all", {"7d": [replace(EVERYTHING, window="7d")]})

    assert silent(quiet, capsys) == ""


def test_a_configuration_that_cannot_be_read_keeps_no_scores_back(quiet, config, capsys):
    (config / "surveys.toml").write_text("time_zone =")

    assert silent(quiet, capsys) == ""
