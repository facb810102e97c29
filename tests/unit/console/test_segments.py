"""The page of segments: every figure is that of the report and of a plain recount, and what is real comes first."""

import re

import pytest

from afterbill_console.pages import segments
from afterbill_console.roles import Role
from afterbill_dev.console.world import World
from tests.unit.console.pages import EN, answered, opened, report, score, with_reports

PAGE = "/app/segments?window=365d"
TABLE = "segments-table"


def row(dimension, value, n=100, difference=0.0, *, real=False):
    known = {"score": 10.0, "low": 0.0, "high": 20.0, "few": n < 30}
    judged = {"difference": difference, "p": 0.5, "q": 0.01 if real else 0.9, "real": real}
    return {"dimension": dimension, "value": value, "n": n, **known, **judged}


def body(rows):
    total = {"n": 900, "score": 1.0, "low": -5.0, "high": 7.0, "few": False}
    return {"rows": rows, "total": total, "comparisons": len(rows)}


class TestFigures:
    def test_every_row_has_the_figures_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "segments")
        shown = {(cells[1].split(" ")[0], cells[2].split(" ")[0], cells[5]) for cells in page.rows(TABLE)}
        wanted = {(EN.score(one["score"]), EN.count(one["n"]), EN.chance(one["q"])) for one in found["rows"]}

        assert shown == wanted
        assert len(page.rows(TABLE)) == min(len(found["rows"]), segments.MOST_SHOWN)

    def test_scores_and_answers_are_those_of_a_recount(self, world: World):
        page = opened(world, PAGE)
        facts = answered(world)
        for plan in ("Basic", "Team", "Business"):
            ratings = [one.answer.rating for one in facts if one.segments["plan"] == plan]
            cells = next(cells for cells in page.rows(TABLE) if cells[0] == f"{plan} Plan")

            assert cells[1].split(" ")[0] == EN.score(score(ratings))
            assert cells[2].split(" ")[0] == EN.count(len(ratings))

    def test_the_response_rate_is_that_of_those_who_were_asked(self, world: World):
        page = opened(world, PAGE)
        rates = {one["value"]: one["rate"] for one in report(world, "coverage")["answered_by"]}
        team = next(cells for cells in page.rows(TABLE) if cells[0] == "Team Plan")

        assert team[3] == EN.share(rates["Team"])

    def test_it_says_of_how_many_comparisons_how_many_are_real(self, world: World):
        page, found = opened(world, PAGE), report(world, "segments")

        assert f"Of {found['comparisons']} comparisons" in page.text
        assert page.text.count("real difference") > 0
        assert sum(
            cells[4].endswith(" real difference") and "no " not in cells[4] for cells in page.rows(TABLE)
        ) == sum(one["real"] for one in found["rows"])


class TestOrder:
    def test_real_differences_come_first_then_the_largest(self):
        rows = [
            row("plan", "a", difference=60.0),
            row("plan", "b", difference=-5.0, real=True),
            row("plan", "c", difference=9.0, real=True),
            row("plan", "d", n=5) | {"difference": None},
            row("plan", "e", n=9) | {"difference": None},
        ]

        assert [one["value"] for one in segments.ranked(rows)] == ["c", "b", "a", "e", "d"]

    @pytest.mark.parametrize(
        ("difference", "title"),
        [(-20.6, "Plan Basic: 21 points below the rest"), (1.2, "Plan Basic: 1 point above the rest")],
    )
    def test_the_title_says_the_finding(self, world: World, difference, title):
        with_reports(world, bodies={"segments": body([row("plan", "Basic", difference=difference, real=True)])})

        assert title in opened(world, PAGE).headings

    def test_without_a_real_difference_the_title_says_that(self, world: World):
        with_reports(world, bodies={"segments": body([row("plan", "Basic", difference=30.0)])})

        assert "Nobody really differs from the rest" in opened(world, PAGE).headings

    def test_a_title_names_it_in_the_words_of_the_language(self, world: World):
        rows = [row("touchpoint", "payment_recovered", difference=-21.0, real=True)]
        with_reports(world, bodies={"segments": body(rows)})

        assert "Zahlung nachgeholt: 21 Punkte unter dem Rest" in opened(world, PAGE, language="de").headings


class TestLinks:
    def test_a_value_leads_to_the_page_within_it(self, world: World):
        assert "/app/segments?window=365d&where=plan%3ATeam" in opened(world, PAGE).links

    def test_a_pair_leads_to_both_filters_and_to_its_answers(self, world: World):
        with_reports(world, bodies={"segments": body([row("plan + country", "Team + CH")])})
        page = opened(world, PAGE)

        assert "/app/segments?window=365d&where=country%3ACH&where=plan%3ATeam" in page.links
        assert any(re.search(r"^/app/responses.*plan=Team.*country=CH", link) for link in page.links)

    def test_a_value_that_holds_the_sign_between_pairs_is_not_split(self, world: World):
        with_reports(world, bodies={"segments": body([row("plan", "Team + more")])})

        assert "/app/segments?window=365d&where=plan%3ATeam%20%2B%20more" in opened(world, PAGE).links

    def test_a_pair_whose_values_cannot_be_told_apart_leads_nowhere(self, world: World):
        with_reports(world, bodies={"segments": body([row("plan + country", "Team + more + CH")])})
        page = opened(world, PAGE)

        assert not [link for link in page.links if "more" in link]

    def test_answers_whose_value_is_not_known_are_listed_too(self, world: World):
        with_reports(world, bodies={"segments": body([row("plan", "unknown"), row("plan", "Team")])})

        assert any(link.endswith("&plan=unknown") for link in opened(world, PAGE).links)

    def test_answers_of_a_brand_cannot_be_listed(self, world: World):
        with_reports(world, bodies={"segments": body([row("brand", "Example"), row("plan", "Team")])})
        links = [link for link in opened(world, PAGE).links if link.startswith("/app/responses")]

        assert [link for link in links if "Team" in link]
        assert not [link for link in links if "Example" in link]

    def test_one_dimension_is_left_of_the_same_comparisons(self, world: World):
        page = opened(world, f"{PAGE}&dimension=plan")

        assert {cells[0].split(" ")[1] for cells in page.rows(TABLE)} == {"Plan"}
        assert f"Of {report(world, 'segments')['comparisons']} comparisons" in page.text

    def test_a_dimension_that_is_not_there_is_none(self, world: World):
        assert len(opened(world, f"{PAGE}&dimension=nonsense").rows(TABLE)) > 10


class TestTenThousand:
    @pytest.mark.parametrize("letters", ["x" * 40, "\N{CJK UNIFIED IDEOGRAPH-5B57}" * 95], ids=["plain", "chinese"])
    def test_the_page_stays_small_and_says_how_many_are_not_shown(self, world: World, letters):
        rows = [row("plan", f"{number}{letters}", difference=-number / 100) for number in range(10_000)]
        with_reports(world, bodies={"segments": body(rows)})
        answer = world.get(PAGE, world.sign_in())
        page = opened(world, PAGE)
        shown = len(page.rows(TABLE))

        assert len(answer.body.encode()) < 60_000
        assert 8 <= shown <= segments.MOST_SHOWN
        assert f"{EN.count(10_000 - shown)} more values are not shown" in page.text
        assert "afterbill report segments --window 365d --output csv" in page.text

    def test_hostile_names_stay_text(self, world: World):
        with_reports(
            world, bodies={"segments": body([row("plan", "<script>alert(1)</script>\u202e=cmd()", real=True)])}
        )
        answer = world.get(PAGE, world.sign_in(Role.VIEWER))

        assert "<script>alert" not in answer.body
