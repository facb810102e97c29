"""Answers in a real browser: it opens the link from the mail, types and presses the button."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from afterbill_dev.demo.mailbox import ReceivedMail
from afterbill_dev.demo.people import Person
from afterbill_dev.demo.progress import DemoError
from afterbill_dev.paths import LOCAL

PATIENCE_MILLISECONDS = 30_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that `make setup` found."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=(LOCAL / "chromium").read_text().strip())
        yield browser
        browser.close()


def answer(browser: Browser, person: Person, mail: ReceivedMail) -> None:
    """Tap the number in the mail, write a comment, send, read the thank-you page; then perhaps think again."""
    page = browser.new_page(locale=person.locale)
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        _answer(page, person, mail)
    except (Error, AssertionError) as error:
        raise DemoError(f"{person.name} could not answer at {page.url} in the browser: {error}") from error
    page.close()


def _answer(page: Page, person: Person, mail: ReceivedMail) -> None:
    first, *later = person.ratings
    page.goto(mail.rating_link(first))
    expect(page.locator("input[name=rating]:checked")).to_have_value(str(first))
    page.locator("textarea").fill(person.comment)
    _send(page, first)
    for rating in later:
        page.locator("a.plain").click()
        page.locator("label", has=page.locator(f"input[value='{rating}']")).click()
        _send(page, rating)


def _send(page: Page, rating: int) -> None:
    page.locator("button[type=submit]").click()
    expect(page.locator(".rating")).to_contain_text(str(rating))
