"""The console over a seeded year at an address of this machine, and a browser that signs in there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from afterbill_console.pages.routes import ROUTES, Route
from afterbill_console.roles import RIGHTS, Role
from afterbill_dev.console.serving import serving
from afterbill_dev.console.world import World, history
from afterbill_dev.demo.browser import chromium

SIZES = {"desk": (1280, 900), "phone": (375, 812)}
FACTS = history()
ANSWERED = max((fact for fact in FACTS if fact.answer), key=lambda fact: bool(fact.answer and fact.answer.comment))
IDS = {"customers": ANSWERED.customer_id, "responses": ANSWERED.id}
"""Ids of an answer with a comment, if there is one, and of its customer."""
OF_A_YEAR = "?window=365d"


def place_of(route: Route) -> str:
    """Return an address of the page at which there is much to see."""
    parts = route.path.split("/")
    return route.path.replace("{id}", IDS.get(parts[2], "")) + (OF_A_YEAR if route.filtered else "")


def is_there(route: Route) -> bool:
    return find_spec(f"afterbill_console.pages.{route.view.partition(':')[0]}") is not None


PAGES = [route for route in ROUTES if route.method == "GET" and is_there(route) and not route.path.endswith("/export")]


def may_open(route: Route, role: Role) -> bool:
    return route.right is None or route.right in RIGHTS[role]


@dataclass
class Screen:
    """One browser window, signed in as one role at a time; `said` is what its console said."""

    world: World
    page: Page
    language: str
    role: Role | None = None
    said: list[str] = field(default_factory=list)

    def sign_in(self, role: Role) -> None:
        if self.role is not role:
            self.page.goto(f"{self.world.origin}/app/sign-in?role={role}&language={self.language}")
            self.role = role
        self.said.clear()

    def open(self, place: str, role: Role = Role.ADMIN) -> str:
        """Open an address; the HTML as it was sent."""
        self.sign_in(role)
        answer = self.page.goto(f"{self.world.origin}{place}")
        assert answer is not None
        assert answer.status == 200, place
        return answer.text()


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    with serving(lambda origin: World(facts=FACTS, origin=origin)) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def screens(served, browser) -> dict[str, Screen]:
    """A desk in light with the script, in English; a phone in the dark without it, in German."""
    return {
        "desk": screen(served, browser, "desk", "light", "en"),
        "phone": screen(served, browser, "phone", "dark", "de", script=False),
    }


@pytest.fixture
def fresh(served, browser) -> Iterator:
    """Opens a window of its own; closed afterwards."""
    contexts: list[BrowserContext] = []

    def opened(size: str = "desk", scheme: str = "light", language: str = "en", **settings: object) -> Screen:
        made = screen(served, browser, size, scheme, language, **settings)
        contexts.append(made.page.context)
        return made

    yield opened
    for context in contexts:
        context.close()


def screen(world, browser, size, *look, script=True, **settings) -> Screen:
    (width, height), (scheme, language) = SIZES[size], look
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **settings)
    if not script:
        context.route("**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page = context.new_page()
    page.set_default_timeout(30_000)
    made = Screen(world, page, language)
    page.on("console", lambda message: made.said.append(said(message)))
    page.on("pageerror", lambda error: made.said.append(str(error)))
    return made


def said(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"
