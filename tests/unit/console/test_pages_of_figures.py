"""The pages of figures together: what each does when its report says nothing, and what it never shows."""

import re
from datetime import timedelta

import pytest

from afterbill.insight.ports import Asking
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW, World
from tests.unit.console.pages import Page, opened, with_reports

VIEWS = {
    "journey": "/app/journey?window=365d",
    "segments": "/app/segments?window=365d",
    "drivers": "/app/drivers?window=365d",
    "coverage": "/app/coverage?window=365d",
    **{
        name: f"/app/revenue?window=365d&view={name}"
        for name in ("revenue", "outcomes", "billing", "products", "changes")
    },
}
each = pytest.mark.parametrize("place", VIEWS.values(), ids=VIEWS)
NOT_ARCHIVED = {"rows": [], "why": "not_archived", "because": "The archive is still empty."}
FAILED = {"rows": [], "why": "failed", "because": "This report could not be computed."}


@each
class TestEachPage:
    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize("window", ["7d", "30d", "365d"])
    def test_it_stands_in_both_languages(self, world: World, place, language, window):
        page = opened(world, place.replace("365d", window), language=language)

        assert not re.search(r"\b(order_paid|payment_recovered|no_answers|billing_clarity|nothing_else)\b", page.text)
        assert not re.search(r"\{\w+\}|\bNone\b|\bnan\b", page.text)

    def test_it_takes_at_most_three_reads(self, world: World, place):
        stored = with_reports(world)
        opened(world, place)

        assert stored.loads <= 2

    def test_it_weighs_less_than_60_kb(self, world: World, place):
        answer = world.get(place, world.sign_in())

        assert len(answer.body.encode()) < 60_000

    def test_nothing_in_it_is_inline(self, world: World, place):
        body = world.get(place, world.sign_in()).body

        assert not re.search(r"\sstyle=|<style|<script(?! src)|\son\w+=", body)

    def test_a_window_without_answers_says_so(self, world: World, place):
        page = opened(world, place.replace("365d", "2020-01-01..2020-01-31"))

        assert len(page.text) > 200

    def test_a_report_that_is_not_there_is_being_computed_and_comes(self, world: World, place):
        with_reports(world, missing=True)
        answer = world.get(place, world.sign_in())

        assert "being computed" in answer.body
        assert "Refresh" in answer.headers

    def test_of_too_many_it_says_so_and_does_not_look_again(self, world: World, place):
        with_reports(world, missing=True, asking=Asking.LIMITED)
        answer = world.get(place, world.sign_in())

        assert "Too many reports" in answer.body
        assert "Refresh" not in answer.headers

    def test_an_old_report_says_since_when(self, world: World, place):
        with_reports(world, computed_at=(NOW - timedelta(days=3)).isoformat(timespec="seconds"))
        page = opened(world, place)

        assert "27 Nov 2026" in page.text
        assert "longer ago than usual" in page.text

    @pytest.mark.parametrize("body", [NOT_ARCHIVED, FAILED], ids=["not_archived", "failed"])
    def test_a_report_that_says_nothing_says_why(self, world: World, place, body):
        with_reports(world, bodies={"*": body})
        page = opened(world, place)

        assert ("archive" in page.text) if body is NOT_ARCHIVED else ("could not be computed" in page.text)
        assert not page.tables

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
    def test_nobody_is_shown_to_who_may_not_see_people(self, world: World, place, role):
        answer = world.get(place, world.sign_in(role))
        page = Page(answer.body)

        assert not [link for link in page.links if link.startswith("/app/customers")]
        assert not [one for one in world.table.people.values() if one.name and one.name in answer.body]
        assert not [id_ for id_ in world.table.people if id_ in answer.body]
        assert not world.audit.noted

    def test_only_who_may_read_comments_is_led_to_answers(self, world: World, place):
        places = {
            role: [link for link in opened(world, place, role).links if link.startswith("/app/responses")]
            for role in (Role.VIEWER, Role.ANALYST)
        }

        assert not places[Role.VIEWER]
        assert places[Role.ANALYST] or place.endswith(("products", "outcomes", "changes"))

    def test_an_agent_does_not_open_it(self, world: World, place):
        assert world.get(place, world.sign_in(Role.AGENT)).status == 403

    @pytest.mark.parametrize("question", ["csat", "ces", "rebuy"])
    def test_another_question_has_the_page_too(self, world: World, place, question):
        assert opened(world, f"{place.partition('?')[0]}?window=365d&question={question}")

    def test_a_filter_holds(self, world: World, place):
        path, _, query = place.partition("?")
        rest = query.replace("window=365d", "")
        page = opened(world, f"{path}?window=365d&where=plan%3ATeam{rest}")

        assert "Team" in page.text
        assert not [link for link in page.links if link.startswith("/app/responses") and "plan=Team" not in link]
