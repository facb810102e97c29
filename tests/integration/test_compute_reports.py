"""compute_reports: from a message in its queue and the files of the archive to stored documents."""

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.insight.periods import rolling
from afterbill.insight.reports.asked import EVERYTHING
from afterbill.insight.reports.registry import HOURLY, NAMES
from afterbill.insight.reports.requested import ReportRequest
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.columns import FACTS, place
from afterbill_reports.reports import compute, sql
from tests.integration.logs import counted
from tests.integration.samples import now
from tests.integration.stack import Context

COUNT = f"{sql.FACTS} SELECT COUNT(*) FROM answers"  # noqa: S608  # a constant


class Counting:
    """A report that says how many answers count; `failing` names those that fail instead.

    `meanwhile` is done once, while a report is computed.
    """

    def __init__(self):
        self.failing = set()
        self.meanwhile = None

    def __call__(self, name):
        return SimpleNamespace(compute=lambda *asked: self.compute(name, *asked))

    def compute(self, name, engine, asked, rules):
        if name in self.failing:
            raise ZeroDivisionError(name)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        ((n,),) = engine.rows(COUNT, sql.parameters(asked, rules))
        return {EVERYTHING: {"rows": [], "n": n}}


@pytest.fixture
def reports(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(compute, "report_of", counting)
    return counting


@pytest.fixture
def today():
    return now().date()


@pytest.fixture
def environment(stack, reports, monkeypatch):  # noqa: ARG001  # the function takes its reports from there
    """Return what starts one more execution environment of the function, by the name of its log stream."""

    def starting(name):
        monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", f"2026/12/01/[$LATEST]{name}")
        return stack.load("compute_reports")

    return starting


@pytest.fixture
def run(stack, environment, tmp_path, today):
    """Write three answers of this week into the archive, and return what sends a message and computes."""
    rows = ParquetRows(connect(tmp_path, 256, 1), tmp_path)
    for days in (1, 2, 3):
        day = today - timedelta(days=days)
        fact = {"id": str(day), "rating": 9, "question": "nps", "confirmed": True, "anonymous": False}
        fact |= {"answered_day": str(day), "plan": "Team"}
        body = rows.written([dict.fromkeys(FACTS) | fact], FACTS)
        S3Files(stack.s3, "archive").put(place("facts", day), body)
    handler = environment("a")

    def running(message=None, remaining=600_000):
        if message:
            SqsReportQueue(stack.sqs, stack.resolver.made["ReportRequests"]["Ref"]).send(message)
        context = Context()
        context.remaining = remaining
        return [handler({"Records": [record]}, context) for record in stack.records("ReportRequests")]

    return running


def stored(stack, place_):
    return S3Reports(stack.s3, "archive").load(place_)


DONE = {"batchItemFailures": []}
NIGHT = {"kind": "stored", "nightly": True}


def test_every_report_is_stored_at_night_and_some_after_each_run_of_the_archive(stack, run):
    assert run({"kind": "stored", "nightly": False}) == [DONE]
    assert {name for name in NAMES if stored(stack, f"reports/{name}/nps/7d.json")} == set(HOURLY)

    assert run(NIGHT) == [DONE]
    assert {name for name in NAMES if stored(stack, f"reports/{name}/nps/7d.json")} == set(NAMES)
    assert stored(stack, "reports/trend/nps/7d.json")["scopes"][""]["n"] == 3


def test_a_run_without_time_asks_for_the_next(stack, run, monkeypatch):
    answers = iter([True] * 5)
    monkeypatch.setattr("functions.compute_reports.app.goes_on", lambda *_: lambda: next(answers, False))

    assert run(NIGHT) == [DONE]
    (record,) = stack.records("ReportRequests")
    assert json.loads(record["body"]) == NIGHT


def test_a_run_that_has_no_time_for_anything_fails(run, capsys):
    ((answer,),) = [run(NIGHT, remaining=100_000)]

    assert len(answer["batchItemFailures"]) == 1
    assert counted(capsys.readouterr().out, "RecordsFailed")


def test_a_report_that_fails_is_counted_and_leaves_the_others(stack, run, reports, capsys):
    reports.failing = {"trend"}
    (answer,) = run(NIGHT)

    assert len(answer["batchItemFailures"]) == 1
    assert counted(capsys.readouterr().out, "RecordsFailed")
    assert stored(stack, "reports/trend/nps/7d.json") is None
    assert stored(stack, "reports/segments/nps/7d.json")


def test_a_damaged_day_is_told(stack, run, today, capsys):
    day = today - timedelta(days=1)
    S3Files(stack.s3, "archive").put(place("facts", day), b"damaged")
    run(NIGHT)

    assert stored(stack, "reports/trend/nps/7d.json")["scopes"][""] == {
        "rows": [],
        "n": 2,
        "left_out": [str(day)],
        "archived_from": str(today - timedelta(days=3)),
    }
    assert "days of the archive cannot be read" in capsys.readouterr().out


@pytest.fixture
def ask(stack, run):
    """Ask as read_reports does, and compute."""
    url = stack.resolver.made["ReportRequests"]["Ref"]

    def asking(request):
        SqsReportRequests(stack.sqs, url, stack.dynamodb, "afterbill").ask(request, now())
        return run()

    return asking


def test_what_is_asked_for_is_stored_for_whoever_asked(stack, ask, today):
    request = ReportRequest("drivers", rolling(2, today), where=(("plan", "Team"),))

    assert ask(request) == [DONE]
    assert stored(stack, request.place)["scopes"][""]["n"] == 1


def test_environments_on_one_disk_leave_the_files_of_each_other_alone(stack, environment, ask, reports, today):
    """On a laptop they have one folder for temporary files, and each keeps there only what it reads itself."""
    before_yesterday = ReportRequest("trend", rolling(1, today - timedelta(days=2)))
    message = {"kind": "asked", "request": before_yesterday.payload()}
    handler, record = environment("b"), {"messageId": "b", "body": json.dumps(message), "attributes": {}}
    reports.meanwhile = lambda: handler({"Records": [record]}, Context())
    request = ReportRequest("drivers", rolling(2, today))

    assert ask(request) == [DONE]
    assert stored(stack, request.place)["scopes"][""]["n"] == 1
    assert stored(stack, before_yesterday.place)["scopes"][""]["n"] == 1


def test_days_before_the_archive_are_said_to_be_so(stack, ask):
    request = ReportRequest("drivers", rolling(2, date(2020, 1, 1)))

    assert ask(request) == [DONE]
    assert stored(stack, request.place)["scopes"][""]["why"] == "not_archived"


def test_a_request_that_fails_is_answered_and_counted(stack, ask, reports, today, capsys):
    reports.failing = {"drivers"}
    request = ReportRequest("drivers", rolling(2, today))
    (answer,) = ask(request)

    assert len(answer["batchItemFailures"]) == 1
    assert stored(stack, request.place)["scopes"][""]["why"] == "failed"
    assert counted(capsys.readouterr().out, "RecordsFailed")
