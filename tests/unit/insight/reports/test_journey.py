"""The journey: where it hurts, why, and how many points of the score that costs."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.content import catalog
from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.model.questions import Category, Question
from afterbill_reports.reports import journey
from afterbill_reports.reports.emotions import emotion
from afterbill_reports.reports.journey import compute
from tests.unit.insight.reports.fact_world import RULES, STAGES, Archive, answers, asked, some_facts

SUPPORT = {"stage": "support", "touchpoint": "refunded"}


def told(rows: list, scope=EVERYTHING, plan: dict | None = None, **others):
    return compute(Archive(rows), asked(**others), ReportRules(stages=STAGES, journey=plan or {}))[scope]


def place(body: dict, stage: str, touchpoint: str = "") -> dict:
    (row,) = [row for row in body["rows"] if (row["stage"], row["touchpoint"]) == (stage, touchpoint)]
    return row


def test_every_stage_has_a_row_in_its_order_with_its_touchpoints():
    body = told([*answers("9*20"), *answers("3*10", **SUPPORT)])

    assert [(row["stage"], row["touchpoint"]) for row in body["rows"]] == [
        ("awareness", ""),
        ("consideration", ""),
        ("purchase", ""),
        ("purchase", "payment_succeeded"),
        ("support", ""),
        ("support", "refunded"),
        ("loyalty", ""),
    ]
    assert journey.STAGES == catalog.STAGES


def test_a_stage_of_which_nothing_is_known_comes_last():
    assert told(answers("9", stage=None))["rows"][-2]["stage"] == "unknown"


def test_a_place_has_its_share_its_score_and_the_points_that_it_costs():
    body = told([*answers("9*60 8*10"), *answers("3*20 9*10", **SUPPORT)])

    support = place(body, "support", "refunded")

    assert (support["n"], support["share"], support["score"]) == (30, 0.3, -33.333333)
    assert (support["cost"], place(body, "purchase")["cost"]) == (40, 10)
    assert body["total"]["score"] == 50


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.sampled_from(Question))
def test_costs_sum_to_what_is_missing_to_100_to_the_last_digit(seed, question):
    found = compute(Archive(some_facts(seed, 150, question)), asked(question=question), RULES)

    for body in found.values():
        if body["total"]["score"] is not None:
            missing = 100 - Decimal(str(body["total"]["score"]))
            stages, places = (
                [row for row in body["rows"] if bool(row["touchpoint"]) is inner] for inner in (False, True)
            )
            for rows in (stages, places, body["pains"]):
                assert sum(Decimal(str(row["cost"] or 0)) for row in rows) == missing


def test_the_dearest_pain_comes_first_and_content_people_cost_nothing():
    rows = [*answers("9*80", reason="service"), *answers("8*8", reason="price"), *answers("3*6 9*6", **SUPPORT)]

    pains = told(rows)["pains"]

    assert [(pain["touchpoint"], pain["reason"], pain["cost"]) for pain in pains] == [
        ("refunded", "none", 12),
        ("payment_succeeded", "price", 8),
    ]


def test_pains_beyond_twenty_are_taken_together():
    rows = [row for number in range(30) for row in answers("3*2", reason=f"reason {number:02}")]

    pains = told(rows)["pains"]

    assert len(pains) == 21
    assert (pains[-1]["reason"], pains[-1]["n"]) == ("other", 20)
    assert sum(Decimal(str(pain["cost"])) for pain in pains) == 200


def test_reasons_are_told_as_emotions():
    rows = [*answers("9*6 8*3 3*1", reason="price"), *answers("3*10", reason="parking"), *answers("9*5")]

    assert [(row["emotion"], row["reason"], row["n"], row["share"]) for row in told(rows)["emotions"]] == [
        ("discontent", "parking", 10, 0.4),
        ("fairly treated", "price", 6, 0.24),
        ("indifferent", "price", 3, 0.12),
        ("overcharged", "price", 1, 0.04),
    ]


@pytest.mark.parametrize(
    ("category", "words"),
    [(Category.PROMOTER, ("sure", "content")), (Category.DETRACTOR, ("confused", "discontent"))],
)
def test_a_reason_of_an_operators_own_has_a_plain_word(category, words):
    assert (emotion("billing_clarity", category), emotion("parking", category)) == words


def test_a_planted_drop_at_one_touchpoint_is_real_there_and_nowhere_else():
    october, november = date(2026, 10, 10), date(2026, 11, 10)
    rows = [
        *answers("9*60 3*40", day=october),
        *answers("9*61 3*39", day=november),
        *answers("9*60 3*40", day=october, **SUPPORT),
        *answers("9*20 3*80", day=november, **SUPPORT),
    ]

    body = told(rows)

    assert {(row["stage"], row["touchpoint"]) for row in body["rows"] if row["real"]} == {
        ("support", ""),
        ("support", "refunded"),
    }
    assert place(body, "support")["change"] == -80


def test_a_value_of_a_key_of_the_journey_has_its_own_answers():
    rows = [*answers("9*20", reason="price"), *answers("3*10", **SUPPORT), *answers("9*5 3*5", plan="pro")]

    assert told(rows, ("touchpoint", "refunded"))["total"]["score"] == -100
    assert told(rows, ("reason", "price"))["total"]["n"] == 20
    assert told(rows, ("plan", "pro"))["total"]["score"] == 0


PLAN = {
    "steps": [
        {
            "name": "Paying",
            "touchpoints": ["payment_succeeded"],
            "owner": "Billing",
            "notes": [
                {"text": "Two mails confuse.", "source": "interviews", "date": date(2026, 10, 5)},
                {"text": "Slow"},
            ],
            "measures": [{"text": "One mail", "owner": "Anna", "due": date(2027, 1, 31)}, {"text": "Faster"}],
        },
        {"name": "Help", "stage": "support"},
    ],
    "versions": [
        {"name": "One mail", "since": date(2026, 11, 8)},
        {"name": "Later", "since": date(2027, 1, 1)},
    ],
}


def test_the_operators_steps_have_scores_and_what_is_noted_and_planned():
    paying, support = told([*answers("9*20"), *answers("3*10", **SUPPORT)], plan=PLAN)["steps"]

    assert (paying["step"], paying["owner"], paying["score"], paying["n"]) == ("Paying", "Billing", 100, 20)
    assert paying["notes"] == [
        {"text": "Two mails confuse.", "source": "interviews", "on": "2026-10-05"},
        {"text": "Slow", "source": "", "on": ""},
    ]
    assert paying["measures"][0] == {"text": "One mail", "owner": "Anna", "due": "2027-01-31"}
    assert (support["touchpoints"], support["score"]) == (["refunded", "payment_failed"], -100)


def test_without_steps_of_the_operators_there_are_none_beside_the_stages():
    assert told(answers("9*20"))["steps"] == []


def test_versions_within_the_window_are_compared_in_all_and_by_step():
    rows = [*answers("9*20 3*80", day=date(2026, 11, 2)), *answers("9*70 3*30", day=date(2026, 11, 9))]

    before, after = told(rows, plan=PLAN)["versions"]

    assert (before["version"], before["first"], before["last"]) == ("", "2026-10-24", "2026-11-07")
    assert (before["score"], before["change"]) == (-60, None)
    assert (after["version"], after["last"]) == ("One mail", "2026-11-22")
    assert (after["score"], after["change"], after["real"]) == (40, 100, True)
    assert [(step["step"], step["change"], step["real"]) for step in after["steps"]] == [
        ("Paying", 100, True),
        ("Help", None, False),
    ]


def test_without_answers_every_stage_says_so():
    body = told([])

    assert {row["why"] for row in body["rows"]} == {"no_answers"}
    assert (body["pains"], body["emotions"], body["comparisons"]) == ([], [], 0)
