"""Reports and a plain recount of the same rows agree, in everything and in every part of it."""

from collections import Counter

import pytest

from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.model.questions import Question
from afterbill_reports.reports import coverage, drivers, journey, segments, trend
from tests.unit.insight.reports.fact_world import NOVEMBER, STAGES, Archive, asked, some_facts
from tests.unit.insight.reports.plain_recount import DIMENSIONS, by_value, counted, funnel, net_score, sent_in, value

ROWS = some_facts(11, 900)
RULES = ReportRules(segments=("size",), pairs=(("plan", "country"),), stages=STAGES)
DAYS = (NOVEMBER.first, NOVEMBER.last)


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive(ROWS)


@pytest.fixture(scope="module")
def answers() -> list:
    return counted(ROWS, *DAYS, "nps")


def scopes_of(rows: list) -> dict:
    """The rows of everything and of each value of a dimension of which something is known."""
    found = {EVERYTHING: rows}
    for dimension in DIMENSIONS:
        parts = by_value(rows, dimension)
        if parts.keys() - {"unknown", "none"}:
            found |= {(dimension, name): part for name, part in parts.items()}
    return found


def test_trend_counts_every_day_of_every_scope(archive, answers):
    found = trend.compute(archive, asked(), RULES)

    wanted = scopes_of(answers)
    assert found.keys() == wanted.keys()
    for scope, rows in wanted.items():
        days = Counter(str(row["answered_day"]) for row in rows)
        assert {row["value"]: row["n"] for row in found[scope]["rows"] if row["n"]} == days
        assert found[scope]["total"]["n"] == len(rows)
        assert found[scope]["total"]["imported"] == sum(row["imported"] for row in rows)
        assert found[scope]["total"]["score"] == (net_score(rows) if len(rows) >= 10 else None)


def test_trend_counts_what_was_sent_by_the_day_of_sending(archive):
    sent = sent_in(ROWS, *DAYS, "nps")

    total = trend.compute(archive, asked(), RULES)[EVERYTHING]["total"]

    assert total["sent"] == len(sent)
    assert total["response_rate"] == round(sum(row.get("rating") is not None for row in sent) / len(sent), 6)


def test_segments_list_every_value_and_within_a_value_those_with_ten_answers(archive, answers):
    found = segments.compute(archive, asked(), RULES)

    for scope, rows in scopes_of(answers).items():
        listed = {
            (row["dimension"], row["value"]): (row["n"], row["score"])
            for row in found[scope]["rows"]
            if "+" not in row["dimension"]
        }
        inner = {other: part for other, part in scopes_of(rows).items() if other != EVERYTHING and other[0] != scope[0]}
        wanted = {
            other: (len(part), net_score(part) if len(part) >= 10 else None)
            for other, part in inner.items()
            if scope == EVERYTHING or len(part) >= 10
        }
        assert {other: listed.get(other) for other in wanted} == wanted


def test_pairs_are_listed_where_they_are_asked_for(archive, answers):
    rows = segments.compute(archive, asked(), RULES)[EVERYTHING]["rows"]

    wanted = Counter(f"{value(row, 'plan')} + {row['country']}" for row in answers)
    found = {row["value"]: row["n"] for row in rows if row["dimension"] == "plan + country"}
    assert found == {name: n for name, n in wanted.items() if n >= 10}


def test_journey_counts_every_stage_and_touchpoint(archive, answers):
    found = journey.compute(archive, asked(), RULES)

    for scope, rows in scopes_of(answers).items():
        places = Counter((row["stage"], row["touchpoint"]) for row in rows) + Counter(
            (row["stage"], "") for row in rows
        )
        assert {(row["stage"], row["touchpoint"]): row["n"] for row in found[scope]["rows"] if row["n"]} == places


def test_drivers_count_every_reason(archive, answers):
    found = drivers.compute(archive, asked(), RULES)

    for scope, rows in scopes_of(answers).items():
        if scope[0] != "reason":
            wanted = Counter(value(row, "reason") for row in rows)
            assert {row["reason"]: row["n"] for row in found[scope]["rows"]} == wanted


def test_coverage_counts_every_step_and_every_reason(archive):
    found = coverage.compute(archive, asked(), RULES)

    for dimension, name in [EVERYTHING, ("plan", "pro"), ("size", "small"), ("channel", "sms")]:
        rows = [row for row in ROWS if not dimension or value(row, dimension) == name]
        steps, skips = funnel(rows, *DAYS, "nps")
        body = found[dimension, name]
        assert [row["count"] for row in body["rows"]] == steps
        assert {row["reason"]: row["count"] for row in body["skips"]} == skips


@pytest.mark.parametrize("report", [trend, segments, journey, drivers])
def test_unconfirmed_answers_count_only_where_the_operator_counts_them(archive, report):
    strict = ReportRules(segments=("size",), stages=STAGES, unconfirmed=False)

    found = report.compute(archive, asked(), strict)[EVERYTHING]["total"]["n"]

    assert found == len(counted(ROWS, *DAYS, "nps", unconfirmed=False))


@pytest.mark.parametrize("report", [trend, segments, journey, drivers])
def test_filters_leave_what_they_say_and_only_everything_is_told_of_it(archive, report):
    where = (("plan", "pro"), ("size", "large"))
    wanted = [row for row in counted(ROWS, *DAYS, "nps") if row["plan"] == "pro" and value(row, "size") == "large"]

    found = report.compute(archive, asked(where=where), RULES)

    assert found.keys() == {EVERYTHING}
    assert found[EVERYTHING]["total"]["n"] == len(wanted)


@pytest.mark.parametrize("question", [Question.CSAT, Question.CES, Question.REBUY])
@pytest.mark.parametrize("report", [trend, segments, journey, drivers])
def test_other_questions_have_their_favourable_share_and_mean(report, question):
    rows = some_facts(5, 200, question)
    answers = counted(rows, *DAYS, question.value)
    good = {"csat": 4, "ces": 5, "rebuy": 9}[question.value]

    total = report.compute(Archive(rows), asked(question=question), RULES)[EVERYTHING]["total"]

    assert total["n"] == len(answers)
    assert total["score"] == round(100 * sum(row["rating"] >= good for row in answers) / len(answers), 6)
    assert total["mean"] == round(sum(row["rating"] for row in answers) / len(answers), 6)


@pytest.mark.parametrize("report", [trend, segments, journey, drivers, coverage])
def test_dimensions_that_nobody_declared_have_no_scope(archive, report):
    found = report.compute(archive, asked(), ReportRules(stages=STAGES))

    assert not [scope for scope in found if scope[0] in {"", "size"} and scope != EVERYTHING]
