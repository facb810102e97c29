"""Imported months in the archive: as many rows as answers, under the first day of the month."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.insight.periods import month_of
from afterbill.insight.reports.asked import EVERYTHING, Asked, ReportRules
from afterbill.insight.reports.registry import NAMES
from afterbill.model.history import MonthTally
from afterbill.model.questions import Question
from afterbill_reports.archive.columns import FACTS
from afterbill_reports.archive.months import is_of_month, rows_of_month
from afterbill_reports.reports.modules import report_of
from tests.unit.insight.archiving import ArchiveWorld, past
from tests.unit.insight.reports.fact_world import Archive

LONG_AGO = date(2024, 2, 1)
TALLY = MonthTally(LONG_AGO, Question.NPS, "delighted", "renewed", "loyalty", (1, *[0] * 8, 2, 3), "file 1")
HOUR = timedelta(minutes=61)
PARTLY_EMPTY = {"trend", "journey", "products", "coverage"}
"""Other days and stages have no answers, nor have facts that could be asked about, or products."""


@pytest.fixture
def world():
    return past(ArchiveWorld())


def bring(world, tally):
    world.table.months.put(tally, replace=True)
    world.table.mark_changed(world.now, [tally.month], ())
    return world.later(HOUR)


def ratings(world, day=LONG_AGO):
    return Counter(row["rating"] for row in world.rows_of(day) or ())


def test_each_answer_of_a_month_is_a_row_that_says_nothing_but_what_was_counted():
    rows = list(rows_of_month(TALLY, "Acme"))

    assert Counter((row["rating"], row["category"]) for row in rows) == {
        (0, "detractors"): 1,
        (9, "promoters"): 2,
        (10, "promoters"): 3,
    }
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row.keys() == FACTS.keys() and is_of_month(row) and row["imported"] for row in rows)
    known = {name for row in rows for name, value in row.items() if value}
    told = {"source", "touchpoint", "stage", "question", "rating", "category", "fact_day", "answered_day", "brand"}
    assert known == told | {"id", "channel", "state", "confirmed", "imported"}


def test_groups_are_those_of_the_question():
    csat = replace(TALLY, question=Question.CSAT, ratings=(0, 1, 0, 0, 0, 4, *[0] * 5))

    assert Counter(row["category"] for row in rows_of_month(csat, "Acme")) == {"unfavourable": 1, "favourable": 4}


def test_a_month_that_the_table_has_forgotten_is_written_beside_its_own_file(world):
    world.stored_at(LONG_AGO, {"id": "7", "rating": 5})

    assert bring(world, TALLY).days == 1

    assert ratings(world) == {5: 1, 0: 1, 9: 2, 10: 3}


def test_a_month_told_anew_takes_the_place_of_what_was_told_before(world):
    world.stored_at(LONG_AGO, {"id": "7", "rating": 5})
    bring(world, TALLY)

    bring(world, replace(TALLY, ratings=(0, 4, *[0] * 9), file="file 2"))

    assert ratings(world) == {5: 1, 1: 4}


def test_a_month_that_the_table_still_knows_has_both(world):
    recent = date(2025, 2, 1)
    world.fact(1, ago=timedelta(days=659))

    bring(world, replace(TALLY, month=recent))

    assert ratings(world, recent) == {None: 1, 0: 1, 9: 2, 10: 3}


def test_other_days_of_the_month_have_none(world):
    world.table.months.put(TALLY)
    world.stored_at(LONG_AGO + timedelta(days=1), {"id": "7", "rating": 5})
    world.table.mark_changed(world.now, [LONG_AGO + timedelta(days=1)], ())
    world.later(HOUR)

    assert ratings(world, LONG_AGO + timedelta(days=1)) == {5: 1}


@pytest.mark.parametrize("name", NAMES)
def test_reports_of_an_imported_month_know_its_answers_and_no_customer_or_fact(name):
    month = replace(TALLY, ratings=(20, *[0] * 8, 20, 30))
    rows = [{column: value for column, value in row.items() if column != "id"} for row in rows_of_month(month, "Acme")]
    text = json.dumps(report_of(name).compute(Archive(rows), Asked(month_of(LONG_AGO)), ReportRules())[EVERYTHING])

    assert ('"why": "no_answers"' in text) <= (name in PARTLY_EMPTY)
    assert '"n": 70' in text or '"unknown": 70' in text or name in {"coverage", "products", "changes"}
    assert name != "coverage" or '"step": "facts", "count": 0' in text
    assert name not in {"revenue", "outcomes", "changes"} or '"why": "nobody_' in text
