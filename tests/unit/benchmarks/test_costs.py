"""What AWS charges is counted, and told as it is counted."""

import re
import sys
from pathlib import Path

import pytest

from afterbill.model.invitation import SkipReason
from benchmarks import costs
from benchmarks.archiving import SURVEYS_A_DAY, marks_a_day
from benchmarks.prices import PRICES, Unit

ROOT = Path(__file__).resolve().parents[3]
OBSERVABILITY = "afterbill.runtime.observability"
SHARE = 0.1
"""By which a figure of the docs may be off: they are made anew when a resource or a call comes, not for each byte."""


@pytest.fixture(scope="module")
def counted():
    # Where metrics go is read from the environment as it is imported.
    imported = sys.modules.pop(OBSERVABILITY, None)
    yield {row.what: row for row in costs.rows()}
    sys.modules.pop(OBSERVABILITY)
    if imported:
        sys.modules[OBSERVABILITY] = imported


def told():
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    return {what: float(paid) for what, paid in re.findall(r"^\| ([^|]+) \| \$([\d.]+) \|$", text, re.MULTILINE)}


def test_the_docs_tell_what_is_counted(counted):
    now = {what: float(costs.written(row)[1:]) for what, row in counted.items()}

    assert told() == pytest.approx(now, rel=SHARE), "see .venv/bin/python -m benchmarks.costs"


def test_the_page_about_deploying_tells_the_same_of_a_flood(counted):
    (paid,) = re.findall(r"about \$(\d+) a day", (ROOT / "docs" / "deploy.md").read_text("utf-8"))

    assert float(paid) == pytest.approx(counted["a day of made-up webhooks at the throttle"].measured, rel=SHARE)


def test_a_busy_stack_pays_for_the_metrics_of_the_access_log_and_for_those_by_reason():
    """By reason: skipped facts, signs of machines, functions that fail, steps that cannot read, wrong signatures."""
    assert costs.when_busy()[Unit.METRIC] == len(costs._METRICS - costs._ALWAYS) + 3 + len(SkipReason) + 10 + 7 + 10 + 1


def test_a_run_at_rest_is_billed_with_the_memory_of_its_function():
    """A gigabyte for the sweep and the review each, 1,769 MB for counting, half of one for the watch, the polls,
    privacy requests, the sweep of actions and, once an hour, campaigns and retention, and 1,769 MB for the archive.
    """
    runs = 2_880
    seconds = costs.without_console()[Unit.GB_SECOND]

    hourly = 0.5 + 0.5 + 1769 / 1024
    assert seconds == pytest.approx(runs * (1 + 1 + 1769 / 1024 + 0.5 + 0.5 + 0.5 + 0.5) + runs / 4 * hourly, abs=1)


def test_a_console_looks_at_the_stack_every_quarter_of_an_hour_and_for_notices_every_five_minutes():
    looks, notices = 2_880, 8_640
    console = costs.console_at_rest()

    assert console[Unit.SCHEDULE] == console[Unit.INVOCATION] == looks + notices
    assert console[Unit.GB_SECOND] == pytest.approx(looks * 10 * 0.5 + notices * 1 * 0.5, abs=1)


def test_a_stack_at_rest_is_the_loop_and_the_console(counted):
    loop, console = costs.without_console(), costs.console_at_rest()

    assert costs.at_rest()[Unit.METRIC] == loop[Unit.METRIC] + console[Unit.METRIC] == len(costs._ALWAYS)
    assert console[Unit.SECRET] == console[Unit.QUEUE_REQUEST] == 0
    budgets = {what: row.budget for what, row in counted.items() if row.unit == "$" and row.budget}
    assert budgets == {"a stack at rest, a month": 20, "the same without a console": 14}


def test_the_archive_costs_at_most_two_write_units_of_a_survey():
    stages = costs.travel(known=True, way=costs.Way.TAPPED)
    index = sum(stage.archived for stage in stages if not stage.name.startswith("change"))

    assert index == 1
    assert index + marks_a_day() / SURVEYS_A_DAY <= 2


def test_the_readme_tells_the_same(counted):
    text = (ROOT / "README.md").read_text("utf-8")
    told_here = re.search(
        r"about \$([\d.]+) per 1,000 surveys.* from \$(\d+) a month at rest, \$(\d+) of them .* to \$(\d+) with",
        text,
        re.DOTALL,
    )
    (first,) = re.findall(r"\bfrom \$(\d+) a month\]\(#what-it-costs\)", text)
    dollars = [row.measured / 100 if row.unit == "cents" else row.measured for row in counted.values()]
    own, mail, _, rest, loop, busy, *_ = dollars

    assert list(map(float, told_here.groups())) == pytest.approx([own + mail, rest, rest - loop, busy], rel=SHARE)
    assert float(first) == pytest.approx(loop, rel=SHARE)


def test_every_unit_has_a_price_with_its_source_and_date():
    assert PRICES.keys() == set(Unit)
    assert all(re.fullmatch(r"20\d\d-\d\d", price.read) and "." in price.source for price in PRICES.values())


def test_an_alarm_on_an_expression_costs_each_of_its_metrics():
    metrics = [
        {"Id": "share", "Expression": "100 * a / b"},
        {"Id": "a", "MetricStat": {}},
        {"Id": "b", "MetricStat": {}},
    ]

    assert costs._alarm_metrics({"Properties": {"Metrics": metrics}}) == 2
    assert costs._alarm_metrics({"Properties": {"MetricName": "Errors"}}) == 1


BY_MINUTES = {"Fn::If": ["ArchivesEveryMinute", "rate(1 minute)", {"Fn::Sub": "rate(${ReportMinutes} minutes)"}]}


@pytest.mark.parametrize(
    ("rate", "runs"),
    [("rate(15 minutes)", 2_880), ("rate(1 hour)", 720), ({"Ref": "ComputeRate"}, 2_880), (BY_MINUTES, 720)],
)
def test_a_schedule_runs_so_often_a_month(rate, runs):
    assert costs._runs({"Properties": {"ScheduleExpression": rate}}) == runs


def test_invocations_bring_their_time():
    free = costs.dollars({Unit.REQUEST: 1_000_000})

    assert free == pytest.approx(1)
    assert costs.dollars({Unit.INVOCATION: 1_000_000}) > 0.2
