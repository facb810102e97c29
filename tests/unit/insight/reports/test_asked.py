"""Requests for reports, and the parts that all statements share."""

from datetime import UTC, date, datetime

import pytest

from afterbill.insight.periods import month_of
from afterbill.insight.reports.asked import EVERYTHING, document
from afterbill_reports.reports import sql
from tests.unit.insight.reports.fact_world import NOVEMBER, RULES, asked

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


def test_a_document_says_what_was_asked_and_when_it_was_computed():
    assert document("trend", asked(), EVERYTHING, {"rows": []}, NOW) == {
        "report": "trend",
        "window": "30d",
        "first": "2026-10-24",
        "last": "2026-11-22",
        "question": "nps",
        "where": {},
        "computed_at": "2026-11-22T02:30:00+00:00",
        "rows": [],
    }


@pytest.mark.parametrize(("one", "scope"), [(asked(), ("plan", "pro")), (asked(where=(("plan", "pro"),)), EVERYTHING)])
def test_a_part_of_a_stored_document_is_headed_like_one_that_was_filtered(one, scope):
    assert document("trend", one, scope, {}, NOW)["where"] == {"plan": "pro"}


def test_the_window_to_compare_with_is_the_one_before_or_the_one_asked_for():
    june = month_of(date(2026, 6, 1))

    assert asked().before == NOVEMBER.before
    assert asked(compare=june).before == june


def test_histograms_count_each_rating_by_what_comes_before_it():
    rows = [("pro", 9, 4), ("pro", 0, 1), ("basic", 10, 2)]

    assert sql.histograms(rows, 1) == {
        ("pro",): (1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0),
        ("basic",): (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
    }


def test_what_a_caller_says_is_a_parameter_and_never_text():
    value = "x' OR TRUE --"

    parameters = sql.parameters(asked(where=(("plan", value),)), RULES)

    assert (parameters["where_1"], parameters["value_1"]) == ("plan", value)
