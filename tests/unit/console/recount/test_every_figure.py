"""Every figure of every page of figures, and of the digest, is that of its report's JSON and of a recount.

The recount reads the facts of the seeded history one by one and shares no code with reports or pages. A figure that a
page shows and the recount does not have is a difference, and so is one that only the recount has.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from afterbill_console.preferences import Cadence
from afterbill_console.roles import Role
from afterbill_dev.console.plan import plan
from afterbill_dev.console.world import CUSTOMERS, NOW, ZONE, World, history
from tests.unit.console.conftest import computed
from tests.unit.console.office import MONDAY, Office
from tests.unit.console.pages import report
from tests.unit.console.recount import money, money_pages, reason_pages, score_pages, scores
from tests.unit.console.recount.agreement import differing
from tests.unit.console.recount.digest_lines import digest, subject
from tests.unit.console.recount.facts import Body, Fact, History, fact_of
from tests.unit.console.recount.shown import Drawn, Line, Shown, differences, figures, of_page

TODAY = NOW.astimezone(ZONE).date()
CROWD = 3_000
"""Customers enough for real changes in a quarter of a year."""


@dataclass(frozen=True)
class Look:
    """A window of a history of so many customers; `then` are the days before it where these are not as many."""

    window: str
    days: int
    last: date = TODAY
    then: int = 0
    where: tuple[str, str] | None = None
    customers: int = CUSTOMERS

    @property
    def address(self) -> str:
        return f"window={self.window}" + (f"&where={':'.join(self.where)}" if self.where else "")


LOOKS = {
    "year": Look("365d", 365),
    "quarter": Look("90d", 90),
    "30_days": Look("30d", 30),
    "month": Look("2026-10", 31, date(2026, 10, 31), 30),
    "plan": Look("365d", 365, where=("plan", "Team")),
    "crowd": Look("90d", 90, customers=CROWD),
}

NAMED = 20
"""Customers of a list who are named on the page of changes."""

each_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
YEAR = LOOKS["year"]


@cache
def built(customers: int) -> World:
    return computed() if customers == CUSTOMERS else World(facts=history(customers))


def seen(look: Look) -> World:
    """A world of its own, whose reports are those that others computed already."""
    made = World(facts=built(look.customers).facts)
    made.reports.documents = built(look.customers).reports.documents
    made.reports.__dict__["engine"] = built(look.customers).reports.engine
    return made


@cache
def facts(customers: int = CUSTOMERS) -> list[Fact]:
    return [fact_of(one, ZONE) for one in built(customers).facts]


@cache
def days(look: Look) -> History:
    return History(facts(look.customers), look.days, look.last, look.then, look.where)


@cache
def recounted(name: str, look: Look) -> Body:
    """What a report has to say, found without it."""
    if name == "overview":
        return scores.overview(days(look), recounted("revenue", look))
    return getattr(scores if hasattr(scores, name) else money, name)(days(look))


def restricted(world: World) -> set[str]:
    """The customers whose data are used for nothing but counting."""
    return {id_ for id_, one in world.table.people.items() if one.restricted_at}


PAGES: dict[str, Callable[[World, Look], list[Line]]] = {
    "overview": lambda world, look: [*score_pages.overview(days(look), recounted("overview", look), restricted(world))],
    "segments": lambda _, look: [*score_pages.segments(recounted("segments", look), recounted("coverage", look))],
    "journey": lambda _, look: [*score_pages.journey(recounted("journey", look), recounted("coverage", look))],
    "drivers": lambda _, look: [*reason_pages.drivers(recounted("drivers", look), recounted("coverage", look))],
    "coverage": lambda _, look: [*reason_pages.coverage(recounted("coverage", look))],
    "revenue": lambda _, look: [*money_pages.revenue(recounted("revenue", look))],
    "revenue?view=billing": lambda _, look: [*money_pages.billing(recounted("billing", look))],
    "revenue?view=products": lambda _, look: [*money_pages.products(recounted("products", look))],
}
REPORTS = ("overview", "trend", "segments", "journey", "drivers", "coverage")
OF_MONEY = ("revenue", "outcomes", "billing", "products", "changes")


def page(world: World, place: str, look: Look) -> list[str]:
    path, _, query = place.partition("?")
    answer = world.get(f"/app/{path}?{look.address}&{query}".rstrip("&"), world.sign_in())
    assert answer.status == 200
    return of_page(answer.body)


@each_look
@pytest.mark.parametrize("name", [*REPORTS, *OF_MONEY])
def test_a_report_has_the_figures_of_the_recount_and_no_other(name, look):
    found = report(seen(look), name, look.window, where=(look.where,) if look.where else ())

    assert list(differing(found, recounted(name, look))) == []


@each_look
@pytest.mark.parametrize("place", PAGES)
def test_a_page_has_the_figures_of_the_recount_and_no_other(place, look):
    world = seen(look)
    shown = page(world, place, look)

    assert len(shown) >= 10
    assert differences(shown, PAGES[place](world, look)) == []


@each_look
@pytest.mark.parametrize("outcome", money.OUTCOMES)
def test_each_outcome_has_the_figures_of_the_recount_and_no_other(outcome, look):
    shown = page(seen(look), f"revenue?view=outcomes&outcome={outcome}", look)

    assert differences(shown, [*money_pages.outcomes(recounted("outcomes", look), outcome)]) == []


@each_look
def test_changes_of_mind_have_the_figures_of_the_recount_and_no_other(look):
    named = NAMED if "customers" in recounted("changes", look)["candidates"]["referral"] else None
    shown = page(seen(look), "revenue?view=changes", look)

    assert differences(shown, [*money_pages.changes(recounted("changes", look), named)]) == []


@pytest.mark.parametrize("look", [YEAR, LOOKS["crowd"]], ids=["year", "crowd"])
@pytest.mark.parametrize("place", [*PAGES, *(f"revenue?view=outcomes&outcome={name}" for name in money.OUTCOMES)])
def test_each_figure_of_a_drawing_stands_in_the_table_beside_it(place, look):
    path, _, query = place.partition("?")
    world = seen(look)
    drawn = Drawn(world.get(f"/app/{path}?{look.address}&{query}".rstrip("&"), world.sign_in()).body)

    assert all(drawn.texts)
    for texts, rows in zip(drawn.texts, drawn.rows, strict=True):
        beside = figures(" | ".join(rows))
        real = str(sum(one in {"real difference", "real change"} for one in beside))
        assert set(figures(" | ".join(texts))) <= {*beside, real}


def test_a_journey_of_ones_own_has_the_figures_of_the_recount_and_no_other(world: World):
    own = plan(world.reports.today)
    made = World(facts=world.facts, journey=own)
    made.reports.__dict__["engine"] = world.reports.engine
    loyal = ["upgraded", "downgraded", "cancelled", "release", "relationship"]
    steps = [(one["name"], one.get("touchpoints", loyal), one.get("owner", "")) for one in own["steps"]]
    wanted = scores.journey(days(YEAR), steps, own["versions"][0]["since"])
    found = report(made, "journey")
    words = {"notes", "measures"}
    plain = [{name: said for name, said in step.items() if name not in words} for step in found["steps"]]

    assert list(differing(found | {"steps": plain}, wanted)) == []
    lines = [*score_pages.journey(wanted, recounted("coverage", YEAR)), *score_pages.versions(wanted)]
    assert differences(without_plans(page(made, "journey", YEAR)), lines) == []


def without_plans(lines: list[str]) -> list[str]:
    """The lines of a page without what operators noted and planned, with its day."""
    return [line for line in lines if not re.search(r"interviews, \d|, due \d", line)]


CADENCES = {
    "day": (MONDAY, Cadence.DAILY, History([], 1, date(2026, 11, 29))),
    "week": (MONDAY, Cadence.WEEKLY, History([], 7, date(2026, 11, 29))),
    "month": (datetime(2026, 12, 1, 7, tzinfo=UTC), Cadence.MONTHLY, History([], 30, date(2026, 11, 30), 31)),
}


@pytest.mark.parametrize("customers", [CUSTOMERS, CROWD])
@pytest.mark.parametrize("cadence", CADENCES)
def test_a_digest_has_the_figures_of_the_recount_and_no_other(cadence, customers):
    now, chosen, window = CADENCES[cadence]
    history, world = replace(window, facts=facts(customers)), seen(replace(YEAR, customers=customers))
    office = Office(reports=world.reports, table=world.table)
    office.join(Role.ADMIN, digest=chosen)
    office.notices.state = replace(office.notices.state, looked_at=now)
    office.run(now)
    (mail,) = [one for one in office.mails() if one.tags == {"console": "digest"}]
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
