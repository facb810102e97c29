"""Judge by its shape if a text can be the signing secret of a billing system; no secret is ever shown."""

import re
from dataclasses import dataclass

from afterbill.intake.connector import About

_QUOTES = "\"'`“”„‘’«»"  # noqa: RUF001  # those that text processors put in
_STRANGE = {
    r"https?://.*": "this is an address, and no secret",
    r"(export )?[A-Z][A-Z0-9_]{2,}=[^=].*": "this begins with a name: leave out NAME=",
    r"\w+_([xX*])\1*": "this is a placeholder: copy the secret itself",
}
"""Words for each shape that no signing secret has; the shapes are regular expressions for the whole text."""
_API_KEY = re.compile(r"([srp]k_(live|test)|shp(at|ca)|pdl_(live|sdbx)_apikey)_")
"""Keys of APIs that say so by their beginning."""


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection to a secret: with `impossible` it verifies nothing, else it is only unusual."""

    text: str
    impossible: bool


def objection(secret: str, about: About) -> Objection | None:
    """Return what speaks against this secret, None where nothing does."""
    shape = about.shape
    if stray := _stray(secret):
        return Objection(stray, impossible=True)
    if other := next((what for start, what in shape.mistaken.items() if secret.startswith(start)), None):
        return Objection(f"this is {other}. Needed is {about.secret}", impossible=True)
    if _API_KEY.match(secret):
        return Objection(f"this is the key of an API. Needed is {about.secret}", impossible=True)
    if not re.fullmatch(shape.must, secret):
        return Objection(f"this cannot be {about.secret}: a secret of {about.title} is {shape.words}", impossible=True)
    if not re.fullmatch(shape.usual, secret):
        return Objection(f"this would be unusual: a secret of {about.title} is {shape.words}", impossible=False)
    return None


def _stray(secret: str) -> str:
    """Say what came along when the secret was copied, or what was copied instead."""
    if secret != secret.strip():
        return "there are blanks or line breaks around it"
    if secret[:1] in _QUOTES and secret[-1:] in _QUOTES:
        return "it stands in quotes: leave them out"
    if not secret.isprintable():
        return "there is a line break or an invisible character in it"
    if secret.endswith(("...", "…")):
        return "it ends in dots: copy the whole secret"
    return next((words for pattern, words in _STRANGE.items() if re.fullmatch(pattern, secret)), "")
