"""Every figure of every page of figures, and of the digest, is that of its report's JSON and of a recount.

The recount reads the facts of the seeded history one by one and shares no code with reports or pages. A figure that a
page shows and the recount does not have is a difference, and so is one that only the recount has.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from afterbill_console.preferences import Cadence
from afterbill_console.roles import Role
from afterbill_dev.console.plan import plan
from afterbill_dev.console.world import NOW, ZONE, World
from tests.unit.console.conftest import computed
from tests.unit.console.office import MONDAY, Office
from tests.unit.console.pages import report
from tests.unit.console.recount import money, money_pages, reason_pages, score_pages, scores
from tests.unit.console.recount.agreement import differing
from tests.unit.console.recount.digest_lines import digest, subject
from tests.unit.console.recount.facts import Body, Fact, History, fact_of
from tests.unit.console.recount.shown import Line, Shown, differences, figures, of_page

TODAY = NOW.astimezone(ZONE).date()
WINDOWS = {
    "365d": (365, TODAY, 0),
    "90d": (90, TODAY, 0),
    "30d": (30, TODAY, 0),
    "2026-10": (31, date(2026, 10, 31), 30),
}
"""Of each window its length in days, its last day, and the days of the month before."""

NAMED = 20
"""Customers of a list who are named on the page of changes."""

every_window = pytest.mark.parametrize("window", WINDOWS)


@cache
def facts() -> list[Fact]:
    return [fact_of(one, ZONE) for one in computed().facts]


@cache
def days(window: str) -> History:
    length, last, then = WINDOWS[window]
    return History(facts(), length, last, then)


@cache
def recounted(name: str, window: str) -> Body:
    """What a report has to say, found without it."""
    if name == "overview":
        return scores.overview(days(window), recounted("revenue", window))
    return getattr(scores if hasattr(scores, name) else money, name)(days(window))


def restricted(world: World) -> set[str]:
    """The customers whose data are used for nothing but counting."""
    return {id_ for id_, one in world.table.people.items() if one.restricted_at}


PAGES: dict[str, Callable[[World, str], list[Line]]] = {
    "overview": lambda world, window: [
        *score_pages.overview(days(window), recounted("overview", window), restricted(world))
    ],
    "segments": lambda _, window: [*score_pages.segments(recounted("segments", window), recounted("coverage", window))],
    "journey": lambda _, window: [*score_pages.journey(recounted("journey", window), recounted("coverage", window))],
    "drivers": lambda _, window: [*reason_pages.drivers(recounted("drivers", window), recounted("coverage", window))],
    "coverage": lambda _, window: [*reason_pages.coverage(recounted("coverage", window))],
    "revenue": lambda _, window: [*money_pages.revenue(recounted("revenue", window))],
    "revenue?view=billing": lambda _, window: [*money_pages.billing(recounted("billing", window))],
    "revenue?view=products": lambda _, window: [*money_pages.products(recounted("products", window))],
}
REPORTS = ("overview", "trend", "segments", "journey", "drivers", "coverage")
OF_MONEY = ("revenue", "outcomes", "billing", "products", "changes")


def page(world: World, place: str, window: str) -> list[str]:
    path, _, query = place.partition("?")
    answer = world.get(f"/app/{path}?window={window}&{query}".rstrip("&"), world.sign_in())
    assert answer.status == 200
    return of_page(answer.body)


@every_window
@pytest.mark.parametrize("name", [*REPORTS, *OF_MONEY])
def test_a_report_has_the_figures_of_the_recount_and_no_other(world: World, name, window):
    wanted = recounted(name, window)
    if name == "changes" and window.startswith("2026"):
        wanted = wanted | {"candidates": {kind: {"n": one["n"]} for kind, one in wanted["candidates"].items()}}

    assert list(differing(report(world, name, window), wanted)) == []


@every_window
@pytest.mark.parametrize("place", PAGES)
def test_a_page_has_the_figures_of_the_recount_and_no_other(world: World, place, window):
    shown = page(world, place, window)

    assert len(shown) >= 10
    assert differences(shown, PAGES[place](world, window)) == []


@every_window
@pytest.mark.parametrize("outcome", money.OUTCOMES)
def test_each_outcome_has_the_figures_of_the_recount_and_no_other(world: World, outcome, window):
    shown = page(world, f"revenue?view=outcomes&outcome={outcome}", window)

    assert differences(shown, [*money_pages.outcomes(recounted("outcomes", window), outcome)]) == []


@every_window
def test_changes_of_mind_have_the_figures_of_the_recount_and_no_other(world: World, window):
    named = None if window.startswith("2026") else NAMED
    shown = page(world, "revenue?view=changes", window)

    assert differences(shown, [*money_pages.changes(recounted("changes", window), named)]) == []


def test_a_journey_of_ones_own_has_the_figures_of_the_recount_and_no_other(world: World):
    own = plan(world.reports.today)
    made = World(facts=world.facts, journey=own)
    made.reports.__dict__["engine"] = world.reports.engine
    loyal = ["upgraded", "downgraded", "cancelled", "release", "relationship"]
    steps = [(one["name"], one.get("touchpoints", loyal), one.get("owner", "")) for one in own["steps"]]
    wanted = scores.journey(days("365d"), steps, own["versions"][0]["since"])
    found = report(made, "journey")
    words = {"notes", "measures"}
    plain = [{name: said for name, said in step.items() if name not in words} for step in found["steps"]]

    assert list(differing(found | {"steps": plain}, wanted)) == []
    lines = [*score_pages.journey(wanted, recounted("coverage", "365d")), *score_pages.versions(wanted)]
    assert differences(without_plans(page(made, "journey", "365d")), lines) == []


def without_plans(lines: list[str]) -> list[str]:
    """The lines of a page without what operators noted and planned, with its day."""
    return [line for line in lines if not re.search(r"interviews, \d|, due \d", line)]


CADENCES = {
    "day": (MONDAY, Cadence.DAILY, History([], 1, date(2026, 11, 29))),
    "week": (MONDAY, Cadence.WEEKLY, History([], 7, date(2026, 11, 29))),
    "month": (datetime(2026, 12, 1, 7, tzinfo=UTC), Cadence.MONTHLY, History([], 30, date(2026, 11, 30), 31)),
}


@pytest.mark.parametrize("cadence", CADENCES)
def test_a_digest_has_the_figures_of_the_recount_and_no_other(world: World, cadence):
    now, chosen, window = CADENCES[cadence]
    history = replace(window, facts=facts())
    office = Office(reports=world.reports, table=world.table)
    office.join(Role.ADMIN, digest=chosen)
    office.notices.state = replace(office.notices.state, looked_at=now)
    office.run(now)
    (mail,) = office.mails()
    text, html = (part.partition("What customers say")[0] for part in (mail.text, mail.html.partition("<body")[2]))
    unread = restricted(world)

    assert differences([mail.subject], [subject(history, cadence)]) == []
    lines = [line for line in text.splitlines() if figures(line)]
    assert differences(lines, [*digest(history, cadence, unread, html=False)]) == []
    assert differences(Shown(f"<body{html}").lines, [*digest(history, cadence, unread, html=True)]) == []


class TestTheComparison:
    """A comparison that finds nothing has to be able to find something."""

    LINES = ("Renewal | 8 few answers | −10 to 26 | 74 | no real difference", "Order paid | 0 | −13 to 13 | 1,148 |")
    WANTED: tuple[Line, ...] = (
        ("Renewal", "8", "−10 26", "74", "no real difference"),
        ("Order paid", "0 −13 13 1,148"),
    )

    def test_what_is_the_same_is_no_difference(self):
        assert differences([*self.LINES], [*self.WANTED]) == []

    @pytest.mark.parametrize(
        ("old", "new"), [("74", "75"), ("−10", "10"), ("Renewal", "Upgrade"), ("no real", "real"), ("1,148", "1,148 7")]
    )
    def test_one_other_sign_digit_name_or_judgement_is_found(self, old, new):
        assert differences([line.replace(old, new) for line in self.LINES], [*self.WANTED])

    def test_a_row_that_nobody_recounted_is_found(self):
        assert differences([*self.LINES, "Refund | 1"], [*self.WANTED])
        assert differences([*self.LINES[:1]], [*self.WANTED])

    @pytest.mark.parametrize("other", [{"n": 5}, {"n": 4, "more": 1}, {}, {"n": None}, {"n": True}])
    def test_another_figure_of_a_report_is_found_and_one_that_is_only_there(self, other):
        assert list(differing({"rows": [other]}, {"rows": [{"n": 4}]}))

    def test_two_figures_that_differ_by_rounding_are_the_same(self):
        assert not list(differing({"score": 3.333333}, {"score": 10 / 3}))
        assert list(differing({"score": 3.33333}, {"score": 10 / 3}))

    def test_the_recount_has_no_code_of_reports_or_pages(self):
        here = Path(__file__).parent
        own = [file for file in here.glob("*.py") if file != Path(__file__)]

        assert len(own) >= 8
        for file in own:
            assert not re.search(r"afterbill_(reports|console)\.|afterbill\.insight", file.read_text("utf-8")), file
