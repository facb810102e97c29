"""Languages written from right to left, and foreign words inside them."""

from typing import Literal

Direction = Literal["ltr", "rtl"]

_LANGUAGES = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "ps", "sd", "ug", "ur", "yi"})
_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo"})
_FOREIGN = {"ltr": {"R", "AL"}, "rtl": {"L"}}
_ISOLATE, _END = "\u2068", "\u2069"


def direction(language: str) -> Direction:
    """The direction of a language tag's writing, as HTML's `dir` has it."""
    first, *rest = language.lower().split("-")
    return "rtl" if first in _LANGUAGES or not _SCRIPTS.isdisjoint(rest) else "ltr"


def isolated(text: str, around: Direction) -> str:
    """`text` as it can stand in a text of direction `around` without disturbing it (Unicode UAX 9, isolates)."""
    if around == "ltr" and text.isascii():
        return text
    from unicodedata import bidirectional  # noqa: PLC0415  # pages start without it

    foreign = not _FOREIGN[around].isdisjoint(map(bidirectional, text))
    return f"{_ISOLATE}{text}{_END}" if foreign else text
