"""Operators at the real login page of the local stack."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Page


def sign_in(page: Page, user: Mapping[str, str]) -> None:
    """Fill the login page that stands open; it leads to where somebody wanted to go."""
    page.locator("input[name=username]").fill(user["email"])
    page.locator("input[name=password]").fill(user["password"])
    page.locator("button[type=submit]").click()


def signed_in(browser: Browser, stack: Mapping[str, Any], role: str, place: str = "/app", **context: Any) -> Page:
    """Return a page of a fresh browser in which the user of this role wanted to open a place, and signed in."""
    page = browser.new_context(**context).new_page()
    page.goto(stack["console_url"] + place)
    sign_in(page, stack["console"][role])
    return page
