"""Every page for every role in a real browser: WCAG 2.2 AA as far as a program can tell, zoom, size, and stillness."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from afterbill_console.roles import Role
from tests.console.conftest import PAGES, may_open, place_of

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LARGEST = 60_000
"""Bytes of a page, with its charts."""
LEAST_TARGET = 24
"""CSS pixels, in both directions (WCAG 2.2, 2.5.8)."""
SHIFTS = """() => new Promise(done => {
  let moved = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) moved += one.value; })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(moved), 50);
})"""
TOO_SMALL = f"""all => all.filter(one => one.checkVisibility()).filter(one => {{
  const box = (one.closest('label') || one).getBoundingClientRect();
  const inline = getComputedStyle(one).display == 'inline' && one.closest('p, li, td, th, dd, figcaption, text');
  return !inline && !one.closest('svg') && (box.width < {LEAST_TARGET} || box.height < {LEAST_TARGET});
}}).map(one => one.outerHTML.slice(0, 200))"""
WIDTH = "document.documentElement.scrollWidth"

OPENED = [(route, role) for route in PAGES for role in Role if may_open(route, role)]
CASES = [("desk", route, role) for route, role in OPENED] + [
    # Another role sees less of the same: it is enough to look at all of it on a phone.
    ("phone", route, next(role for role in Role if may_open(route, role)))
    for route in PAGES
]


def violations(page) -> list[str]:
    """Return what axe finds, with the elements."""
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['html'][:300]}: {node.get('failureSummary', '')[:300]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("size", "route", "role"), CASES, ids=lambda one: getattr(one, "path", str(one)))
def test_a_page_is_accessible_small_still_and_silent(screens, size, route, role):
    screen = screens[size]
    html = screen.open(place_of(route), role)

    assert screen.page.evaluate(SHIFTS) == 0
    assert len(html.encode()) < LARGEST
    assert screen.page.evaluate(WIDTH) == screen.page.viewport_size["width"]
    assert (
        screen.page.locator("a, button, input:not([type=hidden]), select, textarea, summary").evaluate_all(TOO_SMALL)
        == []
    )
    assert violations(screen.page) == []
    assert screen.said == []


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.path)
def test_nothing_is_lost_at_a_zoom_of_200_and_400_percent(screens, route):
    """A window of 1280 pixels is then 640 and 320 wide (WCAG 2.2, 1.4.4 and 1.4.10)."""
    screen = screens["desk"]
    role = next(role for role in Role if may_open(route, role))
    screen.open(place_of(route), role)
    widths = {}
    for width in (640, 320):
        screen.page.set_viewport_size({"width": width, "height": 450})
        widths[width] = screen.page.evaluate(WIDTH)
    screen.page.set_viewport_size({"width": 1280, "height": 900})

    assert widths == {640: 640, 320: 320}


@pytest.mark.parametrize("place", ["/app/nothing", "/app/tasks", "/app/overview?window=never&where=x"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_refusal_is_accessible_too(screens, size, place):
    screen = screens[size]
    screen.sign_in(Role.VIEWER)
    screen.page.goto(f"{screen.world.origin}{place}")

    assert screen.page.evaluate(WIDTH) == screen.page.viewport_size["width"]
    assert violations(screen.page) == []
