"""The time after an answer, customers followed one by one and judged by lifelines."""

import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import pytest

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING, Body, Scope
from afterbill_reports.reports.outcomes import OUTCOMES, compute
from tests.unit.insight.reports.fact_world import TODAY, Archive, asked
from tests.unit.insight.reports.worth_world import (
    BAD,
    GOOD,
    RULES,
    archive,
    business,
    category_of,
    counted,
    did,
    is_gone,
    one_each,
    scopes_of,
    until,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of pandas, about its own future
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

YEAR = Window("365d", date(2025, 11, 23), TODAY)
JUNE = Window("2026-06", date(2026, 6, 1), date(2026, 6, 30))
EVENT = {
    "retention": ["cancelled"],
    "renewal": ["renewed"],
    "upgrade": ["upgraded"],
    "repeat_purchase": ["payment_succeeded", "order_paid"],
    "refund": ["refunded"],
    "failed_payment": ["payment_failed"],
}


def subjects(rows, answers, outcome: str) -> list[tuple[str, int, bool]]:
    """Category, days followed, and if it happened, of each customer by their first answer."""
    end = max(max(row["fact_day"], row.get("answered_day") or row["fact_day"]) for row in rows)
    found = []
    for answer in one_each(answers, lambda mine: mine[0]):
        if outcome in {"retention", "renewal", "upgrade"} and is_gone(until(rows, answer)):
            continue
        later = [
            row["fact_day"]
            for row in rows
            if row["customer_id"] == answer["customer_id"]
            and row["touchpoint"] in EVENT[outcome]
            and row["occurred_at"] > answer["answered_at"]
        ]
        days = (min(later, default=end) - answer["answered_day"]).days
        found.append((category_of(answer["rating"]), days, bool(later)))
    return found


def outcomes(rows, window=JUNE):
    return compute(Archive(rows), asked(window), RULES)[EVERYTHING]


def curve(body, category: str) -> dict[int, float]:
    return {row["day"]: row["survival"] for row in body["rows"] if row["category"] == category}


@cache
def of_a_year() -> Mapping[Scope, Body]:
    return compute(archive(1), asked(YEAR), RULES)


@pytest.mark.parametrize("outcome", EVENT)
def test_every_curve_and_comparison_is_that_of_lifelines_over_customers_followed_one_by_one(outcome):
    rows, found = business(1), of_a_year()

    for scope, answers in scopes_of(counted(rows, asked(), YEAR), ["size"]).items():
        people = subjects(rows, answers, outcome)
        body = found[scope]["outcomes"][outcome]
        theirs = multivariate_logrank_test(
            [days for _, days, _ in people], [group for group, _, _ in people], [event for _, _, event in people]
        )
        for category in {group for group, _, _ in people}:
            mine = [(days, event) for group, days, event in people if group == category]
            judge = KaplanMeierFitter().fit(*zip(*mine, strict=True))
            listed = [row for row in body["rows"] if row["category"] == category]

            assert max(row["day"] for row in listed) <= max(days for days, _ in mine)
            for row in listed:
                assert row["survival"] == pytest.approx(judge.predict(row["day"]), abs=1e-6)
                assert row["at_risk"] == sum(days >= row["day"] for days, _ in mine)
        if body["logrank"]["chi2"] is not None:
            assert body["logrank"]["chi2"] == pytest.approx(theirs.test_statistic, abs=1e-6)
            assert body["logrank"]["p"] == pytest.approx(theirs.p_value)
        else:
            assert not any(event for _, _, event in people)


def test_the_outcomes_are_those_of_these_tests_and_retention_stands_on_top():
    found = outcomes([did("anna", "renewed", date(2026, 6, 3), 9)])

    assert list(found["outcomes"]) == list(EVENT) == list(OUTCOMES)
    assert found["outcome"] == "retention"
    assert found["rows"] == found["outcomes"]["retention"]["rows"] != []


def test_the_category_is_that_of_the_first_answer_whatever_comes_later():
    rows = [
        did("anna", "renewed", date(2026, 6, 1), 9),
        did("anna", "renewed", date(2026, 6, 20), 2),
        did("anna", "cancelled", date(2026, 7, 1)),
    ]

    found = outcomes([*rows, did("bert", "order_paid", TODAY)])

    assert curve(found, GOOD)[30] == 0
    assert curve(found, BAD) == {}


def test_customers_are_followed_to_the_end_of_the_archive_and_no_further():
    rows = [did("anna", "renewed", date(2026, 6, 10), 9), did("bert", "order_paid", date(2026, 7, 10))]

    assert max(curve(outcomes(rows), GOOD)) == 30


def test_what_happened_before_the_answer_is_no_outcome_of_it():
    rows = [
        did("anna", "payment_failed", date(2026, 6, 9)),
        did("anna", "payment_failed", date(2026, 6, 10), 9),
        did("anna", "payment_recovered", date(2026, 6, 20)),
    ]

    failed = outcomes(rows)["outcomes"]["failed_payment"]

    assert set(curve(failed, GOOD).values()) == {1}
    assert failed["logrank"]["why"] == "nothing_happened"


def test_whoever_had_cancelled_when_they_answered_can_neither_stay_nor_renew():
    rows = [did("anna", "cancelled", date(2026, 6, 9), 2), did("anna", "order_paid", date(2026, 7, 9))]

    found = outcomes(rows)["outcomes"]

    assert {name: one["left_out"] for name, one in found.items() if one["left_out"]} == {
        "retention": 1,
        "renewal": 1,
        "upgrade": 1,
    }
    assert found["retention"]["logrank"]["why"] == "no_answers"
    assert curve(found["repeat_purchase"], BAD)[30] == 0


def test_whoever_came_back_before_the_answer_can_leave_again():
    rows = [
        did("anna", "cancelled", date(2026, 6, 1)),
        did("anna", "subscription_started", date(2026, 6, 9), 9),
        did("anna", "cancelled", date(2026, 6, 29)),
    ]

    assert curve(outcomes(rows), GOOD) == {0: 1, 7: 1, 14: 1, 20: 0}
    assert outcomes(rows)["outcomes"]["retention"]["left_out"] == 0


def test_one_category_alone_is_compared_with_nothing():
    rows = [did("anna", "renewed", date(2026, 6, 9), 9), did("anna", "cancelled", date(2026, 6, 29))]

    assert outcomes(rows)["logrank"]["why"] == "one_category"


def test_answers_of_people_nobody_knows_any_more_are_counted_and_not_followed():
    rows = [did("anna", "renewed", date(2026, 6, 9), 9, removed=True) | {"customer_id": None}]

    found = outcomes(rows)

    assert (found["unknown"], found["rows"], found["why"]) == (1, [], "nobody_known")


def test_of_60_plans_those_with_most_customers_are_stored():
    rows = [did(f"c{number}", "renewed", JUNE.first, 9, plan=f"p{number % 60:02}") for number in range(65)]

    found = compute(Archive(rows), asked(JUNE), RULES)

    assert sorted(value for name, value in found if name == "plan") == [f"p{number:02}" for number in range(50)]


def cohort(n: int) -> list:
    """So many customers of each of two ratings; every second one of those who are not content leaves within weeks."""
    rows = [did("last", "order_paid", TODAY)]
    for number in range(n):
        rows += [did(f"{rating} {number}", "renewed", JUNE.first, rating) for rating in (2, 9)]
        if number % 2:
            rows.append(did(f"2 {number}", "cancelled", JUNE.first + timedelta(days=10 + number % 7)))
    return rows


def test_a_great_difference_of_enough_customers_is_called_real():
    found = outcomes(cohort(40))

    assert found["logrank"]["real"]
    assert found["logrank"]["q"] <= 0.05
    assert found["comparisons"] == 1
    assert curve(found, BAD)[30] == 0.5
    assert curve(found, GOOD)[30] == 1


def test_a_curve_ends_on_the_last_day_to_which_anybody_was_followed():
    rows = [did("anna", "renewed", JUNE.first, 9), did("anna", "cancelled", JUNE.first + timedelta(days=17))]

    assert curve(outcomes(rows), GOOD) == {0: 1, 7: 1, 14: 1, 17: 0}


def test_nothing_is_called_real_where_a_category_is_small():
    found = outcomes(cohort(29))["logrank"]

    assert found["p"] < 0.05
    assert (found["real"], found["q"], found["why"]) == (False, None, "few_to_compare")
