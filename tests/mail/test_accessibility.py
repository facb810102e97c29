"""Nobody is kept from answering: WCAG 2.2 AA as far as a program can tell, keyboard, zoom, and what is read aloud."""

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from afterbill.model.invitation import Answer
from afterbill_cli.preview import pages
from afterbill_cli.preview.variants import variants
from afterbill_dev.demo.browser import chromium
from afterbill_dev.paths import ROOT
from tests.mail.site import site

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SPOKEN = {variant.name: variant for variant in variants(ROOT / "layers" / "config")}
STATES = {name: page.html for name, page in pages.once(SPOKEN["en"]).items()}
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast", "link-in-text-block"],
}
"""In the dark only colours are different."""
LEAST_TARGET = 24
"""CSS pixels, in both directions (WCAG 2.2, 2.5.8)."""
TOO_SMALL = f"""all => all.filter(one => one.checkVisibility()).filter(one => {{
  const box = (one.closest('label') || one).getBoundingClientRect();
  return box.width < {LEAST_TARGET} || box.height < {LEAST_TARGET};
}}).map(one => one.outerHTML)"""
OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(one => one.checkVisibility())
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML)"""
MOVES = """() => [...document.querySelectorAll('*')].map(one => getComputedStyle(one))
  .filter(style => style.animationName != 'none' || parseFloat(style.transitionDuration) > 0
    || style.scrollBehavior == 'smooth').length"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def here():
    with site() as here:
        yield here


@pytest.fixture(scope="module")
def screens(browser):
    """One page for each size and colour scheme."""
    made = {
        f"{size} {scheme}": browser.new_page(viewport=viewport, color_scheme=scheme)
        for size, viewport in (("desk", DESK), ("phone", PHONE))
        for scheme in ("light", "dark")
    }
    for page in made.values():
        page.set_content("<!doctype html>")
        page.evaluate(Axe().axe_script)
    return made


@pytest.fixture
def visit(browser, here):
    """A fresh browser that is led to a new survey."""
    contexts = []

    def led(screen=DESK, query="", **settings):
        contexts.append(browser.new_context(viewport=screen, **settings))
        here.serve(contexts[-1])
        page, link = contexts[-1].new_page(), here.survey()
        page.goto(link + query)
        return page, link

    yield led
    for context in contexts:
        context.close()


@pytest.mark.parametrize("screen", ["desk light", "desk dark", "phone light", "phone dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(screens, state, screen):
    page = screens[screen]
    page.set_content(STATES[state])

    found = Axe().run(page, options={"runOnly": RULES[screen.split()[1]], "resultTypes": ["violations"]})

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("screen", ["desk light", "phone light"])
def test_every_target_is_large_enough_for_a_finger(screens, state, screen):
    page = screens[screen]
    page.set_content(STATES[state])

    assert page.locator("a, button, input:not([type=hidden]), textarea").evaluate_all(TOO_SMALL) == []


@pytest.mark.parametrize("language", SPOKEN)
def test_nothing_is_lost_at_a_zoom_of_200_percent(browser, language):
    """A window of 1280 pixels is then 640 wide (WCAG 2.2, 1.4.4); the gallery is tried at 400 % (1.4.10)."""
    page = browser.new_page(viewport={"width": 640, "height": 450})
    lost = {}
    for name, shown in pages.once(SPOKEN[language]).items():
        page.set_content(shown.html)
        if found := page.evaluate(OUTSIDE):
            lost[name] = found
    page.close()

    assert lost == {}


def test_nothing_moves(screens):
    page = screens["desk light"]
    moving = []
    for name, html in STATES.items():
        page.set_content(html)
        moving += [name] * bool(page.evaluate(MOVES))

    assert moving == []


def test_the_text_may_be_twice_as_large(visit):
    page, _ = visit(PHONE, "?rating=9")
    page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Send answer").click()
    page.get_by_role("button", name="Next").click()


def test_a_screen_reader_hears_the_question_then_the_number_that_was_tapped(visit):
    page, _ = visit(query="?rating=9")

    expect(page.locator("main")).to_match_aria_snapshot("""
      - status: You chose 9. Please confirm it with “Send answer”.
      - group "How likely are you to recommend Example to a friend or colleague?":
        - heading "How likely are you to recommend Example to a friend or colleague?" [level=1]
        - radio "0"
        - radio "9" [checked]
        - radio "10"
      - group "What do you like most? (optional)":
        - radio "Price"
      - textbox "Would you like to tell us more? (optional)"
      - checkbox "You may contact me about my answer"
      - paragraph:
        - button "Send answer"
    """)
    expect(page.get_by_role("radio", name="0", exact=True)).to_have_accessible_description("0 = not at all likely")
    expect(page.get_by_role("radio", name="10", exact=True)).to_have_accessible_description("10 = extremely likely")


def test_a_phone_reads_only_the_question_it_shows(visit):
    page, _ = visit(PHONE, "?rating=2")
    page.get_by_role("button", name="Send answer").click()

    expect(page.locator("main")).to_match_aria_snapshot("""
      - /children: equal
      - paragraph: Your rating of 2 is recorded. What follows is optional.
      - group "What disappointed you most?":
        - heading "What disappointed you most?" [level=1]
        - radio "How clear the bill is"
        - text: How clear the bill is
        - radio "Price"
        - text: Price
        - radio "Ways to pay"
        - text: Ways to pay
        - radio "Accuracy of the invoice"
        - text: Accuracy of the invoice
        - radio "Service"
        - text: Service
        - radio "Product"
        - text: Product
        - radio "None of these"
        - text: None of these
      - paragraph:
        - button "Next"
        - button "Back"
    """)


def test_a_mistake_is_announced_and_named_at_its_field(screens):
    page = screens["desk light"]
    page.set_content(STATES["survey-long-comment"])

    expect(page.get_by_role("alert")).to_contain_text("Your comment is too long.")
    box = page.get_by_role("textbox")
    expect(box).to_have_accessible_description(
        "Error: Your comment is too long. Please shorten it to 10,000 characters."
    )
    expect(box).to_have_attribute("aria-invalid", "true")


def test_the_keyboard_reaches_everything_in_the_order_it_is_shown(visit, here):
    page, link = visit()
    shown = []
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    for key in ("Tab", "Space", "Tab", "Tab", "Space", "Tab"):
        page.keyboard.press(key)
        outline = "one => { const seen = one.type == 'radio' && one.name == 'rating' ? one.nextElementSibling : one;"
        shown.append(page.locator(":focus").evaluate(f"{outline} return getComputedStyle(seen).outlineStyle }}"))
    expect(page.get_by_role("button", name="Send answer")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".rating").wait_for()

    assert set(shown) == {"solid"}
    assert here.stored(link).answer == replace(Answer(1, contact_ok=True), reason="billing_clarity")
