"""Every value is compared with the rest, and all comparisons are judged together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.model.questions import Question
from afterbill_reports.reports.segments import compute
from tests.unit.insight.reports.fact_world import RULES, STAGES, Archive, answers, asked, some_facts


def segments(rows: list, rules: ReportRules = RULES, scope=EVERYTHING, **others):
    return compute(Archive(rows), asked(**others), rules)[scope]


def of(body: dict, dimension: str) -> dict:
    return {row["value"]: row for row in body["rows"] if row["dimension"] == dimension}


def test_a_planted_difference_is_real_and_has_its_size():
    rows = [*answers("9*30 3*70", plan="basic"), *answers("9*70 3*30", plan="pro")]

    plans = of(segments(rows), "plan")

    assert (plans["pro"]["score"], plans["pro"]["difference"], plans["pro"]["real"]) == (40, 80, True)
    assert (plans["basic"]["difference"], plans["basic"]["real"]) == (-80, True)


def test_differences_are_judged_together_as_statsmodels_would():
    body = segments(some_facts(4, 900))
    compared = [row for row in body["rows"] if row["p"] is not None]

    reject, q, *_ = multipletests([row["p"] for row in compared], method="fdr_bh")

    assert body["comparisons"] == len(compared) > 10
    assert [row["q"] for row in compared] == pytest.approx(list(q))
    assert [row["real"] for row in compared] == list(reject)


def test_what_stands_out_alone_may_be_chance_among_100_plans():
    plans = [row for number in range(99) for row in answers("9*15 3*15", plan=f"plan {number}")]
    striking = answers("9*22 3*8", plan="plan 99")

    row = of(segments([*plans, *striking]), "plan")["plan 99"]

    assert row["p"] < 0.05 < row["q"]
    assert not row["real"]


def test_of_300_plans_all_are_listed_and_those_with_most_answers_have_a_report_of_their_own():
    rows = [row for number in range(300) for row in answers(f"9*{10 + (number < 3)}", plan=f"plan {number:03}")]

    found = compute(Archive(rows), asked(), RULES)

    assert len(of(found[EVERYTHING], "plan")) == 300
    own = [name for dimension, name in found if dimension == "plan"]
    assert (len(own), own[:4]) == (50, ["plan 000", "plan 001", "plan 002", "plan 003"])


@pytest.mark.parametrize(("some", "others"), [("9*29", "3*100"), ("9*100", "3*29")])
def test_nothing_is_real_below_thirty_answers_on_either_side(some, others):
    row = of(segments([*answers(some, plan="pro"), *answers(others, plan="basic")]), "plan")["pro"]

    assert (row["p"], row["real"], row["why"]) == (None, False, "few_to_compare")
    assert row["difference"] == 200


def test_below_ten_answers_a_value_has_no_score():
    row = of(segments([*answers("9*9", plan="pro"), *answers("3*40", plan="basic")]), "plan")["pro"]

    assert (row["n"], row["score"], row["difference"], row["why"]) == (9, None, None, "few_answers")


def test_the_only_value_of_a_dimension_has_nothing_to_be_compared_with():
    row = of(segments(answers("9*40")), "source")["shop"]

    assert (row["score"], row["difference"], row["real"], row["why"]) == (100, None, False, "nothing_else")


def test_a_dimension_of_which_nothing_is_known_has_no_row():
    assert of(segments(answers("9*40")), "country") == {}
    assert of(segments([*answers("9*40"), *answers("9*40", country="CH")]), "country").keys() == {"unknown", "CH"}


def test_declared_segments_are_named_as_the_operator_does():
    rows = [*answers("9*20", segments={"size": "small"}), *answers("3*20", segments={"size": "large", "age": "old"})]

    body = segments(rows, ReportRules(segments=("size", "age"), stages=STAGES))

    assert {value: row["n"] for value, row in of(body, "size").items()} == {"small": 20, "large": 20}
    assert {value: row["n"] for value, row in of(body, "age").items()} == {"old": 20, "unknown": 20}


def test_chosen_pairs_are_compared_too():
    rows = [
        *answers("9*30", plan="pro", country="CH"),
        *answers("3*30", plan="pro", country="DE"),
        *answers("9*9", plan="basic", country="DE"),
    ]

    body = segments(rows, ReportRules(pairs=(("country", "plan"),), stages=STAGES))

    assert {value: row["n"] for value, row in of(body, "plan + country").items()} == {"pro + CH": 30, "pro + DE": 30}


def test_within_a_value_only_its_own_answers_are_compared():
    rows = [
        *answers("9*40", plan="pro", country="CH"),
        *answers("3*40", plan="pro", country="DE"),
        *answers("3*40", plan="basic", country="CH"),
    ]

    body = segments(rows, scope=("plan", "pro"))

    assert {value: row["difference"] for value, row in of(body, "country").items()} == {"CH": 200, "DE": -200}
    assert of(body, "plan") == {}


def test_only_the_dimensions_that_are_asked_for_are_listed_and_compared():
    rows = [*answers("9*30", plan="pro"), *answers("3*30", plan="basic")]

    body = segments(rows, by=("plan",))

    assert {row["dimension"] for row in body["rows"]} == {"plan"}
    assert body["comparisons"] == 2


def test_shares_are_compared_by_newcombes_interval():
    rows = [
        *answers("5*80 1*20", plan="pro", question="csat"),
        *answers("5*40 1*60", plan="basic", question="csat"),
    ]

    row = of(segments(rows, question=Question.CSAT), "plan")["pro"]

    assert (row["score"], row["difference"], row["real"], row["mean"]) == (80, 40, True, 4.2)


def test_without_answers_there_is_a_statement_and_no_rows():
    body = segments([])

    assert (body["rows"], body["comparisons"], body["total"]["why"]) == ([], 0, "no_answers")


@settings(max_examples=4)
@given(st.integers(0, 10_000))
def test_the_values_of_a_dimension_have_all_answers_between_them(seed):
    body = segments(some_facts(seed, 150))

    dimensions = {row["dimension"] for row in body["rows"]}
    assert {sum(row["n"] for row in body["rows"] if row["dimension"] == name) for name in dimensions} <= {
        body["total"]["n"]
    }
