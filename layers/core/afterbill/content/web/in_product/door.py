"""Pages of a plain link that cannot redirect at once: a few words, no script and no style."""

from html import escape

from afterbill.content.web.headers import HEADERS
from afterbill.content.wording import Wording

DOOR_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def door(words: Wording) -> str:
    """Return the page for likely programs: one more press, which programs do not make, opens the survey."""
    button = f'<form method="post"><button>{escape(words("subject"))}</button></form>'
    return _page(words, escape(words("subject")), button)


def notice(words: Wording, name: str) -> str:
    """Return the page that says why nothing opens, in the words of the answer page."""
    return _page(words, escape(words(f"{name}_title")), f"<p>{escape(words(f'{name}_text'))}</p>")


def _page(words: Wording, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{words.language}" dir="{words.direction}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<main><h1>{title}</h1>{body}</main></html>"
    )
