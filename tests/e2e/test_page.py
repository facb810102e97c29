"""The answer page in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.town import Town

REPORT_VIOLATIONS = (
    "document.addEventListener('securitypolicyviolation', event => console.error(event.violatedDirective))"
)


def surveys_to_answer_by_hand(town: Town) -> None:
    for name, locale in (
        ("nora", "en-GB"),
        ("kurt", "en-US"),
        ("petra", "de-AT"),
        ("victor", "en-IE"),
        ("ines", "en-GB"),
    ):
        customer = {"name": name.title(), "locale": locale}
        town.tell("order_paid", f"page-{name}", f"{name}@example.com", customer=customer)


@pytest.fixture
def page(chromium: Browser):
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.after(scene=surveys_to_answer_by_hand)
def test_it_works_without_scripts_and_knows_the_number_that_was_tapped(town: Town, chromium: Browser):
    page = chromium.new_page(java_script_enabled=False)
    mail = town.mail("nora@example.com")

    page.goto(mail.rating_link(8))
    preselected = page.locator("input[name=rating]:checked").get_attribute("value")
    page.locator("textarea").fill("Without a script.")
    page.locator("button[type=submit]").click()

    assert preselected == "8"
    assert "8" in page.locator(".rating").inner_text()
    assert page.locator(".comment").inner_text() == "Without a script."
    town.given[mail.answer_url] = 8
    page.close()


@pytest.mark.after(scene=surveys_to_answer_by_hand)
def test_a_keyboard_is_enough(town: Town, page: Page):
    mail = town.mail("kurt@example.com")

    page.goto(mail.rating_link(6))
    expect(page.locator("input[name=rating]:checked")).to_be_focused()
    page.keyboard.press("ArrowRight")
    tab_to(page, "textarea")
    page.keyboard.type("No mouse.")
    tab_to(page, "input[type=checkbox]")
    page.keyboard.press("Space")
    tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")

    assert "7" in page.locator(".rating").inner_text()
    assert page.locator(".comment").inner_text() == "No mouse."
    town.given[mail.answer_url] = 7


def tab_to(page: Page, selector: str) -> None:
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key")


@pytest.mark.after(scene=surveys_to_answer_by_hand)
def test_it_speaks_the_language_of_its_reader(town: Town, page: Page):
    mail = town.mail("petra@example.com")

    page.goto(mail.rating_link(10))
    language = page.locator("html").get_attribute("lang")
    button = page.locator("button[type=submit]").inner_text()

    assert language == "de"
    assert button == "Antwort senden"
    assert "Petra" in mail.text


@pytest.mark.after(scene=surveys_to_answer_by_hand)
def test_a_phone_asks_one_question_after_the_other_and_axe_finds_nothing(town: Town, chromium: Browser):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    mail = town.mail("ines@example.com")

    page.goto(mail.rating_link(10))
    found = [Axe().run(page)]
    for button in ("Send answer", "Next", "Next", "Done"):
        page.get_by_role("button", name=button).click()
        found.append(Axe().run(page))

    assert "10" in page.locator(".rating").inner_text()
    assert [one.violations_count for one in found] == [0] * 5
    town.given[mail.answer_url] = 10
    page.close()


@pytest.mark.after(scene=surveys_to_answer_by_hand)
def test_it_loads_nothing_from_elsewhere_keeps_its_policy_and_leaves_no_cookie(town: Town, page: Page):
    mail = town.mail("victor@example.com")
    asked, complaints = set(), []
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.on("console", lambda message: complaints.append(message.text))
    page.add_init_script(REPORT_VIOLATIONS)

    response = page.goto(mail.rating_link(3))
    page.locator("button[type=submit]").click()
    page.locator(".rating").wait_for()

    assert asked == {town.stack["api_url"]}
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert complaints == []
    assert page.context.cookies() == []
    town.given[mail.answer_url] = 3
