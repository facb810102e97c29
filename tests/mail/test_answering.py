"""The page in a real browser, over the real handler: every way through it, with and without its script."""

from time import monotonic

import pytest
from playwright.sync_api import expect

from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind
from afterbill_dev.demo.browser import chromium
from tests.mail.site import HOST, REVIEWS, site

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
VISIBLE = 600
"""Milliseconds, more than the page must be visible for."""
HIDE = "Object.defineProperty(document, 'visibilityState', {get: () => window.shown ? 'visible' : 'hidden'})"
NO_BEACON = "navigator.sendBeacon = () => false"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def here():
    with site() as here:
        yield here


@pytest.fixture
def open_page(browser, here):
    """A page of a fresh browser: a desk unless told otherwise; the clock of the page is the test's."""
    contexts = []

    def opened(screen=DESK, **settings):
        contexts.append(browser.new_context(viewport=screen, **settings))
        here.serve(contexts[-1])
        here.asked.clear()
        page = contexts[-1].new_page()
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        return page

    yield opened
    for context in contexts:
        context.close()


def tap(page, link, rating):
    """Follow the link of a number in the mail; ready for the keyboard once the number has the focus."""
    page.goto(f"{link}?rating={rating}")
    expect(page.locator("input[name=rating]:checked")).to_be_focused()


def choose(page, rating):
    """Another number, on the page."""
    page.locator(f"input[name=rating][value='{rating}']").check()


def stay(page):
    """As long as it takes until the page reports."""
    with page.expect_request(lambda request: request.method == "POST"):
        page.clock.run_for(VISIBLE)


def reported(page, here, link, expected):
    """The numbers reported so far; waits for those expected, because a beacon outlives what the page waits for."""
    end = monotonic() + 10
    while here.seen(link) != expected and monotonic() < end:
        page.evaluate("0")  # lets the answers to its requests happen
    return here.seen(link)


@pytest.mark.parametrize("script", [True, False])
def test_the_tapped_number_is_confirmed_with_the_enter_key(open_page, here, script):
    page, link = open_page(java_script_enabled=script), here.survey()
    tap(page, link, 9)

    page.keyboard.press("Enter")
    page.locator(".rating").wait_for()

    assert here.stored(link).answer == Answer(9)


def test_a_desk_asks_everything_at_once(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 3)

    page.get_by_label("Price").check()
    page.get_by_label("tell us more").fill("Too dear.")
    page.get_by_label("You may contact me").check()
    page.get_by_role("button", name="Send answer").click()

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_text("What happens next")).to_be_visible()
    assert page.locator("form").is_hidden()
    assert here.stored(link).answer == Answer(3, "Too dear.", "price", contact_ok=True)


@pytest.mark.parametrize("script", [True, False])
def test_the_question_that_follows_is_that_of_the_chosen_number(open_page, here, script):
    page = open_page(java_script_enabled=script)
    page.goto(here.survey())
    follow = page.locator(".follow")

    asked = [follow.inner_text()]
    for rating in (10, 8, 0):
        page.locator(f"input[name=rating][value='{rating}']").check()
        asked.append(follow.inner_text())

    assert asked == [
        "What is the main reason for your rating?",
        "What do you like most?",
        "What could we do better?",
        "What disappointed you most?",
    ]


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_asks_one_question_on_each_screen(open_page, here, script):
    page, link = open_page(PHONE, java_script_enabled=script), here.survey()
    tap(page, link, 10)
    shown = []

    def forth(button):
        shown.append([one.inner_text() for one in page.get_by_role("heading").all()])
        page.get_by_role("button", name=button).click()

    assert page.locator("textarea").is_hidden()
    forth("Send answer")
    assert here.stored(link).answer == Answer(10)
    page.get_by_label("Service").check()
    forth("Next")
    assert here.stored(link).answer == Answer(10, reason="service")
    page.locator("textarea:visible").fill("one\ntwo")
    forth("Next")
    page.get_by_label("You may contact me").check()
    forth("Done")

    assert shown == [
        ["How likely are you to recommend Example to a friend or colleague?"],
        ["What do you like most?"],
        ["Would you like to tell us more?"],
        ["May we contact you about your answer?"],
    ]
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert here.stored(link).answer == Answer(10, "one\ntwo", "service", contact_ok=True)


def test_enter_goes_on_and_back_goes_back_with_what_was_said(open_page, here):
    page, link = open_page(PHONE), here.survey()
    tap(page, link, 9)

    page.keyboard.press("Enter")
    page.get_by_label("Price").check()
    page.keyboard.press("Enter")
    page.locator("textarea:visible").fill("kept")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Price")).to_be_checked()
    assert here.stored(link).answer == Answer(9, "kept", "price")
    page.get_by_role("button", name="Back").click()
    expect(page.locator("input[value='9']")).to_be_checked()
    page.locator("input[value='2']").check()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="What disappointed you most?")).to_be_visible()
    assert here.stored(link).answer == Answer(2, "kept", "price")


def test_an_answer_can_be_changed_until_the_survey_closes(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    page.get_by_role("button", name="Send answer").click()

    page.get_by_role("link", name="Change answer").click()
    expect(page.get_by_text("We have recorded 9 out of 10.")).to_be_visible()
    page.locator("input[value='5']").check()
    page.get_by_role("button", name="Change answer").click()
    assert here.stored(link).answer == Answer(5)
    here.close(link)
    page.get_by_role("link", name="Change answer").click()

    expect(page.get_by_role("heading", name="This survey is closed")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_the_page_says_what_is_recorded_and_what_is_not_yet(open_page, here, script):
    page, link = open_page(java_script_enabled=script), here.survey()
    tap(page, link, 7)
    notes = [page.locator(".note").inner_text()]
    choose(page, 6)
    notes.append(page.locator(".note").inner_text())
    choose(page, 7)
    page.get_by_role("button", name="Send answer").click()
    tap(page, link, 3)
    for rating in (3, 5, 7):
        choose(page, rating)
        notes.append(page.locator(".note").inner_text())

    recorded = "We have recorded 7 out of 10.\n"
    assert notes == [
        "You chose 7. Please confirm it with “Send answer”.",
        "Please confirm the number you have chosen with “Send answer”.",
        f"{recorded}You have now chosen 3. It is not recorded until you press “Change answer”.",
        f"{recorded}The number you have chosen now is not recorded until you press “Change answer”.",
        f"{recorded}You can change your answer here.",
    ]
    assert here.stored(link).answer == Answer(7)


def test_nobody_who_is_not_known_is_asked_for_a_permission_to_contact_them(open_page, here):
    page, link = open_page(PHONE), here.survey(customer_id="")
    tap(page, link, 3)
    assert page.get_by_label("You may contact me").count() == 0

    for button in ("Send answer", "Next", "Done"):
        page.get_by_role("button", name=button).click()

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert here.stored(link).answer == Answer(3)


def test_who_recommends_is_led_to_reviews_and_gets_a_link_of_their_own(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 10)
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="Write a review")).to_have_attribute("href", REVIEWS)
    assert page.locator(".referral").get_attribute("href").startswith(f"{HOST}/r/")


def test_a_comment_is_shown_as_it_was_typed_and_runs_nothing(open_page, here):
    page, link = open_page(), here.survey()
    hostile = "<img src=x onerror=document.title='owned'>\n=HYPERLINK(1)'; DROP TABLE"
    tap(page, link, 4)
    page.locator("#comment").fill(hostile)
    page.get_by_role("button", name="Send answer").click()

    assert page.locator(".comment").inner_text() == hostile
    assert "owned" not in page.title()
    assert len(here.asked) == 2


def test_the_page_is_one_request_and_leaves_nothing_behind(open_page, here):
    page, link = open_page(), here.survey()
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    tap(page, link, 9)
    page.wait_for_load_state("networkidle")

    assert len(here.asked) == 1
    assert messages == []
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.parametrize("broken", ["", NO_BEACON], ids=["beacon", "fetch"])
def test_a_page_that_was_visible_long_enough_says_so_once(open_page, here, broken):
    page, link = open_page(), here.survey()
    page.add_init_script(broken)
    tap(page, link, 9)

    stay(page)
    page.clock.run_for(10 * VISIBLE)
    page.wait_for_load_state("networkidle")

    assert reported(page, here, link, [9]) == [9]
    assert here.stored(link).answer is None


def test_a_number_chosen_on_the_page_is_reported_after_the_one_that_was_tapped(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    stay(page)
    choose(page, 6)
    page.clock.run_for(VISIBLE // 2)
    assert reported(page, here, link, [9]) == [9]
    stay(page)
    page.clock.run_for(10 * VISIBLE)
    page.wait_for_load_state("networkidle")

    assert reported(page, here, link, [9, 6]) == [9, 6]
    assert here.stored(link).answer is None


def test_and_in_its_place_where_that_was_not_reported_yet(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    for rating in (3, 6):
        page.clock.run_for(VISIBLE // 2)
        choose(page, rating)
    page.get_by_label("Price").check()
    stay(page)
    page.wait_for_load_state("networkidle")

    assert reported(page, here, link, [6]) == [6]


def test_a_page_reports_no_more_than_a_handful(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    for rating in (1, 2, 3, 4):
        stay(page)
        choose(page, rating)
    stay(page)
    choose(page, 5)
    page.clock.run_for(10 * VISIBLE)
    page.wait_for_load_state("networkidle")

    assert reported(page, here, link, [9, 1, 2, 3, 4]) == [9, 1, 2, 3, 4]


def opened(here, link):
    return [visit.rating for visit in here.stored(link).visits if visit.kind is Kind.OPENED]


def test_a_page_that_reported_is_silent_when_it_is_loaded_again(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    stay(page)
    for load in (page.reload, lambda: page.goto("about:blank"), page.go_back):
        load()
        page.clock.run_for(10 * VISIBLE)
        page.wait_for_load_state("networkidle")

    assert checked_number(page) == "9"
    assert reported(page, here, link, [9]) == [9]
    assert opened(here, link) == [9]


def test_a_page_that_had_no_time_to_report_does_so_when_it_is_loaded_again(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    page.clock.run_for(VISIBLE // 3)
    page.reload()
    stay(page)

    assert reported(page, here, link, [9]) == [9]
    assert opened(here, link) == [9]


def test_what_was_chosen_on_a_page_is_what_it_shows_when_it_is_loaded_again(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    stay(page)
    choose(page, 6)
    stay(page)
    page.reload()
    page.clock.run_for(10 * VISIBLE)
    page.wait_for_load_state("networkidle")

    assert checked_number(page) == "6"
    assert reported(page, here, link, [9, 6]) == [9, 6]
    choose(page, 2)
    stay(page)
    assert reported(page, here, link, [9, 6, 2]) == [9, 6, 2]


def test_the_address_of_an_open_page_is_no_click_elsewhere(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    address = page.url
    other = open_page()
    other.goto(address)
    other.clock.run_for(10 * VISIBLE)
    other.wait_for_load_state("networkidle")

    assert checked_number(other) == "9"
    assert here.seen(link) == []


def test_the_same_number_clicked_once_more_in_the_mail_is_reported_again(open_page, here):
    page, link = open_page(), here.survey()
    for rating in (9, 3, 9):
        tap(page, link, rating)
        stay(page)

    assert reported(page, here, link, [9, 3, 9]) == [9, 3, 9]
    assert opened(here, link) == [9, 3, 9]


def test_a_browser_that_cannot_remember_reports_all_the_same(open_page, here):
    page, link = open_page(), here.survey()
    page.add_init_script("history.replaceState = () => { throw new Error() }")
    tap(page, link, 9)
    stay(page)

    assert reported(page, here, link, [9]) == [9]


def checked_number(page):
    return page.locator("input[name=rating]:checked").get_attribute("value")


def test_time_in_the_background_does_not_count(open_page, here):
    page, link = open_page(), here.survey()
    page.add_init_script(HIDE)
    tap(page, link, 9)

    def show(shown, milliseconds):
        page.evaluate(f"window.shown = {shown}; document.dispatchEvent(new Event('visibilitychange'))")
        page.clock.run_for(milliseconds)

    page.clock.run_for(5000)
    show("true", 250)
    show("false", 5000)
    assert here.seen(link) == []
    with page.expect_request(lambda request: request.method == "POST"):
        show("true", 200)

    page.wait_for_load_state("networkidle")
    assert reported(page, here, link, [9]) == [9]


def test_who_leaves_before_it_is_not_reported(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    page.clock.run_for(200)
    page.goto(here.survey())
    page.clock.run_for(5000)

    assert here.seen(link) == []


def test_who_confirms_first_is_not_reported_as_well(open_page, here):
    page, link = open_page(), here.survey()
    tap(page, link, 9)
    choose(page, 6)
    page.keyboard.press("Enter")
    page.locator(".rating").wait_for()
    page.clock.run_for(5000)

    assert [method for method, _ in here.asked] == ["GET", "POST"]
    assert here.seen(link) == []


def test_nothing_is_reported_without_a_number_or_after_a_confirmed_answer(open_page, here):
    page, link = open_page(), here.survey()
    page.goto(link)
    page.clock.run_for(5000)
    tap(page, link, 9)
    page.keyboard.press("Enter")
    page.locator(".rating").wait_for()
    tap(page, link, 2)
    page.clock.run_for(5000)

    assert here.seen(link) == []
    assert [visit.kind for visit in here.stored(link).visits] == [Kind.OPENED, Kind.OPENED]
    assert here.stored(link).answer == Answer(9)


@pytest.mark.parametrize(("question", "highest"), [("csat", 5), ("ces", 7), ("rebuy", 10)])
def test_every_question_is_asked_on_its_own_scale(open_page, here, question, highest):
    page, link = open_page(PHONE), here.survey(segments={"question": question})
    tap(page, link, highest)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next").wait_for()

    assert here.stored(link).answer == Answer(highest)
    expect(page.get_by_role("heading", name="What do you like most?")).to_be_visible()
