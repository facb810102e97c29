"""Whether a text can be the signing secret of a billing system; a secret is judged by its shape, and never shown."""

import re
from dataclasses import dataclass

from afterbill.intake.connector import About

_QUOTES = "\"'`“”„‘’«»"  # noqa: RUF001  # those that text processors put in


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a secret: with `impossible` it verifies nothing, else it is only unusual."""

    text: str
    impossible: bool


def objection(secret: str, about: About) -> Objection | None:
    """Return what speaks against this secret, None where nothing does."""
    shape = about.shape
    if stray := _stray(secret):
        return Objection(stray, impossible=True)
    if other := next((what for start, what in shape.mistaken.items() if secret.startswith(start)), None):
        return Objection(f"this is {other}. Needed is {about.secret}", impossible=True)
    if not re.fullmatch(shape.must, secret):
        return Objection(f"this cannot be {about.secret}: it is {shape.words}", impossible=True)
    if not re.fullmatch(shape.usual, secret):
        return Objection(f"this would be unusual for {about.title}: its secret is {shape.words}", impossible=False)
    return None


def _stray(secret: str) -> str:
    """Say which characters came along when the secret was copied."""
    if secret != secret.strip():
        return "there are blanks or line breaks around it"
    if secret[:1] in _QUOTES and secret[-1:] in _QUOTES:
        return "it stands in quotes: leave them out"
    if not secret.isprintable():
        return "there is a line break or an invisible character in it"
    if secret.endswith(("...", "…")):
        return "it ends in dots: copy the whole secret"
    return ""
