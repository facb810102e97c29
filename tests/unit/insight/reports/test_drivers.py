"""The reasons: the parts sum to the score. The attributes: what the score goes with."""

from decimal import Decimal

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.model.questions import Question
from afterbill_reports.reports.drivers import compute
from tests.unit.insight.reports.fact_world import RULES, STAGES, Archive, answers, asked, skipped, some_facts


def drivers(rows: list, scope=EVERYTHING, rules: ReportRules = RULES, **others):
    return compute(Archive(rows), asked(**others), rules)[scope]


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.sampled_from(Question))
def test_contributions_sum_to_the_score_to_the_last_digit(seed, question):
    found = compute(Archive(some_facts(seed, 150, question)), asked(question=question), RULES)

    for body in found.values():
        if body["total"]["score"] is not None:
            parts = [Decimal(str(row["contribution"])) for row in body["rows"]]
            assert sum(parts) == Decimal(str(body["total"]["score"]))
            assert sum(Decimal(str(row["pull"])) for row in body["rows"]) == 0


def test_a_reason_has_its_share_its_score_and_what_it_adds():
    rows = [*answers("3*30 9*10", reason="price"), *answers("9*60", reason="service")]

    service, price = drivers(rows)["rows"]

    assert (service["reason"], service["share"], service["contribution"], service["pull"]) == ("service", 0.6, 60, 36)
    assert (price["reason"], price["share"], price["score"], price["contribution"]) == ("price", 0.4, -50, -20)


def test_answers_without_a_reason_are_a_part_too():
    assert [row["reason"] for row in drivers([*answers("9*20"), *answers("3", reason="price")])["rows"]] == [
        "none",
        "price",
    ]


def test_the_part_of_a_reason_with_few_answers_is_exact_and_its_score_not_said():
    row = drivers([*answers("9*27"), *answers("3*3", reason="price")])["rows"][1]

    assert (row["score"], row["why"], row["contribution"]) == (None, "few_answers", -10)


def test_reasons_that_billing_systems_report_stand_beside_without_a_rating():
    rows = [
        *(skipped("not_asked", touchpoint="cancelled", reported_reason="too_expensive") for _ in range(3)),
        skipped("not_asked", touchpoint="cancelled", reported_reason="unused", plan="pro"),
    ]

    assert drivers(rows)["reported"] == [
        {"reason": "too_expensive", "n": 3, "share": 0.75},
        {"reason": "unused", "n": 1, "share": 0.25},
    ]


def test_without_answers_there_is_a_statement():
    body = drivers([])

    assert (body["rows"], body["total"]["why"], body["attributes"]["rows"]) == ([], "no_answers", None)
    assert body["attributes"]["why"] == "nothing_else"


def test_attributes_divide_r2_as_a_regression_on_the_same_answers_does():
    rows = some_facts(8, 1500)
    rules = ReportRules(segments=("size",), stages=STAGES)

    found = drivers(rows, rules=rules)["attributes"]

    mine = answered(rows)
    figure = np.array([100 * ((row["rating"] >= 9) - (row["rating"] <= 6)) for row in mine])
    names = {row["dimension"] for row in found["rows"]}
    assert names == {"touchpoint", "plan", "country", "channel", "size"}
    columns = np.array([dummies(row) for row in mine], dtype=float)
    assert found["r2"] == pytest.approx(sm.OLS(figure, sm.add_constant(columns)).fit().rsquared, abs=1e-6)
    assert sum(row["share"] for row in found["rows"]) == pytest.approx(found["r2"], abs=1e-5)
    assert (found["n"], found["note"]) == (
        len(mine),
        "The score goes with these. That does not say that they are the cause.",
    )


def answered(rows: list) -> list:
    return [
        row
        for row in rows
        if row.get("rating") is not None
        and not row["anonymous"]
        and row["question"] == "nps"
        and asked().window.first <= row["answered_day"] <= asked().window.last
    ]


def dummies(row: dict) -> list[bool]:
    touchpoints = ("signed_up", "payment_succeeded", "order_paid", "refunded", "payment_failed")
    return [
        *(row["touchpoint"] == name for name in touchpoints),
        *(row["plan"] == name for name in ("basic", "pro")),
        *(row["country"] == name for name in ("CH", "DE")),
        *(row["channel"] == name for name in ("mail", "sms", "link")),
        *(row["segments"].get("size") == name for name in ("small", "large")),
    ]


def test_a_planted_attribute_comes_first_and_one_of_chance_stays_near_what_chance_gives():
    rows = [
        *answers("9*70 3*30", plan="pro", country="CH"),
        *answers("9*72 3*28", plan="pro", country="DE"),
        *answers("9*30 3*70", plan="basic", country="CH"),
        *answers("9*28 3*72", plan="basic", country="DE"),
    ]

    plan, country = drivers(rows)["attributes"]["rows"]

    assert (plan["dimension"], country["dimension"]) == ("plan", "country")
    assert plan["share"] == pytest.approx(0.176, abs=0.001)
    assert country["share"] <= country["by_chance"] == pytest.approx(1 / 399, abs=1e-6)


def test_attributes_need_ten_answers_for_each_value():
    found = drivers([*answers("9*15", plan="pro"), *answers("3*14", plan="basic")])["attributes"]

    assert (found["rows"], found["why"]) == (None, "few_for_attributes")


def test_attributes_are_told_of_everything_and_of_a_filter_alone():
    rows = [*answers("9*60 3*60", plan="pro", country="CH"), *answers("3*60", plan="pro", country="DE")]

    assert "attributes" not in drivers(rows, scope=("plan", "pro"))
    assert drivers(rows, where=(("plan", "pro"),))["attributes"]["rows"]
