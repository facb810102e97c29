"""Texts of outsiders in one spelling: what looks alike is alike, and what nobody sees is gone."""

import unicodedata
from collections.abc import Iterator

from afterbill.model.plain_text import harmless

_UNSEEN = frozenset("\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u200c\u200d\u2800\u3164\uffa0\ufff9\ufffa\ufffb")
"""Letters and marks that are drawn as nothing: fillers, joiners, selectors of forms."""
_WITHOUT_SHAPE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_STRUCK = ((0x0300, 0x036F), (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xE0100, 0xE01EF))
"""Marks that are stacked on letters where Unicode knows no letter with them, and selectors of variants."""


def plain(text: str) -> str:
    """Return the text in compatibility form, with digits 0 to 9, plain line breaks, and nothing that is not seen.

    Without control characters, turns of direction, zero-width, tag and private characters no instruction can hide in
    what is left; people and programs read the same.
    """
    return "".join(_seen(unicodedata.normalize("NFKC", harmless(text))))


def _seen(text: str) -> Iterator[str]:
    for letter in text:
        if letter == "\n":
            yield letter
        elif (digit := unicodedata.decimal(letter, None)) is not None:
            yield str(digit)
        elif unicodedata.category(letter) == "Zs":
            yield " "
        elif unicodedata.category(letter) not in _WITHOUT_SHAPE and letter not in _UNSEEN and not _struck(letter):
            yield letter


def _struck(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _STRUCK)
