"""Every report as it is really computed can be read in every form."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest

from afterbill.insight.reports.asked import EVERYTHING, document
from afterbill.insight.reports.registry import NAMES
from afterbill_cli.reports.forms import as_csv, as_workbook
from afterbill_cli.reports.people import as_text
from afterbill_reports.reports.modules import report_of
from tests.unit.insight.reports.fact_world import NOVEMBER, STAGES, Archive, asked, fact, some_facts
from tests.unit.insight.reports.worth_world import RULES, business

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WORLDS = {
    "some facts": lambda: some_facts(11, 600),
    "a business": lambda: business(3),
    "one answer": lambda: [fact(rating=9, answered_day=NOVEMBER.last, answered_at=datetime(2026, 11, 22, 13))],  # noqa: DTZ001  # as in the archive
    "nothing": list,
}
JOURNEY = {"steps": [{"name": "Paying", "stage": "purchase"}], "versions": []}


@pytest.fixture(scope="module", params=WORLDS)
def archive(request):
    return Archive(WORLDS[request.param]())


@pytest.mark.parametrize("name", NAMES)
def test_it_is_text_csv_and_a_workbook(archive, name):
    rules = replace(RULES, stages=STAGES, journey=JOURNEY)
    body = report_of(name).compute(archive, asked(), rules)[EVERYTHING]
    found = json.loads(json.dumps(document(name, asked(), EVERYTHING, body, NOW)))

    assert as_text(found, NOW).endswith("Computed 2026-11-23 09:00 UTC.")
    assert len(list(csv.reader(io.StringIO(as_csv(found))))) == max(1, len(found["rows"]) + 1)
    assert openpyxl.load_workbook(io.BytesIO(as_workbook(found))).sheetnames[0] == "report"
