"""Which role opens which page."""

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
        *("/app/customers", "/app/customers/{id}", "/app/tasks", "/app/me"),
    },
    Role.VIEWER: {
        *("/app/overview", "/app/journey", "/app/segments", "/app/drivers", "/app/revenue", "/app/coverage"),
        "/app/me",
    },
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.path)
def test_a_role_opens_its_pages_and_no_other(world: World, role: Role, route):
    if route.path in OPENS[role]:
        pytest.skip("its own tests open it")
    answer = world.get(route.path.replace("{id}", "0" * 32), world.sign_in(role))

    assert answer.status == 403
