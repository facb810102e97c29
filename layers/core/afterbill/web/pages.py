"""Every page a customer can meet, with the headers that keep it to itself."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.domain.brand import Brand
from afterbill.domain.colours import SURFACE, SURFACE_DARK, ink_on
from afterbill.domain.invitation import COMMENT_LENGTH, Answer
from afterbill.domain.wording import Catalog, Words

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

TEMPLATES = Path(__file__).with_name("templates")

_COMMON = frozenset({"t", "language", "direction", "brand", "style"})
VARIABLES: Mapping[str, frozenset[str]] = {
    "page.css": frozenset({"brand", "surface", "surface_dark", "ink_on"}),
    "page.html": _COMMON,
    "survey.html": _COMMON | {"draft", "recorded", "problem", "comment_length"},
    "thanks.html": _COMMON | {"answer"},
    "notice.html": _COMMON | {"name"},
    "unsubscribe.html": _COMMON,
}
"""What each template of a page is given."""


class Problem(StrEnum):
    """Why an answer could not be taken; the value is the key of the text that says so."""

    NO_RATING = "survey_no_rating"
    LONG_COMMENT = "survey_long_comment"
    UNREADABLE = "survey_unreadable"


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form before it is sent; `rating` is 0 to 10, None as long as no number is chosen."""

    rating: int | None = None
    comment: str = ""
    contact_ok: bool = False


class Asked(NamedTuple):
    """Whom a survey asks and after what, as far as it is known: `locale` is a language tag such as `de-AT`."""

    locale: str | None
    touchpoint: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a browser."""

    status: int
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """All pages of one brand; none touches anything outside.

    Pages about a survey take whom it asks, the others a language tag (`de-AT`, None). A file in `overrides` is used
    instead of ours of the same name (`survey.html`).
    """

    def __init__(self, brand: Brand, catalogs: Mapping[str, Catalog], overrides: Path | None = None) -> None:
        self._brand = brand
        self._words = Words(brand, catalogs)
        self._environment = Environment(
            loader=FileSystemLoader([*filter(None, [overrides]), TEMPLATES]),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
        )
        self._style = self._environment.get_template("page.css").render(
            brand=brand, surface=SURFACE, surface_dark=SURFACE_DARK, ink_on=ink_on
        )
        self._headers = {**_HEADERS, "Content-Security-Policy": _policy(self._style)}
        # Compiled here because a Lambda function starts with more processor than it later runs with.
        for name in ("page.html", "survey.html"):
            self._environment.get_template(name)

    def survey(self, asked: Asked, rating: int | None = None, recorded: Answer | None = None) -> Page:
        """The form: `rating` from the link is preselected, an answer already `recorded` is there to be changed."""
        draft = Draft(rating)
        if recorded:
            chosen = recorded.rating if rating is None else rating
            draft = Draft(chosen, recorded.comment, recorded.contact_ok)
        return self._form(200, asked, draft, recorded, None)

    def bad_request(self, asked: Asked, draft: Draft, problem: Problem, recorded: Answer | None = None) -> Page:
        """The form again, with everything the person typed and what to do about it."""
        return self._form(400, asked, draft, recorded, problem)

    def thanks(self, asked: Asked, answer: Answer) -> Page:
        """What was recorded, and the way to change it."""
        return self._page(200, asked, "thanks", answer=answer)

    def closed(self, locale: str | None) -> Page:
        """The survey is over or its link has expired."""
        return self._notice(410, locale, "closed")

    def not_found(self, locale: str | None) -> Page:
        """Not a link of ours; there is no recipient, so `locale` is what the browser prefers."""
        return self._notice(404, locale, "not_found")

    def too_large(self, locale: str | None) -> Page:
        """More was sent than any answer can be."""
        return self._notice(413, locale, "too_large")

    def method_not_allowed(self, locale: str | None) -> Page:
        """Neither read nor sent."""
        return self._notice(405, locale, "method_not_allowed", {"Allow": "GET, HEAD, POST"})

    def unavailable(self, locale: str | None) -> Page:
        """Something of ours is down for the moment; reloading repeats the request, answers included."""
        return self._notice(503, locale, "unavailable", {"Retry-After": "60"})

    def unsubscribe(self, locale: str | None) -> Page:
        """Asks, because mail scanners open every link."""
        return self._page(200, Asked(locale), "unsubscribe")

    def unsubscribed(self, locale: str | None) -> Page:
        """Confirms that no more surveys will come."""
        return self._notice(200, locale, "unsubscribed")

    def _form(self, status: int, asked: Asked, draft: Draft, recorded: Answer | None, problem: Problem | None) -> Page:
        return self._page(
            status, asked, "survey", draft=draft, recorded=recorded, problem=problem, comment_length=COMMENT_LENGTH
        )

    def _notice(self, status: int, locale: str | None, name: str, headers: Mapping[str, str] | None = None) -> Page:
        page = self._page(status, Asked(locale), "notice", name=name)
        return Page(page.status, page.html, {**page.headers, **(headers or {})})

    def _page(self, status: int, asked: Asked, template: str, **values: object) -> Page:
        words = self._words(asked.locale, asked.touchpoint, asked.stage)
        html = self._environment.get_template(f"{template}.html").render(
            t=words,
            language=words.language,
            direction=words.direction,
            brand=self._brand,
            style=self._style,
            **values,
        )
        # A lone surrogate, which JSON can carry, has no UTF-8 form and would otherwise fail the whole response.
        return Page(status, html.encode(errors="replace").decode(), dict(self._headers))


def _policy(style: str) -> str:
    """Nothing may load, run, embed or submit but our one inline style and our own forms."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
