"""Windows and answers at the edge: a statement, never a wrong number, and always something that JSON can hold."""

import json
from datetime import date

import pytest

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING
from afterbill_reports.reports import coverage, drivers, journey, segments, trend
from tests.unit.insight.reports.fact_world import RULES, Archive, answers, asked

ALL = pytest.mark.parametrize("report", [trend, segments, journey, drivers, coverage])
LONG_AGO = Window("2019-01", date(2019, 1, 1), date(2019, 1, 31))
STRANGE = "x' OR 1=1; --\n\0"


@ALL
@pytest.mark.parametrize("window", [LONG_AGO, asked().window])
def test_where_the_archive_has_nothing_every_score_says_why(report, window):
    (body,) = report.compute(Archive([]), asked(window), RULES).values()

    scores = [row for row in [*body["rows"], body.get("total", body.get("plain"))] if "score" in row]
    assert {row["why"] for row in scores} == {"no_answers"}
    assert "NaN" not in json.dumps(body)


@ALL
@pytest.mark.parametrize("ratings", ["9", "0*40", "10*40", "7*40", "0 10"])
def test_one_answer_and_one_rating_only_are_no_trouble(report, ratings):
    found = report.compute(Archive(answers(ratings, plan="pro", reason="price", country="CH")), asked(), RULES)

    text = json.dumps({"=".join(scope): body for scope, body in found.items()}, allow_nan=False)
    assert '"real": true' not in text


@ALL
def test_values_with_quotes_and_line_ends_are_values(report):
    rows = [*answers("9*12", plan=STRANGE), *answers("3*12", plan="pro")]

    found = report.compute(Archive(rows), asked(), RULES)

    assert ("plan", STRANGE) in found
    assert report.compute(Archive(rows), asked(where=(("plan", STRANGE),)), RULES).keys() == {EVERYTHING}


@ALL
def test_300_plans_have_a_report_each_up_to_fifty(report):
    rows = [row for number in range(300) for row in answers("9 3", plan=f"plan {number}")]

    found = report.compute(Archive(rows), asked(), RULES)

    assert sum(scope[0] == "plan" for scope in found) == 50
    assert len(json.dumps([*found.values()])) < 2_000_000
