"""The page of reasons: parts that sum to the score, and what billing systems report."""

import pytest

from afterbill_dev.console.world import World
from tests.unit.console.pages import EN, answered, opened, report, score, with_reports

PAGE = "/app/drivers?window=365d"
TABLE = "drivers-table"
TOTAL = {"n": 40, "score": -10.0, "low": -30.0, "high": 10.0, "few": False}


def reason(name, n, points, contribution, pull=0.0):
    return {
        "reason": name,
        "share": n / 40,
        "n": n,
        "score": points,
        "low": -50.0,
        "high": 50.0,
        "few": n < 30,
        "contribution": contribution,
        "pull": pull,
    }


def body(rows, **more):
    return {"rows": rows, "total": TOTAL, "reported": [], **more}


class TestFigures:
    def test_every_row_has_the_figures_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "drivers")
        shown = [(cells[1].split(" ")[0], cells[2], cells[3].split(" ")[0], *cells[4:]) for cells in page.rows(TABLE)]
        wanted = [
            (
                EN.count(one["n"]),
                EN.share(one["share"]),
                EN.score(one["score"]),
                EN.decimal(one["contribution"], 2),
                EN.decimal(one["pull"], 2),
            )
            for one in found["rows"]
        ]

        assert shown[:-1] == wanted

    def test_the_parts_sum_to_the_score(self, world: World):
        found = report(world, "drivers")
        last = opened(world, PAGE).rows(TABLE)[-1]

        assert sum(one["contribution"] for one in found["rows"]) == pytest.approx(found["total"]["score"])
        assert last[4] == EN.decimal(found["total"]["score"], 2)

    def test_scores_and_answers_are_those_of_a_recount(self, world: World):
        page, facts = opened(world, PAGE), answered(world)
        ratings = [one.answer.rating for one in facts if one.answer.reason == "price"]
        cells = next(cells for cells in page.rows(TABLE) if cells[0] == "Price")

        assert cells[1].split(" ")[0] == EN.count(len(ratings))
        assert cells[3].split(" ")[0] == EN.score(score(ratings))
        assert page.rows(TABLE)[-1][1] == EN.count(len(facts))


class TestFindings:
    @pytest.mark.parametrize(
        ("points", "title"),
        [(-8.2, "Price: takes 8.2 points from the score"), (6.1, "Price: adds 6.1 points to the score")],
    )
    def test_the_title_names_the_reason_that_weighs_most(self, world: World, points, title):
        rows = [reason("none", 20, -90.0, -45.0), reason("price", 20, 0.0, points)]
        with_reports(world, bodies={"drivers": body(rows)})

        assert title in opened(world, PAGE).headings

    def test_without_a_reason_there_is_nothing_to_say(self, world: World):
        with_reports(world, bodies={"drivers": body([reason("none", 40, -10.0, -10.0)])})

        assert "Too few answers with a reason to say what weighs" in opened(world, PAGE).headings

    def test_an_attribute_is_named_where_it_goes_further_than_chance(self, world: World):
        rows = [{"dimension": "plan", "share": 0.2, "by_chance": 0.01}]
        attributes = {"rows": rows, "n": 40, "r2": 0.2, "note": ""}
        with_reports(world, bodies={"drivers": body([], attributes=attributes)})
        page = opened(world, PAGE)

        assert f"The score goes with one attribute most: Plan, {EN.share(0.2, 1)} of all differences" in page.headings
        assert "That does not say that they are the cause" in page.text

    def test_an_attribute_within_chance_is_called_nothing(self, world: World):
        rows = [{"dimension": "plan", "share": 0.01, "by_chance": 0.02}]
        with_reports(world, bodies={"drivers": body([], attributes={"rows": rows, "n": 40, "r2": 0.01, "note": ""})})

        assert "The score goes with none of these more than chance would have it" in opened(world, PAGE).headings

    def test_attributes_that_cannot_be_told_say_why(self, world: World):
        attributes = {"rows": [], "n": 4, "r2": None, "why": "few_for_attributes", "because": "Too few."}
        with_reports(world, bodies={"drivers": body([], attributes=attributes)})

        assert "Too few answers to tell the attributes apart." in opened(world, PAGE).text

    def test_reported_reasons_stand_apart(self, world: World):
        reported = [{"reason": "too_expensive", "n": 3, "share": 0.75}, {"reason": "own words", "n": 1, "share": 0.25}]
        with_reports(world, bodies={"drivers": body([reason("price", 40, -10.0, -10.0)], reported=reported)})
        page = opened(world, PAGE)

        assert f"Too expensive: what billing systems report most, {EN.share(0.75)} of all ends" in page.headings
        assert "own words" in page.text


def test_a_reason_leads_to_the_page_within_it_and_to_its_answers(world: World):
    links = opened(world, PAGE).links

    assert "/app/drivers?window=365d&where=reason%3Aprice" in links
    assert [link for link in links if link.startswith("/app/responses") and "reason=price" in link]
