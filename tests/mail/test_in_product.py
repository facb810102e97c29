"""The survey in an operator's page, under a strict policy: seen once, by everybody, and in nobody's way."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from afterbill.answers.in_product import user_hash
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill_dev.demo.browser import chromium
from tests.mail.product import API, ORIGIN, SECRET, product

DESK, PHONE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}, {"width": 320, "height": 256}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
WATCHING = """
window.shifted = 0; window.violations = []; window.underWay = 0;
{
  const { fetch } = window;
  window.fetch = (...request) => {
    underWay += 1;
    return fetch(...request).finally(() => underWay -= 1);
  };
}
new PerformanceObserver(list => {
  for (const one of list.getEntries()) window.shifted += one.hadRecentInput ? 0 : one.value;
}).observe({ type: 'layout-shift', buffered: true });
document.addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));
"""
SMALL = """() => [...document.querySelector('html > div').shadowRoot
  .querySelectorAll('button, :has(> input)')]
  .filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect())
  .filter(box => box.width < 24 || box.height < 24).length"""
OUTSIDE = """() => [...document.querySelector('html > div').shadowRoot.querySelectorAll('*')]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1).length"""


NAMES = "([user, hash]) => Object.assign(document.querySelector('[data-user]').dataset, { user, hash })"
CHANGES_AT_SHOWN = """next => {
  const { fetch } = window;
  window.fetch = (url, ...more) => {
    const answer = fetch(url, ...more);
    if (String(url).endsWith('/shown')) {
      window.fetch = fetch;
      afterbill.ask(...next);
    }
    return answer;
  };
  afterbill.ask();
}"""
"""Asks, and names the next user between the permission to show the card and the card."""
EXCHANGE = """([user, hash, loading]) => {
  const body = document.createElement('body');
  body.append(Object.assign(document.createElement('h1'), { textContent: 'Next page' }));
  if (user) {
    const script = document.createElement('script');
    if (loading.includes('module')) script.type = 'module';
    Object.assign(script.dataset, { user, hash, moment: '0' });
    script.src = 'API/in-product/afterbill.js';
    body.append(script);
  }
  document.body.replaceWith(body);
}""".replace("API", API)
"""Puts a new body in the place of the old one, with a script where somebody is named."""
LOADER = """([user, hash]) => {
  const script = document.createElement('script');
  Object.assign(script.dataset, { user, hash, moment: '0' });
  script.onload = () => script.remove();
  script.src = 'API/in-product/afterbill.js';
  document.head.append(script);
}""".replace("API", API)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def here():
    with product() as here:
        yield here


@pytest.fixture
def visit(browser, here):
    """Opens the operator's page; everything is closed at the end."""
    opened = []

    def visit_(context=None, *, frozen=False, **options):
        if context is None:
            context = browser.new_context(**{"viewport": DESK} | options)
            opened.append(context)
            here.serve(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.messages = []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.add_init_script(WATCHING)
        if frozen:
            page.clock.install()
        page.goto(f"{ORIGIN}/account")
        return page

    yield visit_
    for context in opened:
        context.close()


def dialog(page):
    return page.get_by_role("dialog")


def rate(page, rating):
    dialog(page).get_by_role("radio", name=str(rating), exact=True).check(force=True)


def quiet(page):
    """Waits until every request of the script has come back."""
    page.wait_for_load_state("networkidle")
    deadline = time.monotonic() + 10
    while page.evaluate("window.underWay"):
        assert time.monotonic() < deadline, "a request never came back"


class TestAPerson:
    def test_answers_with_a_reason_a_comment_and_a_permission(self, here, visit):
        one = here.survey()
        page = visit()

        rate(page, 9)
        dialog(page).get_by_role("radio", name="Price").check(force=True)
        dialog(page).get_by_role("textbox").fill("Fast\nand friendly 🎉")
        dialog(page).get_by_role("checkbox").check()
        dialog(page).get_by_role("button", name="Send answer").click()

        expect(dialog(page).get_by_role("status")).to_have_text("Thank you for your answer")
        assert here.stored(one).answer == Answer(9, "Fast\nand friendly 🎉", "price", contact_ok=True)
        assert here.stored(one).channel == "in_app"
        assert page.messages == []

    @pytest.mark.parametrize(
        ("rating", "question"),
        [(10, "What do you like most?"), (8, "What could we do better?"), (0, "What disappointed you most?")],
    )
    def test_is_asked_why_as_fits_the_rating(self, here, visit, rating, question):
        here.survey()
        page = visit()

        expect(dialog(page).get_by_role("textbox")).to_be_hidden()
        rate(page, rating)

        expect(dialog(page).get_by_text(question)).to_be_visible()

    def test_who_taps_and_closes_has_answered(self, here, visit):
        one = here.survey()
        page = visit()

        rate(page, 0)
        dialog(page).get_by_role("button", name="Close").click()

        expect(dialog(page)).to_have_count(0)
        quiet(page)
        assert (here.stored(one).answer, here.stored(one).dismissed_at) == (Answer(0), None)

    def test_who_taps_and_stays_has_answered_after_a_second(self, here, visit):
        one = here.survey()
        page = visit(frozen=True)
        page.clock.run_for(100)

        rate(page, 7)
        page.clock.run_for(900)
        before = here.stored(one).answer
        with page.expect_response("**/answer"):
            page.clock.run_for(200)

        assert (before, here.stored(one).answer) == (None, Answer(7))

    def test_who_taps_and_leaves_the_page_has_answered(self, here, visit):
        one = here.survey()
        page = visit()

        rate(page, 4)
        with page.expect_response("**/answer"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")  # as when it goes

        assert here.stored(one).answer == Answer(4)

    def test_who_changes_their_mind_has_said_the_last(self, here, visit):
        one = here.survey()
        page = visit()

        for rating in (2, 10):
            rate(page, rating)
        dialog(page).get_by_role("button", name="Send answer").click()

        expect(dialog(page).get_by_role("status")).not_to_be_empty()
        assert here.stored(one).answer == Answer(10)

    def test_is_told_when_it_could_not_be_sent_and_may_try_again(self, here, visit):
        one = here.survey()
        page = visit()
        rate(page, 9)
        here.broken = True
        dialog(page).get_by_role("button", name="Send answer").click()
        expect(dialog(page).get_by_role("status")).to_have_text("We cannot be reached right now")

        here.broken = False
        dialog(page).get_by_role("button", name="Send answer").click()

        expect(dialog(page).get_by_role("status")).to_have_text("Thank you for your answer")
        assert here.stored(one).answer == Answer(9)

    @pytest.mark.parametrize(("question", "numbers"), [(Question.CSAT, range(1, 6)), (Question.CES, range(1, 8))])
    def test_is_asked_another_question_on_its_own_scale(self, here, visit, question, numbers):
        one = here.survey(segments={"question": question})
        page = visit()

        expect(dialog(page)).to_be_visible()
        offered = [radio.get_attribute("value") for radio in dialog(page).locator("[name=rating]").all()]
        rate(page, numbers[-1])
        dialog(page).get_by_role("button", name="Send answer").click()

        expect(dialog(page).get_by_role("status")).not_to_be_empty()
        assert offered == [str(number) for number in numbers]
        assert here.stored(one).answer == Answer(numbers[-1])

    def test_reads_the_language_of_the_page(self, here, visit):
        here.survey()
        here.language = "de-AT"
        page = visit()

        expect(dialog(page).get_by_role("button", name="Schließen")).to_be_visible()
        assert page.locator("html > div").last.get_attribute("lang") == "de"


class TestNeverTwice:
    def test_a_dismissed_survey_stays_away(self, here, visit):
        one = here.survey()
        page = visit()
        dialog(page).get_by_role("button", name="Close").click()
        quiet(page)

        page.reload()
        quiet(page)

        assert here.stored(one).dismissed_at
        expect(dialog(page)).to_have_count(0)

    def test_one_that_was_only_seen_comes_back_on_the_next_pages_but_not_for_ever(self, here, visit):
        one = here.survey()
        page = visit()
        for showings in (1, 2, 3):
            expect(dialog(page)).to_be_visible()
            assert here.stored(one).showings == showings
            leave(page)
            page.reload()
        quiet(page)

        expect(dialog(page)).to_have_count(0)
        assert here.stored(one).dismissed_at is None

    def test_one_that_was_answered_does_not_come_back(self, here, visit):
        one = here.survey()
        page = visit()
        rate(page, 9)
        leave(page)

        page.reload()
        quiet(page)

        expect(dialog(page)).to_have_count(0)
        assert (here.stored(one).answer, here.stored(one).showings) == (Answer(9), 1)

    def test_a_page_that_comes_back_as_it_was_keeps_its_card_unless_another_page_has_it(self, here, visit):
        one = here.survey()
        page = visit()
        dialog(page).evaluate("card => card.querySelector('textarea').value = 'typed'")
        leave(page)
        come_back(page)
        expect(dialog(page)).to_be_visible()
        assert dialog(page).evaluate("card => card.querySelector('textarea').value") == "typed"
        assert here.stored(one).showings == 2

        leave(page)
        other = visit(page.context)
        expect(dialog(other)).to_be_visible()
        come_back(page)

        expect(dialog(page)).to_have_count(0)
        expect(dialog(other)).to_be_visible()
        assert here.stored(one).dismissed_at is None

    def test_of_two_tabs_one_shows_it(self, here, visit):
        here.survey()
        first = visit()
        expect(dialog(first)).to_be_visible()

        second = visit(first.context)
        quiet(second)

        expect(dialog(second)).to_have_count(0)

    def test_two_tabs_at_the_very_same_moment_too(self, here, visit):
        here.survey()
        here.moment = 'data-moment="manual"'
        tabs = [visit()]
        tabs.append(visit(tabs[0].context))
        for tab in tabs:
            tab.wait_for_function("window.afterbill")

        shown = [tab.evaluate("afterbill.ask()") for tab in tabs]

        assert sorted(shown) == [False, True]

    def test_a_second_script_on_the_page_does_nothing(self, here, visit):
        here.survey()
        here.scripts = 2
        page = visit()
        expect(dialog(page)).to_be_visible()
        quiet(page)

        assert here.asked.count("survey") == 1
        assert page.evaluate("afterbill.ask()") is False


class TestWhoIsAtThePage:
    """An answer is stored for whom the page named when their card was built, and for nobody else."""

    def two(self, here):
        """Surveys for the user of the page and for the next one."""
        first, user = here.survey(), here.user
        second, following = here.survey(), (here.user, user_hash(here.user, SECRET))
        here.user = user
        return first, second, following

    def test_the_next_user_gets_a_card_of_their_own_and_the_first_ones_is_given_back(self, here, visit):
        first, second, following = self.two(here)
        page = visit()
        expect(dialog(page)).to_be_visible()

        shown = page.evaluate("next => afterbill.ask(...next)", following)
        expect(dialog(page)).to_have_count(1)
        rate(page, 2)
        dialog(page).get_by_role("button", name="Send answer").click()
        expect(dialog(page).get_by_role("status")).not_to_be_empty()

        assert shown is True
        assert (here.stored(first).answer, here.stored(second).answer) == (None, Answer(2))
        assert here.stored(first).dismissed_at is None
        assert here.stored(first).shown_until <= datetime.now(UTC)

    def test_what_the_first_one_tapped_a_moment_ago_stays_theirs(self, here, visit):
        first, second, following = self.two(here)
        page = visit(frozen=True)
        page.clock.run_for(100)
        rate(page, 9)

        with page.expect_response("**/answer"):
            page.evaluate("next => { afterbill.ask(...next); }", following)
        page.clock.run_for(5000)
        quiet(page)

        assert (here.stored(first).answer, here.stored(second).answer) == (Answer(9), None)

    def test_a_request_that_is_under_way_shows_the_first_one_nothing_any_more(self, here, visit):
        first, second, following = self.two(here)
        here.moment = 'data-moment="manual"'
        page = visit()
        page.wait_for_function("window.afterbill")

        shown = page.evaluate("next => Promise.all([afterbill.ask(), afterbill.ask(...next)])", following)
        expect(dialog(page)).to_have_count(1)
        quiet(page)

        assert shown == [False, True]
        assert not here.stored(first).shown_until or here.stored(first).shown_until <= datetime.now(UTC)
        assert here.stored(second).showings == 1

    @pytest.mark.parametrize("leaving", ["afterbill.close()", "afterbill.ask(null)", "afterbill.ask('')"])
    def test_who_signs_out_takes_the_card_along(self, here, visit, leaving):
        one = here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()

        page.evaluate(f"() => {{ {leaving}; }}")
        expect(dialog(page)).to_have_count(0)
        quiet(page)

        assert page.evaluate("afterbill.ask()") is False
        assert (here.stored(one).dismissed_at, page.messages) == (None, [])

    def test_who_signs_out_before_the_moment_is_not_asked(self, here, visit):
        here.survey()
        here.moment = ""
        page = visit(frozen=True)
        page.wait_for_function("window.afterbill")

        page.evaluate("afterbill.close()")
        page.clock.run_for(10_000)
        quiet(page)

        assert here.asked == ["afterbill.js"]

    @pytest.mark.parametrize(
        "naming",
        [NAMES, LOADER.replace("script.remove()", "0"), "next => { afterbill.ask(...next); }"],
        ids=["the same attributes", "another element", "a call"],
    )
    def test_who_signs_in_again_is_asked_again(self, here, visit, naming):
        here.survey()
        page = visit(bypass_csp=True)
        expect(dialog(page)).to_be_visible()
        page.evaluate("afterbill.close()")
        expect(dialog(page)).to_have_count(0)
        quiet(page)

        page.evaluate(naming, [here.user, user_hash(here.user, SECRET)])

        expect(dialog(page)).to_be_visible()

    def test_who_signed_out_is_not_named_by_other_changes_of_the_page(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.evaluate("afterbill.close()")
        quiet(page)
        here.asked.clear()

        page.evaluate("document.querySelector('main').append('Signed out')")
        page.evaluate("user => { document.querySelector('#filler').dataset.user = user; }", here.user)

        assert page.evaluate("afterbill.ask()") is False
        assert here.asked == []

    def test_the_first_one_is_asked_again_when_the_attributes_name_them_anew(self, here, visit):
        first, second, following = self.two(here)
        page = visit()
        expect(dialog(page)).to_be_visible()
        assert page.evaluate("next => afterbill.ask(...next)", following)
        quiet(page)

        with page.expect_response(lambda response: first.id in (response.request.post_data or "")):
            page.evaluate(NAMES, [here.user, user_hash(here.user, SECRET)])

        expect(dialog(page)).to_have_count(1)
        assert here.stored(second).answer is None

    def test_a_card_that_came_too_late_has_used_a_showing_and_is_given_back(self, here, visit):
        first, _, following = self.two(here)
        here.moment = 'data-moment="manual"'
        page = visit()
        page.wait_for_function("window.afterbill")

        with page.expect_response(lambda response: '"gone"' in (response.request.post_data or "")):
            page.evaluate(CHANGES_AT_SHOWN, following)

        assert here.stored(first).showings == 1
        assert here.stored(first).shown_until <= datetime.now(UTC)

    def test_attributes_that_name_another_user_are_enough(self, here, visit):
        first, second, following = self.two(here)
        page = visit()
        expect(dialog(page)).to_be_visible()

        with page.expect_response(lambda response: second.id in (response.request.post_data or "")):
            page.evaluate(NAMES, following)
        expect(dialog(page)).to_have_count(1)
        rate(page, 3)
        dialog(page).get_by_role("button", name="Close").click()
        quiet(page)

        assert (here.stored(first).answer, here.stored(second).answer) == (None, Answer(3))

    def test_attributes_that_name_nobody_close_the_card(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()

        page.evaluate(NAMES, ["", ""])

        expect(dialog(page)).to_have_count(0)
        assert page.evaluate("afterbill.ask()") is False
        assert page.messages == []

    def test_a_page_that_never_named_anybody_is_told(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.evaluate("document.querySelector('[data-user]').removeAttribute('data-user')")

        with page.expect_console_message(lambda message: message.text.startswith("afterbill")) as told:
            assert page.evaluate("afterbill.ask()") is False

        assert told.value.text == "afterbill: user must be the customer's id, 1 to 200 characters: set data-user"


class TestAPageThatExchangesItsBody:
    """As Turbo, Turbolinks, pjax and boosted links of htmx do."""

    def test_keeps_the_card_with_what_was_typed_and_the_focus(self, here, visit):
        one = here.survey()
        page = visit()
        rate(page, 9)
        dialog(page).get_by_role("textbox").fill("half a sen")
        dialog(page).get_by_role("textbox").focus()

        page.evaluate(EXCHANGE, [])
        page.keyboard.type("tence")
        dialog(page).get_by_role("button", name="Send answer").click()
        expect(dialog(page).get_by_role("status")).to_have_text("Thank you for your answer")

        assert page.locator("h1").inner_text() == "Next page"
        assert here.stored(one).answer == Answer(9, "half a sentence")
        assert here.stored(one).showings == 1

    def test_escape_works_in_the_new_body(self, here, visit):
        one = here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.evaluate(EXCHANGE, [])

        page.keyboard.press("Escape")

        expect(dialog(page)).to_have_count(0)
        quiet(page)
        assert here.stored(one).dismissed_at

    @pytest.mark.parametrize("loading", ["async", "defer", 'type="module"'])
    def test_keeps_it_where_the_new_body_brings_the_script_for_the_same_user(self, here, visit, loading):
        one = here.survey()
        here.below, here.loading = True, loading
        page = visit(bypass_csp=True)
        expect(dialog(page)).to_be_visible()

        page.evaluate(EXCHANGE, [here.user, user_hash(here.user, SECRET), loading])
        quiet(page)

        expect(dialog(page)).to_be_visible()
        assert (here.stored(one).showings, page.messages) == (1, [])

    @pytest.mark.parametrize("loading", ["async", 'type="module"'])
    def test_asks_whom_the_script_of_the_new_body_names(self, here, visit, loading):
        first, second, following = TestWhoIsAtThePage().two(here)
        here.below, here.loading = True, loading
        page = visit(bypass_csp=True)
        expect(dialog(page)).to_be_visible()

        with page.expect_response(lambda response: second.id in (response.request.post_data or "")):
            page.evaluate(EXCHANGE, [*following, loading])
        expect(dialog(page)).to_have_count(1)
        rate(page, 8)
        dialog(page).get_by_role("button", name="Close").click()
        quiet(page)

        assert (here.stored(first).answer, here.stored(second).answer) == (None, Answer(8))

    def test_asks_whom_the_script_of_a_new_head_names_though_the_old_one_stays(self, here, visit):
        """As Turbo merges heads."""
        first, second, following = TestWhoIsAtThePage().two(here)
        page = visit(bypass_csp=True)
        expect(dialog(page)).to_be_visible()

        with page.expect_response(lambda response: second.id in (response.request.post_data or "")):
            page.evaluate(LOADER.replace("script.remove()", "0"), following)

        expect(dialog(page)).to_have_count(1)
        assert page.locator("[data-user]").count() == 2
        assert here.stored(first).answer is None

    def test_closes_the_card_where_the_new_body_names_nobody(self, here, visit):
        """As the page does that follows a sign-out."""
        one = here.survey()
        here.below = True
        page = visit()
        expect(dialog(page)).to_be_visible()

        page.evaluate(EXCHANGE, [])

        expect(dialog(page)).to_have_count(0)
        quiet(page)
        assert page.evaluate("afterbill.ask()") is False
        assert here.stored(one).dismissed_at is None

    def test_asks_again_once_a_later_body_names_somebody(self, here, visit):
        here.survey()
        here.below = True
        page = visit(bypass_csp=True)
        expect(dialog(page)).to_be_visible()
        page.evaluate(EXCHANGE, [])
        expect(dialog(page)).to_have_count(0)
        quiet(page)

        page.evaluate(EXCHANGE, [here.user, user_hash(here.user, SECRET), "async"])

        expect(dialog(page)).to_be_visible()

    def test_asks_again_once_the_same_element_comes_back(self, here, visit):
        first, second, following = TestWhoIsAtThePage().two(here)
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.evaluate("window.taken = document.querySelector('[data-user]'); taken.remove()")
        expect(dialog(page)).to_have_count(0)
        quiet(page)

        with page.expect_response(lambda response: second.id in (response.request.post_data or "")):
            page.evaluate(
                "([user, hash]) => { Object.assign(taken.dataset, { user, hash }); document.body.append(taken); }",
                following,
            )

        expect(dialog(page)).to_have_count(1)
        assert here.stored(first).answer is None

    def test_a_loader_that_takes_the_element_away_at_once_says_nothing_by_it(self, here, visit):
        here.survey()
        here.scripts = 0
        page = visit(bypass_csp=True)

        page.evaluate(LOADER, [here.user, user_hash(here.user, SECRET)])
        expect(dialog(page)).to_be_visible()
        page.evaluate("document.querySelector('main').append('more')")

        expect(dialog(page)).to_be_visible()


class TestHowItIsLoaded:
    @pytest.mark.parametrize("loading", ["", "async", "defer", 'type="module"', 'type="module" async'])
    def test_every_way_works(self, here, visit, loading):
        one = here.survey()
        here.loading = loading
        page = visit()

        expect(dialog(page)).to_be_visible()
        rate(page, 5)
        dialog(page).get_by_role("button", name="Close").click()
        quiet(page)

        assert (here.stored(one).answer, page.messages) == (Answer(5), [])

    def test_a_module_that_finds_no_element_of_its_own_says_so(self, here, visit):
        here.survey()
        here.scripts = 0
        page = visit(bypass_csp=True)

        page.evaluate(f"import('{API}/in-product/afterbill.js')")

        assert page.messages == ["afterbill: data-user is missing"]


class TestAUserWhoWasWaitedFor:
    def wait_for(self, here, one):
        """The survey is offered only once its user has been seen."""
        person = here.table.people[one.customer_id]
        here.table.people[one.customer_id] = replace(person, offered="", when_seen=frozenset({one.id}))

    def test_is_asked_some_seconds_after_they_came(self, here, visit):
        one = here.survey()
        self.wait_for(here, one)
        page = visit(frozen=True)
        page.clock.run_for(100)
        quiet(page)
        assert here.looked_at == [one.id]
        here.table.people[one.customer_id] = replace(here.table.people[one.customer_id], offered=one.id)

        page.clock.run_for(9000)

        expect(dialog(page)).to_be_visible()

    def test_asks_once_more_while_another_window_has_the_survey_and_no_oftener(self, here, visit):
        """The word of the page before may come later than the question of this one; a second tab may stay all day."""
        now = datetime.now(UTC)
        here.survey(shown_at=now, shown_until=now + timedelta(days=1), showings=1)
        page = visit(frozen=True)
        for _ in range(4):
            page.clock.run_for(9100)
            quiet(page)

        assert here.asked.count("survey") == 2

    @pytest.mark.parametrize("under_way", [True, False], ids=["while asking", "while waiting"])
    @pytest.mark.parametrize(
        ("moment", "press"), [("#pay", "document.querySelector('#pay').click()"), ("manual", "void afterbill.ask()")]
    )
    def test_leaves_the_moment_of_the_next_user_to_them(self, here, visit, moment, press, under_way):
        first, second, following = TestWhoIsAtThePage().two(here)
        self.wait_for(here, first)
        here.moment = f'data-moment="{moment}"'
        page = visit(frozen=True)
        page.wait_for_function("window.afterbill")

        with page.expect_response("**/survey") as asked:
            page.evaluate(f"next => {{ {press}; if (next) ({NAMES})(next); }}", following if under_way else None)
        asked.value.finished()
        page.evaluate(NAMES, following)
        page.clock.run_for(10_000)

        assert page.evaluate("afterbill.ask()") is True, "it was asked before"
        assert (here.asked.count("survey"), here.looked_at[-1]) == (2, first.id)
        assert here.stored(second).showings == 1


class TestTheKeyboard:
    def test_is_enough(self, here, visit):
        one = here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()

        tab_to(page, "button.x")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        tab_to(page, "textarea")
        page.keyboard.type("No mouse.")
        tab_to(page, "button.g")
        page.keyboard.press("Enter")

        expect(dialog(page).get_by_role("status")).to_have_text("Thank you for your answer")
        assert here.stored(one).answer == Answer(7, "No mouse.")
        assert inside(page) == "SECTION"

    def test_is_left_where_it_was(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()

        page.keyboard.type("still typing")

        assert page.locator("#search").input_value() == "still typing"

    def test_escape_dismisses_it_from_inside_and_the_focus_goes_back(self, here, visit):
        one = here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.locator("#pay").focus()
        page.keyboard.press("Tab")

        page.keyboard.press("Escape")

        expect(dialog(page)).to_have_count(0)
        quiet(page)
        assert here.stored(one).dismissed_at
        assert page.evaluate("document.activeElement.id") == "pay"

    def test_escape_in_the_operators_own_field_is_the_operators(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        page.locator("#search").focus()

        page.keyboard.press("Escape")

        expect(dialog(page)).to_be_visible()


class TestAccess:
    @pytest.mark.parametrize(
        ("size", "scheme"),
        [(DESK, "light"), (PHONE, "dark"), (NARROW, "light")],
        ids=["desk", "phone in the dark", "400 percent"],
    )
    def test_axe_finds_nothing_and_everything_fits_and_can_be_hit(self, here, visit, scheme, size):
        here.survey()
        page = visit(viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
        expect(dialog(page)).to_be_visible()

        found = [violations(page)]
        rate(page, 3)
        found.append(violations(page))
        measured = page.evaluate(SMALL), page.evaluate(OUTSIDE)
        dialog(page).get_by_role("button", name="Send answer").click()
        expect(dialog(page).get_by_role("status")).not_to_be_empty()
        found.append(violations(page))

        assert found == [[], [], []]
        assert measured == (0, 0)

    def test_it_says_what_it_is_and_what_its_ends_mean(self, here, visit):
        here.survey()
        page = visit()

        expect(dialog(page)).to_have_accessible_name("One question about Example")
        group = dialog(page).get_by_role("group").first
        expect(group).to_have_accessible_name("How likely are you to recommend Example to a friend or colleague?")
        expect(group.get_by_role("radio").first).to_have_accessible_description("0 = not at all likely")
        expect(group.get_by_role("radio").last).to_have_accessible_description("10 = extremely likely")

    def test_nothing_moves_for_whoever_wants_no_motion(self, here, visit):
        moving = "getComputedStyle(document.querySelector('html > div').shadowRoot.firstChild).animationName"
        names = []
        for motion in ("reduce", "no-preference"):
            here.survey()
            page = visit(reduced_motion=motion)
            expect(dialog(page)).to_be_visible()
            names.append(page.evaluate(moving))

        assert names == ["none", "u"]

    def test_a_page_that_is_never_dark_can_say_so(self, here, visit):
        here.survey()
        here.moment += ' data-theme="light"'
        page = visit(color_scheme="dark")

        expect(dialog(page)).to_have_css("background-color", "rgb(255, 255, 255)")


class TestTheOperatorsPage:
    def test_shifts_by_nothing_breaks_no_policy_and_keeps_no_cookie(self, here, visit):
        here.survey()
        page = visit()
        expect(dialog(page)).to_be_visible()
        rate(page, 9)
        dialog(page).get_by_role("button", name="Send answer").click()
        expect(dialog(page).get_by_role("status")).not_to_be_empty()

        kept = page.evaluate("localStorage.length + sessionStorage.length")

        assert page.evaluate("window.shifted") == 0
        assert (page.evaluate("window.violations"), page.messages) == ([], [])
        assert (page.context.cookies(), kept) == ([], 0)

    def test_its_styles_do_not_reach_in(self, here, visit):
        here.survey()
        page = visit()

        expect(dialog(page)).to_have_css("font-size", "16px")
        expect(dialog(page)).to_have_css("letter-spacing", "normal")
        expect(dialog(page).get_by_role("button", name="Close")).to_have_css("text-transform", "none")

    @pytest.mark.parametrize(
        ("attribute", "expected"),
        [
            ('data-hash="0000"', "afterbill: hash is not the HMAC-SHA256 of this user's id"),
            ('data-moment="p:::"', "afterbill: data-moment is no moment: p:::"),
        ],
    )
    def test_its_developer_reads_once_what_is_wrong(self, here, visit, attribute, expected):
        here.survey()
        if "hash" in attribute:
            here.hash = "0000"
        else:
            here.moment = attribute
        page = visit()
        page.wait_for_function("window.afterbill")
        quiet(page)

        warnings = [line for line in page.messages if line.startswith("afterbill")]

        assert [line[: len(expected)] for line in warnings] == [expected]
        assert dialog(page).count() == 0

    def test_goes_on_when_we_are_down(self, here, visit):
        here.survey()
        here.broken = True
        page = visit()
        quiet(page)

        page.locator("#search").fill("works")

        warnings = [line for line in page.messages if line.startswith("afterbill")]
        assert len(warnings) == 1
        assert f"is {ORIGIN} in origins of [in_product]" in warnings[0]

    @pytest.mark.parametrize(
        "lacking",
        [
            "delete window.CSSStyleSheet",
            "window.CSSStyleSheet = class { constructor() { throw new TypeError('Illegal constructor'); } }",
            "delete ShadowRoot.prototype.adoptedStyleSheets; delete Document.prototype.adoptedStyleSheets",
        ],
    )
    def test_that_cannot_show_the_card_does_not_use_up_its_one_showing(self, here, visit, lacking):
        one = here.survey()
        here.moment = 'data-moment="manual"'
        page = visit()
        page.wait_for_function("window.afterbill")

        page.evaluate(f"() => {{ {lacking} }}")
        shown = page.evaluate("afterbill.ask()")

        assert (shown, here.asked, here.stored(one).shown_at) == (False, ["afterbill.js", "survey"], None)
        assert [line.split(":")[0] for line in page.messages] == ["afterbill"]

    def test_hears_of_no_survey_when_none_waits(self, here, visit):
        here.survey(shown_at=here.survey().created_at)
        page = visit()
        quiet(page)

        assert (here.asked, page.messages) == (["afterbill.js", "survey"], [])


class TestTheMoment:
    def test_is_by_default_when_nobody_has_done_anything_for_three_seconds(self, here, visit):
        here.survey()
        here.moment = ""
        page = visit(frozen=True)
        page.wait_for_function("window.afterbill")
        page.clock.run_for(2000)
        page.keyboard.type("busy")
        page.clock.run_for(2000)
        before = dialog(page).count()

        page.clock.run_for(1100)

        expect(dialog(page)).to_be_visible()
        assert before == 0

    def test_can_be_a_press(self, here, visit):
        here.survey()
        here.moment = 'data-moment="#pay"'
        page = visit()
        page.wait_for_function("window.afterbill")
        before = dialog(page).count()

        page.locator("#pay").click()

        expect(dialog(page)).to_be_visible()
        assert before == 0

    def test_can_be_what_appears(self, here, visit):
        here.survey()
        here.moment = 'data-moment=".paid"'
        page = visit()
        page.wait_for_function("window.afterbill")
        before = dialog(page).count()

        page.evaluate("document.querySelector('#filler').className = 'late'")
        page.evaluate("() => { const p = document.createElement('p'); p.className = 'paid'; document.body.append(p); }")

        expect(dialog(page)).to_be_visible()
        assert before == 0

    def test_can_be_chosen_by_the_page_and_for_whom(self, here, visit):
        first, theirs = here.survey(), here.user
        here.survey()
        here.moment = 'data-moment="manual"'
        page = visit()
        page.wait_for_function("window.afterbill")

        shown = page.evaluate("([user, hash]) => afterbill.ask(user, hash)", [theirs, user_hash(theirs, SECRET)])

        assert shown is True
        assert here.stored(first).shown_at


def leave(page):
    """What the page hears as it is left: once it is gone, nothing can be intercepted."""
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    quiet(page)


def come_back(page):
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    quiet(page)


def violations(page):
    return [one["id"] for one in Axe().run(page, options=RULES).response["violations"]]


def inside(page):
    return page.evaluate("document.activeElement.shadowRoot?.activeElement?.tagName")


def tab_to(page, selector):
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("css => document.activeElement.shadowRoot?.activeElement?.matches(css) || false", selector):
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key")
