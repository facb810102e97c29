"""Figures lead to the answers behind them."""

import re
from html import unescape

import pytest

from afterbill_console.filters import filters_in
from afterbill_console.links import answers_link
from afterbill_console.numbers import Numbers
from afterbill_console.pages.routes import ROUTES
from afterbill_console.roles import Role
from afterbill_console.sessions import Session
from afterbill_console.texts import texts
from afterbill_console.visit import Visit
from afterbill_dev.console.world import NOW, ZONE, World, request_for


def visit_of(world: World, role: Role, *pairs: tuple[str, str]) -> Visit:
    session = Session("operator", "key", frozenset({role}), "en", NOW, NOW)
    filters = filters_in(pairs, world.rules, NOW.date())
    request = request_for("GET", "/app/overview", {})
    return Visit(session, request, {}, filters, NOW, NOW.date(), texts("en"), Numbers("en", ZONE))


def test_a_figure_opens_the_answers_of_its_days(world):
    link = answers_link(visit_of(world, Role.ANALYST), "0-6", touchpoint="renewed")

    days = "from=2026-11-01&to=2026-11-30"
    assert link == f"/app/responses?{days}&question=nps&counted=1&rating=0-6&touchpoint=renewed"


def test_filters_hold_for_the_answers_too(world):
    visit = visit_of(world, Role.ADMIN, ("window", "7d"), ("question", "csat"), ("where", "plan:pro"))

    link = answers_link(visit, plan="team & more")

    days = "from=2026-11-24&to=2026-11-30"
    assert link == f"/app/responses?{days}&question=csat&counted=1&plan=team%20%26%20more"


def test_nobody_is_led_where_they_may_not_go(world):
    assert answers_link(visit_of(world, Role.VIEWER)) is None


@pytest.mark.parametrize(
    "where", ["brand:Example", "stage:renewal", "channel:email", "touchpoint:never", "plan:a\x07b"]
)
def test_there_is_no_link_where_the_feed_cannot_list_by_the_filters(world, where):
    assert answers_link(visit_of(world, Role.ADMIN, ("where", where))) is None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST])
@pytest.mark.parametrize(
    "query", ["window=365d", "window=365d&where=country:DE", "window=365d&where=locale:de-DE&where=stage:support"]
)
def test_the_feed_takes_every_link_to_it(world, role, query):
    ticket = world.sign_in(role)
    found = set()
    for route in ROUTES:
        if route.filtered:
            page = world.get(f"{route.path}?{query}", ticket).body
            found |= {unescape(link) for link in re.findall(r'href="(/app/responses\?[^"]*)"', page)}

    assert found
    assert {link: status for link in found if (status := world.get(link, ticket).status) != 200} == {}
