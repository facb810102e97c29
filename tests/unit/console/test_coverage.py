"""The page of coverage: from facts to answers, who is silent, and the weighted score beside the plain one."""

import pytest

from afterbill.insight.reports.requested import window_asked
from afterbill_dev.console.world import ZONE, World
from tests.unit.console.pages import EN, opened, report, with_reports

PAGE = "/app/coverage?window=365d"
TABLE = "coverage-table"
PLAIN = {"n": 50, "score": 10.0, "low": -5.0, "high": 25.0, "few": False}
WEIGHTED = {
    "score": 3.0,
    "low": -15.0,
    "high": 21.0,
    "n_eff": 30.0,
    "by": "cells",
    "strata": ["touchpoint", "plan", "country"],
    "trimmed": 0,
    "unheard": 0,
}


def body(counts=(100, 90, 80, 70, 70, 60, 50), **more):
    steps = ("facts", "eligible", "scheduled", "sent", "delivered", "opened", "answered")
    rows = [
        {"step": step, "count": n, "share": n / counts[0] if counts[0] else None}
        for step, n in zip(steps, counts, strict=True)
    ]
    usual = {"skips": [], "waiting": 0, "answered_by": [], "comparisons": 0, "plain": PLAIN, "weighted": WEIGHTED}
    return {"rows": rows, **usual, **more}


def rate(value, invited, answered, difference, *, real=False, **more):
    share = answered / invited
    bounds = {"rate": share, "low": share - 0.1, "high": share + 0.1}
    shares = {"share_of_invited": 0.5, "share_of_answered": 0.4}
    judged = {"difference": difference, "p": 0.01, "q": 0.01, "real": real}
    return {
        "dimension": "plan",
        "value": value,
        "invited": invited,
        "answered": answered,
        **bounds,
        **shares,
        **judged,
        **more,
    }


class TestFigures:
    def test_the_steps_are_those_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "coverage")
        label = next(label for label in page.tables if "have answered" in label)

        assert [cells[1] for cells in page.rows(label)] == [
            f"{EN.count(one['count'])} · {EN.share(one['share'])}" for one in found["rows"]
        ]

    def test_facts_and_answers_are_those_of_a_recount(self, world: World):
        days = window_asked("365d", world.reports.today)
        facts = [one for one in world.facts if days.first <= one.occurred_at.astimezone(ZONE).date() <= days.last]
        replied = [one for one in facts if one.answer and one.answer.rating is not None]
        page = opened(world, PAGE)
        label = next(label for label in page.tables if "have answered" in label)
        rows = page.rows(label)

        assert rows[0][1].startswith(f"{EN.count(len(facts))} ")
        assert rows[-1][1].startswith(f"{EN.count(len(replied))} ")

    def test_every_value_has_the_figures_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "coverage")
        shown = {(cells[1], cells[2], cells[3].split("%")[0]) for cells in page.rows(TABLE)}
        wanted = {
            (EN.count(one["invited"]), EN.count(one["answered"]), EN.share(one["rate"]).split("%")[0])
            for one in found["answered_by"]
        }

        assert shown == wanted
        assert f"{found['comparisons']} comparisons" in page.text

    def test_skips_are_in_words_with_their_share(self, world: World):
        skips = [{"reason": "cooldown", "count": 30}, {"reason": "window", "count": 10}]
        with_reports(world, bodies={"coverage": body(skips=skips, waiting=2)})
        page = opened(world, PAGE)

        assert f"Most that was left out: Asked recently, {EN.share(0.75)}" in page.headings
        assert "2 surveys are still waiting" in page.text


class TestScores:
    def test_the_weighted_score_stands_beside_the_plain_one(self, world: World):
        with_reports(world, bodies={"coverage": body()})
        page = opened(world, PAGE)

        assert (
            "If those who answered were like those who were asked, the score would be 3 instead of 10" in page.headings
        )
        assert "as good as 30 answers of equal weight" in page.text
        assert "Weighted by touchpoint, plan and country together." in page.text

    def test_where_both_are_the_same_it_says_so(self, world: World):
        same = WEIGHTED | {"score": 10.2, "by": "raking", "trimmed": 2, "unheard": 3}
        with_reports(world, bodies={"coverage": body(weighted=same)})
        page = opened(world, PAGE)

        assert "Weighting does not change the score: 10 either way" in page.headings
        assert "2 weights were trimmed." in page.text
        assert "3 who were asked are like nobody who answered." in page.text

    def test_without_a_weighted_score_it_says_why(self, world: World):
        nothing = {"score": None, "low": None, "high": None, "n_eff": None, "why": "no_weights", "because": "Too few."}
        with_reports(world, bodies={"coverage": body(weighted=nothing)})

        assert "Too few answers to weight them." in opened(world, PAGE).text


class TestWhoIsSilent:
    @pytest.mark.parametrize(
        ("difference", "title"),
        [(0.2, "Plan Team answers more often: 60"), (-0.2, "Plan Team answers less often: 60")],
    )
    def test_the_title_names_who_really_answers_otherwise(self, world: World, difference, title):
        with_reports(world, bodies={"coverage": body(answered_by=[rate("Team", 50, 30, difference, real=True)])})

        assert [one for one in opened(world, PAGE).headings if one.startswith(title)]

    def test_nobody_is_named_where_nothing_is_real(self, world: World):
        few = rate("Basic", 10, 3, -0.2) | {"p": None, "why": "few_to_compare", "because": "Few."}
        with_reports(world, bodies={"coverage": body(answered_by=[rate("Team", 50, 30, 0.01), few])})
        page = opened(world, PAGE)

        assert "Nobody really answers more or less than the rest" in page.headings
        assert "Fewer than 30 on one side" in page.text

    def test_many_values_are_cut_and_counted(self, world: World):
        rows = [rate(f"Plan {number}", 50, 30, 0.01) for number in range(100)]
        with_reports(world, bodies={"coverage": body(answered_by=rows)})

        assert "60 more values are not shown here." in opened(world, PAGE).text

    def test_under_a_filter_it_leads_to_all_answers(self, world: World):
        page = opened(world, f"{PAGE}&where=plan%3ATeam")

        assert "computed for all answers without a filter" in page.text
        assert "/app/coverage?window=365d" in page.links


def test_days_without_facts_say_so(world: World):
    with_reports(world, bodies={"coverage": body((0,) * 7, plain=PLAIN | {"score": None})})

    assert "Nothing happened in these days" in opened(world, PAGE).text


def test_days_in_which_nobody_was_asked_say_so(world: World):
    with_reports(world, bodies={"coverage": body((10, 0, 0, 0, 0, 0, 0), plain=PLAIN | {"score": None})})

    assert "Nobody was asked in these days" in opened(world, PAGE).headings
