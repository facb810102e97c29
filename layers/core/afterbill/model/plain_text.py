"""Texts of outsiders, made harmless for a terminal and a spreadsheet: only letters and line breaks are left."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b.?", re.DOTALL
)
"""Sequences that a terminal obeys: colours and movements, titles and links, and every other escape (ECMA-48)."""
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_JOINERS = "\u200c\u200d"
"""They are invisible as well, but belong to words in Persian and to emoji."""


def harmless(text: str) -> str:
    """Return the text without escape sequences, control characters, and marks that are invisible or turn the direction.

    Line breaks are unified, a tab becomes a blank, half of a surrogate pair a question mark.
    """
    lines = _BREAKS.sub("\n", _ESCAPES.sub("", text)).replace("\t", " ")
    return "".join(filter(None, map(_shown, lines)))


def one_line(text: str) -> str:
    """Return the harmless text on one line."""
    return " ".join(harmless(text).split())


def _shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cs":
        return "?"
    return "" if category in {"Cc", "Cf"} and letter not in "\n" + _JOINERS else letter
