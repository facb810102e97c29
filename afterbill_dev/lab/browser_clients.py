"""Clients of the real handler: programs by plain requests, browsers in a real Chromium with a set clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from afterbill_dev.lab.server import MAIL, Laboratory, link
from afterbill_dev.lab.traffic import PHONE

_PATIENCE_MILLISECONDS, _LOOK_MILLISECONDS = 250, 5
HIDDEN_PAGE = "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});"
_FIRST_SECONDS = 0.5
"""A page that reports has reported by then."""


@dataclass(frozen=True)
class ServedMail:
    """One mail, its links as they are used, and where they are served."""

    laboratory: Laboratory
    browser: Browser
    address: str

    def fetch(self, rating: str, method: str = "GET", network: str = "robot") -> None:
        """By a program that runs nothing."""
        self.laboratory.request(method, link(network, rating), {"user-agent": "Go-http-client/2.0"})

    @contextmanager
    def device(self, network: str = "home", agent: str = PHONE, **options: bool) -> Iterator["Device"]:
        """A browser in that network; its clock stands, and moves with the laboratory's."""
        context = self.browser.new_context(user_agent=agent, **options)  # type: ignore[arg-type]  # as Playwright's
        context.clock.install(time=0)
        context.clock.pause_at(1000)
        yield Device(self, context, network)
        context.close()


@dataclass(frozen=True)
class Device:
    """One browser of one client."""

    mail: ServedMail
    context: BrowserContext
    network: str

    def address(self, rating: str) -> str:
        """A link of the mail."""
        return self.mail.address + link(self.network, rating)

    def open(self, rating: str, script: str = "") -> Page:
        """A link of the mail, in a page of its own; `script` runs before those of the page."""
        page = self.context.new_page()
        page.add_init_script(script)
        page.goto(self.address(rating))
        return page

    def stay(self, page: Page, seconds: float) -> None:
        """The page stays visible for so long; what it reports meanwhile has arrived."""
        first = min(seconds, _FIRST_SECONDS)
        self._pass(page, first)
        self._arrived(page)
        self._pass(page, seconds - first)

    def tap(self, rating: str, seconds: float) -> None:
        """Open a number, look at it for so long, and leave."""
        page = self.open(rating)
        self.stay(page, seconds)
        page.close()

    def send(self, page: Page) -> None:
        """Press the button."""
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_load_state()

    def point_at(self, *numbers: str) -> Page:
        """Move the mouse over numbers in the mail."""
        mail = self.context.new_page()
        mail.goto(f"{self.mail.address}{MAIL}/{self.network}")
        for number in numbers:
            before = self._visits()
            mail.get_by_role("link", name=number, exact=True).hover()
            self._arrived(mail, before)
        return mail

    def _pass(self, page: Page, seconds: float) -> None:
        self.mail.laboratory.pass_time(seconds)
        page.clock.fast_forward(int(seconds * 1000))

    def _arrived(self, page: Page, before: int | None = None) -> None:
        """Wait for one more visit, if there comes one."""
        before = self._visits() if before is None else before
        for _ in range(_PATIENCE_MILLISECONDS // _LOOK_MILLISECONDS):
            if self._visits() > before:
                return
            page.wait_for_timeout(_LOOK_MILLISECONDS)

    def _visits(self) -> int:
        return len(self.mail.laboratory.harness.invitation.visits)
