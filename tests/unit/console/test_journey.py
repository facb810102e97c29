"""The journey: stages, touchpoints, emotions and pain points as the report has them, and the operator's own plan."""

from datetime import date

import pytest

from afterbill_console.pages import journey
from afterbill_dev.console.plan import plan
from afterbill_dev.console.world import World
from tests.unit.console.pages import EN, answered, opened, report, score, with_reports

PAGE = "/app/journey?window=365d"
STAGES = ("awareness", "consideration", "purchase", "support", "loyalty")


@pytest.fixture
def planned(world: World) -> World:
    """A world whose operator described a journey."""
    made = World(facts=world.facts, journey=plan(world.reports.today))
    made.reports.__dict__["engine"] = world.reports.engine
    return made


def place(stage, touchpoint="", n=100, points=10.0, cost=20.0):
    known = {"n": n, "score": points, "low": 0.0, "high": 20.0, "few": n < 30, "cost": cost, "share": n / 1000}
    return {"stage": stage, "touchpoint": touchpoint, **known, "change": 5.0, "p": 0.5, "q": 0.5, "real": False}


def empty(stage):
    return place(stage, n=0, points=None, cost=None) | {"change": None, "p": None, "why": "no_answers", "because": "-"}


def body(rows, **more):
    total = {"n": 100, "score": 10.0, "low": 0.0, "high": 20.0, "few": False, "change": 20.0, "p": 0.01, "real": True}
    return {"rows": rows, "total": total, "pains": [], "emotions": [], "steps": [], "versions": [], **more}


class TestStages:
    def test_all_five_have_their_place_in_the_ribbon_with_the_figures_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "journey")
        label = next(label for label in page.tables if "costs most" in label)
        wanted = [(EN.score(one["score"]), EN.count(one["n"]), EN.share(one["share"])) for one in found["rows"]]

        assert [(cells[1].split(" ")[0], cells[3], cells[4]) for cells in page.rows(label)] == wanted
        assert [cells[0] for cells in page.rows(label)][:3] == ["Awareness", "Consideration", "Purchase"]

    def test_scores_and_answers_are_those_of_a_recount(self, world: World):
        page, facts = opened(world, PAGE), answered(world)
        rows = {cells[0]: cells for label in page.tables if "costs most" in label for cells in page.rows(label)}
        for stage, name in (("purchase", "Purchase"), ("loyalty", "Loyalty")):
            ratings = [one.answer.rating for one in facts if one.stage == stage]

            assert rows[name][1].split(" ")[0] == EN.score(score(ratings))
            assert rows[name][3] == EN.count(len(ratings))

    def test_costs_sum_to_what_is_missing_to_100(self, world: World):
        found = report(world, "journey")
        costs = [one["cost"] or 0 for one in found["rows"] if not one["touchpoint"]]

        assert sum(costs) == pytest.approx(100 - found["total"]["score"])
        assert f"of the {EN.decimal(sum(costs), 0)} points missing to 100" in opened(world, PAGE).text

    def test_a_stage_at_which_nobody_is_asked_says_how_to_change_it(self, world: World):
        page = opened(world, PAGE)

        assert "Nobody is asked here." in page.text
        assert "These touchpoints could be asked here: Sign-up" in page.text
        assert "surveys.toml" in page.text

    def test_a_stage_without_a_touchpoint_says_how_to_assign_one(self, world: World):
        with_reports(world, bodies={"journey": body([empty("delight")])})

        assert "stage = delight" in opened(world, PAGE).text

    def test_a_stage_where_people_were_asked_in_vain_says_so(self, world: World):
        invited = {"dimension": "stage", "value": "awareness", "invited": 7, "rate": 0.0}
        coverage = {"rows": [{"step": "sent", "count": 7}, {"step": "answered", "count": 0}], "answered_by": [invited]}
        with_reports(world, bodies={"journey": body([empty("awareness")]), "coverage": coverage})

        assert "7 were asked, and nobody has answered yet." in opened(world, PAGE).text

    def test_under_a_filter_nothing_is_said_about_who_was_asked(self, world: World):
        page = opened(world, f"{PAGE}&where=plan%3ATeam")

        assert "Nobody is asked here." not in page.text
        assert "Nobody answered in these days." in page.text

    def test_response_rates_stand_beside_the_scores(self, world: World):
        rates = {one["value"]: one["rate"] for one in report(world, "coverage")["answered_by"]}

        assert f"{EN.share(rates['order_paid'])} responded" in opened(world, PAGE).text

    def test_a_real_change_is_called_one(self, world: World):
        with_reports(
            world, bodies={"journey": body([place("purchase", points=None, cost=None) | {"why": "few_answers"}])}
        )
        page = opened(world, PAGE)

        assert "+20 real change" in page.text
        assert "Too few answers to say where it hurts" in page.headings


class TestPains:
    def test_each_has_its_points_and_its_answers(self, world: World):
        page, found = opened(world, PAGE), report(world, "journey")
        label = next(label for label in page.tables if "this alone costs" in label)
        rows = page.rows(label)
        listed = [one for one in found["pains"] if one["touchpoint"] != "other"][: journey.MOST_PAINS]

        assert [cells[1] for cells in rows[: len(listed)]] == [
            f"−{EN.decimal(one['cost'])} · {EN.count(one['n'])} answer{'s' if one['n'] != 1 else ''}" for one in listed
        ]
        assert rows[-1][0] == "Everything else"
        assert [link for link in page.links if "touchpoint=order_paid" in link and "reason=price" in link]

    def test_what_is_left_over_is_said_only_where_there_is_some(self, world: World):
        pains = [
            {"stage": "purchase", "touchpoint": "order_paid", "reason": "none", "emotion": "", "n": 3, "cost": 9.0}
        ]
        with_reports(world, bodies={"journey": body([place("purchase")], pains=pains)})
        page = opened(world, PAGE)

        assert "Order paid, No reason given: this alone costs 9.0 points" in page.headings
        assert "Everything else" not in page.text


def test_emotions_are_words_for_reasons_and_said_to_be_no_measurement(world: World):
    page = opened(world, PAGE)

    assert "confused" in page.text
    assert "Nobody was asked for a feeling." in page.text
    assert "verwirrt" in opened(world, PAGE, language="de").text or "ratlos" in opened(world, PAGE, language="de").text


class TestPlan:
    def test_without_one_it_says_where_it_stands(self, world: World):
        assert "[journey] in surveys.toml" in opened(world, PAGE).text

    def test_each_step_has_its_score_owner_notes_and_measures(self, planned: World):
        page, found = opened(planned, PAGE), report(planned, "journey")
        step = found["steps"][0]

        assert "Owner: Shop team" in page.text
        assert f"{EN.score(step['score'])} {step['n']} answers" in page.text
        assert "The price with tax shows at the last page. 12 interviews," in page.text
        assert "People look for the invoice in the shop. tickets" in page.text

    def test_a_measure_whose_day_is_over_is_overdue(self, planned: World):
        text = opened(planned, PAGE).text

        assert "Price with tax on every page Anna, due 21 Nov 2026 overdue" in text
        assert text.count("overdue") == 1

    def test_old_notes_are_counted(self, planned: World):
        notes = [{"text": f"Note {number}", "source": "", "on": str(date(2026, 1, number))} for number in range(1, 9)]
        step = {"step": "Ordering", "touchpoints": [], "owner": "", "share": 0.1, "notes": notes, "measures": []}
        with_reports(planned, bodies={"journey": body([place("purchase")], steps=[step | place("purchase")])})
        page = opened(planned, PAGE)

        assert "And 3 older notes." in page.text
        assert "Note 8" in page.text
        assert "Note 3 " not in page.text


class TestVersions:
    def test_they_are_compared_in_all_and_by_step(self, planned: World):
        page, found = opened(planned, PAGE), report(planned, "journey")
        first, second = found["versions"]

        assert [cells[0] for cells in page.rows("journey-versions")] == ["Ordering", "Paying again", "Leaving"]
        for cells, step in zip(page.rows("journey-versions"), second["steps"], strict=True):
            assert cells[2].startswith(EN.score(step["score"]))
        assert f"{EN.day(first['first'])} to {EN.day(first['last'])}" in page.text
        assert "New checkout" in page.text

    @pytest.mark.parametrize(
        ("change", "title"),
        [
            (9.6, "“New checkout” scores 10 points higher than the version before"),
            (-1.0, "“New checkout” scores 1 point lower than the version before"),
        ],
    )
    def test_a_real_change_is_the_finding(self, world: World, change, title):
        versions = [version("", 1.0, real=False), version("New checkout", change, real=True)]
        with_reports(world, bodies={"journey": body([place("purchase")], versions=versions)})

        assert title in opened(world, PAGE).headings

    def test_without_a_real_change_it_says_that(self, world: World):
        versions = [version("", 1.0, real=False), version("New checkout", 30.0, real=False)]
        with_reports(world, bodies={"journey": body([place("purchase")], versions=versions)})

        assert "No real change between the versions" in opened(world, PAGE).headings


def version(name, change, *, real):
    known = {"version": name, "first": "2026-01-01", "last": "2026-06-30", "steps": []}
    return {**place("purchase"), **known, "change": change, "real": real}
