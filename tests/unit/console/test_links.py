"""Figures lead to the answers behind them."""

from afterbill_console.filters import filters_in
from afterbill_console.links import answers_link
from afterbill_console.numbers import Numbers
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

    assert link == "/app/responses?from=2026-11-01&to=2026-11-30&rating=0-6&touchpoint=renewed"


def test_filters_hold_for_the_answers_too(world):
    visit = visit_of(world, Role.ADMIN, ("window", "7d"), ("question", "csat"), ("where", "plan:pro"))

    link = answers_link(visit, plan="team & more")

    assert link == "/app/responses?from=2026-11-24&to=2026-11-30&question=csat&plan=team%20%26%20more"


def test_nobody_is_led_where_they_may_not_go(world):
    assert answers_link(visit_of(world, Role.VIEWER)) is None
