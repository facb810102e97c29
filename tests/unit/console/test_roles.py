"""A role opens its own pages and no other."""

import pytest

from afterbill_console.pages.routes import ROUTES
from afterbill_console.roles import Role
from afterbill_dev.console.world import World

OPENS = {
    Role.ADMIN: {route.path for route in ROUTES},
    Role.ANALYST: {
        *("/app/overview", "/app/journey", "/app/segments", "/app/drivers", "/app/revenue", "/app/coverage"),
        *("/app/responses", "/app/responses/{id}", "/app/responses/export", "/app/me"),
    },
    Role.AGENT: {
        *("/app/responses", "/app/responses/{id}", "/app/responses/export"),
        *("/app/customers", "/app/customers/{id}", "/app/tasks", "/app/actions", "/app/me"),
    },
    Role.VIEWER: {
        *("/app/overview", "/app/journey", "/app/segments", "/app/drivers", "/app/revenue", "/app/coverage"),
        "/app/me",
    },
}


GETS = [route for route in ROUTES if route.method == "GET"]


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_pages_and_no_other(world: World, role: Role, route):
    ids = world.facts[0].customer_id if route.path.startswith("/app/customers") else world.facts[0].id
    answer = world.get(route.path.replace("{id}", ids), world.sign_in(role))

    assert (answer.status == 403) == (route.path not in OPENS[role])
