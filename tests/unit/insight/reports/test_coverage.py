"""From facts to answers: what was lost at each step, and whether those who answered are like those who did not."""

import pytest

from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.model.invitation import SkipReason
from afterbill.model.questions import Question
from afterbill_reports.reports.coverage import INELIGIBLE, STEPS, UNSCHEDULED, compute
from tests.unit.insight.reports.fact_world import RULES, STAGES, TODAY, Archive, answer, answers, asked, fact, skipped

NOON = fact()["sent_at"]


def coverage(rows: list, scope=EVERYTHING, rules: ReportRules = RULES, **others):
    return compute(Archive(rows), asked(**others), rules)[scope]


def counts(body: dict) -> dict[str, int]:
    return {row["step"]: row["count"] for row in body["rows"]}


def times(n: int, row: dict) -> list:
    return [row] * n


def test_each_step_counts_what_came_so_far():
    rows = [
        *times(2, skipped("not_asked")),
        *times(3, skipped("cooldown")),
        *times(4, skipped("expired")),
        *times(1, fact(state="pending", sent_at=None, sent_day=None)),
        *times(5, fact()),
        *times(6, fact(delivered_at=NOON)),
        *times(7, fact(delivered_at=NOON, opened_at=NOON)),
        *times(8, answer(9, delivered_at=NOON, opened_at=NOON)),
    ]

    body = coverage(rows)

    assert list(counts(body).items()) == list(zip(STEPS, (36, 34, 31, 26, 21, 15, 8), strict=True))
    assert body["waiting"] == 1
    assert body["rows"][1]["share"] == pytest.approx(34 / 36, abs=1e-6)


def test_who_answered_has_opened_and_received_even_where_no_mail_system_told_so():
    assert counts(coverage([answer(9)]))["delivered"] == 1


def test_every_skip_reason_is_counted_and_one_that_nobody_knows_too():
    rows = [skipped(reason) for reason in [*SkipReason, "of_tomorrow", SkipReason.COOLDOWN]]

    body = coverage(rows)

    assert body["skips"][0] == {"reason": "cooldown", "count": 2}
    assert {row["reason"] for row in body["skips"]} == {*SkipReason, "of_tomorrow"}
    assert (body["waiting"], counts(body)["sent"]) == (0, 0)
    assert not INELIGIBLE & UNSCHEDULED


def test_a_survey_that_was_closed_after_it_went_out_was_not_skipped():
    assert coverage([fact(state="closed", skip_reason="dismissed")])["skips"] == []


@pytest.mark.parametrize(
    "row",
    [answer(9, channel="link"), answer(9, channel="api"), answer(9, imported=True), answer(9, anonymous=True)],
)
def test_what_came_with_its_answer_is_no_fact_to_ask_about(row):
    assert counts(coverage([row]))["facts"] == 0


def test_facts_count_by_their_own_day_whenever_the_answer_came():
    late = answer(9, day=asked().window.first) | {"answered_day": TODAY}
    before = answer(9, day=asked().window.before.last) | {"answered_day": TODAY}

    assert counts(coverage([late, before]))["answered"] == 1


def test_questions_are_not_mixed():
    assert counts(coverage([fact(), fact(question="csat")], question=Question.CSAT))["facts"] == 1


def test_a_planted_difference_of_response_is_found_and_a_null_is_none():
    rows = [
        *times(40, answer(9, plan="pro", country="CH")),
        *times(60, fact(plan="pro", country="CH")),
        *times(40, answer(9, plan="pro", country="DE")),
        *times(60, fact(plan="pro", country="DE")),
        *times(10, answer(9, plan="basic", country="CH")),
        *times(90, fact(plan="basic", country="CH")),
        *times(10, answer(9, plan="basic", country="DE")),
        *times(90, fact(plan="basic", country="DE")),
    ]

    body = coverage(rows)
    found = {(row["dimension"], row["value"]): row for row in body["answered_by"]}

    pro = found["plan", "pro"]
    assert (pro["invited"], pro["answered"], pro["rate"], pro["difference"], pro["real"]) == (200, 80, 0.4, 0.3, True)
    assert (pro["share_of_invited"], pro["share_of_answered"]) == (0.5, 0.8)
    assert pro["low"] < 0.4 < pro["high"]
    assert not found["country", "CH"]["real"]
    assert (found["source", "shop"]["difference"], found["source", "shop"]["why"]) == (None, "nothing_else")
    assert body["comparisons"] == 4


def test_below_thirty_invited_no_difference_is_real():
    rows = [*times(20, answer(9, plan="pro")), *times(40, fact(plan="basic"))]

    body = coverage(rows, by=("plan",))

    assert [(row["value"], row["real"], row["why"]) for row in body["answered_by"]] == [
        ("basic", False, "few_to_compare"),
        ("pro", False, "few_to_compare"),
    ]


def test_the_weighted_score_stands_beside_the_plain_one():
    rows = [
        *answers("9*48 3*12", plan="pro"),
        *times(40, fact(plan="pro")),
        *answers("9*4 3*16", plan="basic"),
        *times(80, fact(plan="basic")),
    ]

    body = coverage(rows)

    assert (body["plain"]["score"], body["weighted"]["score"]) == (30, 0)
    assert body["weighted"]["low"] < 0 < body["weighted"]["high"]
    assert (body["weighted"]["by"], body["weighted"]["trimmed"]) == ("cells", 0)
    assert body["weighted"]["n_eff"] == 60


def test_where_cells_are_thin_weights_are_raked():
    rows = [*answers("9*48 3*12", plan="pro"), *answers("9*4 3*6", plan="basic"), *times(80, fact(plan="basic"))]

    assert coverage(rows)["weighted"]["by"] == "raking"


def test_too_few_answers_are_not_weighed():
    body = coverage([*answers("9*9"), fact()])

    assert (body["weighted"]["score"], body["weighted"]["why"]) == (None, "no_weights")
    assert (body["plain"]["score"], body["plain"]["why"]) == (None, "few_answers")


def test_unconfirmed_answers_weigh_only_where_they_count():
    rows = [*answers("9*20"), *answers("3*20", confirmed=False)]

    strict = ReportRules(stages=STAGES, unconfirmed=False)

    assert coverage(rows)["plain"]["score"] == 0
    assert coverage(rows, rules=strict)["plain"]["score"] == 100
    assert counts(coverage(rows, rules=strict))["answered"] == 40


def test_of_one_value_the_steps_are_told_and_the_rest_is_on_demand():
    rows = [*answers("9*20", plan="pro"), *answers("9*10", plan="basic")]

    body = coverage(rows, ("plan", "pro"))

    assert counts(body)["answered"] == 20
    assert (body["weighted"], body["answered_by"], body["why"]) == (None, None, "on_demand")
    assert coverage(rows, where=(("plan", "pro"),))["weighted"]["score"] == 100


def test_without_facts_every_step_is_zero():
    body = coverage([])

    assert set(counts(body).values()) == {0}
    assert {row["share"] for row in body["rows"]} == {None}
    assert (body["skips"], body["answered_by"], body["waiting"]) == ([], [], 0)
