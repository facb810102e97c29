"""A month with four outages: nothing lost, nothing doubled, no schedule left over, and an alarm for each outage.

`make month` asks for 20,000 surveys, the suite for fewer. It runs in a process of its own: the model replaces what the
adapters are called for good.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from afterbill_dev.load.alarms import alarms_of
from afterbill_dev.load.month import FULL, OUTAGES, PAUSE, QUOTA, SECRETS, Month, Outage, Ring, plain, rows, table
from afterbill_dev.load.template import Template

ROOT = Path(__file__).resolve().parents[2]
SURVEYS = int(os.environ.get("AFTERBILL_SURVEYS") or 1_000)
SEED = int(os.environ.get("AFTERBILL_SEED") or 2027)
HOUR = 3600
RINGS = {
    QUOTA: ("SendingQuotaUsedUp", 30),
    PAUSE: ("SendingPaused", 60),
    FULL: ("RecordsFailed", 120),
    SECRETS: ("5xx", 60),
}
"""The metric that must ring about each outage, and the minutes after which it does at the latest."""


def run(*arguments: object, measured: bool = False) -> list[Any]:
    """What `python -m afterbill_dev.load` prints, line by line; measuring coverage would slow it down."""
    paths = os.pathsep.join(map(str, (ROOT / "layers" / "console", ROOT / "layers" / "core", ROOT)))
    environment = {name: value for name, value in os.environ.items() if measured or not name.startswith("COVERAGE")}
    command = [sys.executable, "-m", "afterbill_dev.load", *map(str, arguments), "--json"]
    environment |= {"PYTHONPATH": paths, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def month() -> dict[str, Any]:
    (lived,) = run("month", SURVEYS, SEED)
    print(f"\n{lived['table']}")
    return dict(lived)


def alarms_on(metric: str) -> set[str]:
    """The alarms of the template that watch a metric of this name."""
    return {one.name for one in alarms_of(Template({})) if any(source.name.name == metric for source in one.sources)}


@pytest.mark.parametrize("what", ["lost", "doubled", "schedules", "dead_letters"])
def test_nothing_is_lost_doubled_or_left_over(month, what):
    assert month[what] == []


def test_every_survey_went_out_and_most_were_reminded(month):
    assert month["surveys"] == SURVEYS
    assert 1.5 * SURVEYS < month["mails"] < 2 * SURVEYS


def test_no_survey_costs_many_schedules_or_refusals(month):
    assert month["schedules_set"] < 5 * SURVEYS
    assert month["refusals"] < SURVEYS


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.name)
def test_an_outage_rings_the_alarm_that_tells_of_it(month, outage: Outage):
    metric, latest = RINGS[outage]
    after = [
        row["after"] for row in month["rows"] if row["outage"] == outage.name and row["alarm"] in alarms_on(metric)
    ]

    assert after, f"no alarm on {metric} rang: {month['table']}"
    assert min(after) <= latest


def test_an_outage_of_secrets_holds_back_mails_and_not_only_pages(month):
    rang = {row["alarm"] for row in month["rows"] if row["outage"] == SECRETS.name}

    assert alarms_on("RecordsFailed") & rang
    assert month["late"][SECRETS.name] > 0.75 * HOUR  # of those that were due some minutes into it


@pytest.mark.skipif((SURVEYS, SEED) != (1_000, 2027), reason="the table is of another month")
def test_the_table_of_the_docs_names_the_same_alarms(month):
    text = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([^|]+) \| day [^|]+ \| (\w+Alarm) \|", text, re.MULTILINE)

    assert told == [(row["outage"], row["alarm"]) for row in month["rows"]], (
        f"make month SURVEYS=1000:\n{month['table']}"
    )


def test_before_the_first_outage_nothing_rings(month):
    assert month["early"] == []


# The report


def a_month() -> Month:
    begin, end = PAUSE.begin + 600, PAUSE.begin + 900
    rings = [Ring("SendingPausedAlarm", begin, end), Ring("SendingPausedAlarm", begin + HOUR, end + HOUR)]
    return Month(surveys=1000, mails=1700, rings=[Ring("InboxAgeAlarm", 60, 120), *rings], late={"a": 2.5 * HOUR})


def test_a_row_tells_when_an_alarm_rang_first_how_often_and_until_when():
    (row,) = rows(a_month())

    assert (row.outage, row.alarm, row.after, row.times) == (PAUSE.name, "SendingPausedAlarm", 10, 2)
    assert (row.when, row.until) == ("day 12, 08:00 to day 12, 14:00", "day 12, 09:15")


def test_the_quota_is_used_up_when_ses_first_says_so():
    first = Month(quota_began=QUOTA.begin + 10 * HOUR, rings=[Ring("A", QUOTA.begin + 11 * HOUR, QUOTA.end)])

    assert rows(first)[0].after == 60


def test_the_table_ends_with_a_summary():
    assert "1,000 surveys, 1,700 mails; 0 lost" in table(a_month())
    assert "a: 2.5 h" in table(a_month())


def test_the_figures_name_what_rang_too_early():
    assert plain(a_month())["early"] == ["InboxAgeAlarm"]
