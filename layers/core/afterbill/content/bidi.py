"""Directions of writing: languages written from right to left, and foreign words inside a text."""

from typing import Literal

Direction = Literal["ltr", "rtl"]

_LANGUAGES = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "ps", "sd", "ug", "ur", "yi"})
_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo"})
_FOREIGN = {"ltr": {"R", "AL"}, "rtl": {"L"}}
_ISOLATE, _END = "\u2068", "\u2069"


def direction(language: str) -> Direction:
    """Return the direction of writing of a language tag, as a value of HTML's `dir`."""
    first, *rest = language.lower().split("-")
    return "rtl" if first in _LANGUAGES or not _SCRIPTS.isdisjoint(rest) else "ltr"


def isolated(text: str, around: Direction) -> str:
    """Isolate `text` if it would disturb a text of direction `around` (Unicode UAX 9, isolates)."""
    if around == "ltr" and text.isascii():
        return text
    from unicodedata import bidirectional  # noqa: PLC0415  # pages start without it

    foreign = not _FOREIGN[around].isdisjoint(map(bidirectional, text))
    return f"{_ISOLATE}{text}{_END}" if foreign else text
