"""Answers to a browser, and the headers that keep a page to itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Headers of every page: styles and scripts from our own address alone, and nothing inline."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a browser; `cookies` are values of Set-Cookie."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


def redirect(place: str, cookies: Sequence[str] = (), status: int = 303) -> Answer:
    """Return the answer that leads to another place, with GET."""
    headers = {"Location": place, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return Answer(status, "", headers, cookies)
