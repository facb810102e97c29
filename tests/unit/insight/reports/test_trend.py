"""The score over time: every period has a row, and a change is real, or called none."""

from datetime import date, timedelta

import pytest

from afterbill.insight.periods import Window, month_of
from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill_reports.reports.trend import compute, periods
from tests.unit.insight.reports.fact_world import NOVEMBER, RULES, TODAY, Archive, answers, asked, fact

WEEKS = Window("2026-10-19..2026-11-22", date(2026, 10, 19), TODAY)


def trend(rows: list, window: Window = NOVEMBER, rules: ReportRules = RULES, **others):
    return compute(Archive(rows), asked(window, **others), rules)[EVERYTHING]


@pytest.mark.parametrize(
    ("days", "period", "rows"), [(7, "day", 7), (31, "day", 31), (32, "week", 5), (120, "week", 18), (121, "month", 5)]
)
def test_the_period_suits_the_length_of_the_window(days, period, rows):
    body = trend([], Window(f"{days}d", TODAY - timedelta(days=days - 1), TODAY))

    assert (body["by"], len(body["rows"])) == (period, rows)


def test_another_period_can_be_asked_for():
    assert trend([], by=("week",))["by"] == "week"
    assert trend([], by=("plan",))["by"] == "day"


def test_periods_are_cut_to_the_window_and_weeks_begin_on_monday():
    spans = [span for _, span in periods(NOVEMBER, "week")]

    assert [str(span.first) for span in spans] == ["2026-10-24", "2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16"]
    assert (spans[0].last, spans[-1].last) == (date(2026, 10, 25), TODAY)


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_periods_cover_every_day_of_the_window_once(period):
    window = Window("x", date(2026, 1, 29), date(2026, 3, 2))
    days = [span.first + timedelta(days=n) for _, span in periods(window, period) for n in range(40)]
    inside = [day for _, span in periods(window, period) for day in days if day in span]

    assert sorted(set(inside)) == [window.first + timedelta(days=n) for n in range(33)]


def test_a_day_without_answers_is_a_row_that_says_so():
    row = trend([])["rows"][0]

    assert (row["value"], row["n"], row["score"], row["why"]) == ("2026-10-24", 0, None, "no_answers")
    assert row["because"] == "Nobody answered in these days."
    assert (row["change"], row["real"]) == (None, False)


def test_below_ten_answers_there_is_no_score_and_below_thirty_it_is_marked():
    rows = [
        *answers("9*9", day=date(2026, 10, 20)),
        *answers("9*10", day=date(2026, 10, 27)),
        *answers("9*30", day=date(2026, 11, 3)),
    ]

    first, second, third = trend(rows, WEEKS)["rows"][:3]

    assert (first["n"], first["score"], first["why"], first["few"]) == (9, None, "few_answers", True)
    assert (second["n"], second["score"], second["few"]) == (10, 100, True)
    assert (third["n"], third["score"], third["few"]) == (30, 100, False)
    assert (third["change"], third["real"], third["why"]) == (0, False, "few_to_compare")


def test_a_planted_drop_is_real_and_the_weeks_around_it_are_not():
    steady = ("9*40 7*30 3*30", date(2026, 10, 20)), ("9*42 7*30 3*28", date(2026, 10, 27))
    fallen = ("9*20 7*20 3*60", date(2026, 11, 3)), ("9*21 7*20 3*59", date(2026, 11, 10))
    rows = [row for ratings, day in (*steady, *fallen) for row in answers(ratings, day=day)]

    body = trend(rows, WEEKS)

    assert [row["real"] for row in body["rows"]] == [False, False, True, False, False]
    assert body["rows"][2]["change"] == -54
    assert body["comparisons"] == 3
    assert all(row["q"] >= row["p"] for row in body["rows"] if row["p"] is not None)


def test_the_whole_window_is_compared_with_the_one_before_or_another():
    rows = [*answers("9*60 3*40", day=date(2026, 11, 3)), *answers("9*20 3*80", day=date(2026, 10, 3))]

    before, november = trend(rows)["total"], trend(rows, compare=month_of(date(2026, 5, 1)))["total"]

    assert (before["score"], before["change"], before["real"]) == (20, 80, True)
    assert (november["change"], november["why"]) == (None, "nothing_before")


def test_a_window_of_one_answer_says_no_score():
    body = trend(answers("10"))

    assert (body["total"]["n"], body["total"]["score"], body["total"]["why"]) == (1, None, "few_answers")
    assert body["comparisons"] == 0


def test_a_window_of_one_rating_only_has_an_interval_all_the_same():
    total = trend(answers("10*50"))["total"]

    assert (total["score"], total["high"]) == (100, 100)
    assert total["low"] < 100


def test_imported_answers_count_and_are_told_apart():
    rows = [*answers("9*6"), *answers("3*6", imported=True, channel="import")]

    row = trend(rows)["rows"][-1]

    assert (row["n"], row["imported"], row["score"]) == (12, 6, 0)


def test_the_response_rate_is_of_what_was_sent_and_unknown_without():
    rows = [*answers("9 9"), fact(), fact(), fact(), fact(), fact(), fact()]

    first, last = (trend(rows)["rows"][place] for place in (0, -1))

    assert (last["sent"], last["response_rate"]) == (8, 0.25)
    assert (first["sent"], first["response_rate"]) == (0, None)


def test_an_answer_counts_on_its_own_day_and_not_on_that_of_the_fact():
    late = answers("9", day=date(2026, 8, 1))[0] | {"answered_day": TODAY}

    assert trend([late])["rows"][-1]["n"] == 1


def test_an_answer_about_what_was_asked_half_a_year_later_counts():
    late = answers("9", day=TODAY - timedelta(days=200))[0] | {"answered_day": TODAY}
    rules = ReportRules(lag=timedelta(days=261))

    assert compute(Archive([late]), asked(), rules)[EVERYTHING]["rows"][-1]["n"] == 1
