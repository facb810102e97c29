"""The console in a real browser: each role signs in by the login page, and sees what is its own."""

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from afterbill_console.pages.routes import ROUTES
from afterbill_console.roles import Role
from tests.e2e.newcomer import afterbill
from tests.e2e.signing_in import sign_in, signed_in

FIGURES = {f"/app/{name}" for name in ("overview", "journey", "segments", "drivers", "revenue", "coverage")}
PEOPLE = {"/app/responses", "/app/customers", "/app/tasks", "/app/actions"}
OPENS = {
    Role.ADMIN: {*FIGURES, *PEOPLE, "/app/privacy", "/app/health", "/app/settings"},
    Role.ANALYST: {*FIGURES, "/app/responses"},
    Role.AGENT: PEOPLE,
    Role.VIEWER: FIGURES,
}
PAGES = [route.path for route in ROUTES if route.nav]
SESSION, ATTEMPT = "__Host-afterbill", "__Host-afterbill-sign-in"


def at_the_login_page(page: Page, stack) -> bool:
    return page.url.startswith(stack["ministack_url"])


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_pages_is_refused_all_others_and_signs_out(stack, chromium: Browser, role):
    page = signed_in(chromium, stack, role)
    first = page.url
    seen = {path: page.goto(stack["console_url"] + path).status for path in PAGES}
    page.goto(first)
    menu = page.locator("nav a").evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/app/signed-out")
    page.goto(first)

    assert seen == {path: 200 if path in OPENS[role] else 403 for path in PAGES}
    assert set(menu) == OPENS[role]
    assert at_the_login_page(page, stack)
    page.context.close()


def test_a_link_leads_where_it_should_after_the_sign_in(stack, chromium: Browser):
    page = signed_in(chromium, stack, "admin", "/app/overview?window=90d")

    assert page.url == f"{stack['console_url']}/app/overview?window=90d"
    page.context.close()


def test_the_cookie_is_for_this_host_and_no_script(stack, chromium: Browser):
    page = signed_in(chromium, stack, "viewer")

    [cookie] = page.context.cookies()
    assert (cookie["name"], cookie["path"], cookie["sameSite"]) == (SESSION, "/", "Lax")
    assert (cookie["httpOnly"], cookie["secure"]) == (True, True)
    page.context.close()


def test_it_works_without_scripts(stack, chromium: Browser):
    page = signed_in(chromium, stack, "viewer", java_script_enabled=False)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/app/signed-out")

    assert page.context.cookies() == []
    page.context.close()


def test_a_stolen_cookie_opens_nothing_after_the_sign_out(stack, chromium: Browser):
    page = signed_in(chromium, stack, "admin")
    stolen = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/app/signed-out")
    thief = chromium.new_context()
    thief.add_cookies([{**stolen[0], "expires": -1}])
    opened = thief.new_page()
    opened.goto(f"{stack['console_url']}/app/overview")

    assert at_the_login_page(opened, stack)
    page.context.close()
    thief.close()


@pytest.fixture
def newcomer(stack):  # noqa: ARG001  # the command finds it by its file
    """A viewer, invited on the command line and removed at the end, unless the test did it."""
    user = {"email": f"new-{secrets.token_hex(3)}@example.com", "password": secrets.token_hex(8)}
    words = ("console", "user", "add", user["email"], "--role", "viewer", "--permanent-password-stdin")
    added = afterbill(*words, typed=f"{user['password']}\n")
    assert added.returncode == 0, added.stderr
    yield user
    afterbill("console", "user", "remove", user["email"])


def test_the_open_page_of_a_removed_user_leads_to_the_login_page_which_knows_nobody(stack, newcomer, chromium: Browser):
    page = chromium.new_context().new_page()
    page.goto(f"{stack['console_url']}/app/overview")
    sign_in(page, newcomer)
    opened = page.url
    removed = afterbill("console", "user", "remove", newcomer["email"], "--why", "left the firm")
    page.reload()
    sign_in(page, newcomer)

    assert opened == f"{stack['console_url']}/app/overview"
    assert removed.returncode == 0, removed.stderr
    assert "Incorrect username or password" in page.content()
    page.context.close()


def test_a_change_of_roles_ends_the_session_and_counts_from_the_next_sign_in(stack, newcomer, chromium: Browser):
    page = chromium.new_context().new_page()
    page.goto(f"{stack['console_url']}/app/overview")
    sign_in(page, newcomer)
    changed = afterbill("console", "user", "add", newcomer["email"], "--role", "agent")
    page.reload()
    again = at_the_login_page(page, stack)
    sign_in(page, newcomer)

    assert (changed.returncode, again) == (0, True)
    assert page.locator("h1").inner_text() == "This page is not for your role"
    page.context.close()


@pytest.mark.parametrize("changed", ["state", "code_challenge", "nonce"])
def test_an_attempt_that_somebody_changed_on_the_way_lets_nobody_in(stack, chromium: Browser, changed):
    page = chromium.new_context().new_page()
    page.goto(f"{stack['console_url']}/app/overview")
    place, asked = page.url.partition("?")[0], dict(parse_qsl(urlsplit(page.url).query))
    page.goto(f"{place}?{urlencode({**asked, changed: secrets.token_urlsafe(32)})}")
    with page.expect_response("**/app/callback?*") as answered:
        sign_in(page, stack["console"]["admin"])

    assert answered.value.status == (502 if changed == "nonce" else 400)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert SESSION not in {cookie["name"] for cookie in page.context.cookies()}
    page.context.close()


def test_an_answer_of_the_login_page_counts_once(stack, chromium: Browser):
    page = chromium.new_context().new_page()
    page.goto(f"{stack['console_url']}/app/overview")
    attempt = page.context.cookies(stack["console_url"])
    with page.expect_request("**/app/callback?*") as sent:
        sign_in(page, stack["console"]["admin"])
    page.wait_for_url("**/app/overview")
    page.context.clear_cookies()
    page.context.add_cookies(attempt)
    again = page.goto(sent.value.url)

    assert again.status == 400
    assert SESSION not in {cookie["name"] for cookie in page.context.cookies()}
    page.context.close()


def test_an_access_token_is_no_way_in(stack, chromium: Browser):
    """Whoever holds tokens of the pool has nothing that the console takes."""
    context = chromium.new_context(extra_http_headers={"Authorization": f"Bearer {'a' * 43}"})
    page = context.new_page()
    page.goto(f"{stack['console_url']}/app/overview")

    assert at_the_login_page(page, stack)
    context.close()
