"""Names and plans that strangers choose, before they stand in a mail or a text message in the operator's name.

Whoever signs up with somebody else's address chooses what that person reads after "Hello". So a value that could
carry a message (a link, an address, a telephone number, a sentence) is left out: a greeting without a name costs
nothing. What a few plain words say cannot be judged.
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache

NAME_LENGTH = 50
"""Characters of a name; what is longer is a sentence, or does not fit a greeting."""

MOST_WORDS = 7
"""Words of a name, as in María del Carmen de la Fuente Sánchez."""

PLAN_LENGTH = 60
"""Characters of a plan that are shown."""

_MOST_DIGITS_OF_A_NAME = 4
"""Digits of a name, as in 3M or TSV 1860."""

_LONGEST_NUMBER = 4
"""Digits of one number of a plan, whatever stands between them; telephones have more, and most short codes."""

_MOST_DIGITS = 6
"""Digits of a plan, without those of a year, the zeros of a round number and cents."""

_MOST_ACCENTS = 3
"""Accents on one letter, as in pointed Hebrew; more is a picture."""

_CHECKED = 240
"""Characters of a plan that are looked at, so that nothing long is worth its time."""

_JOINERS = "\u200c\u200d"
_NAME_SIGNS = frozenset(" .,'`’‘-‐–&+/()·・׳״\"“”„")  # noqa: RUF001  # they are meant
_PLAN_SIGNS = _NAME_SIGNS | frozenset("—:%#_*=[]×⁄°®©|$€£¥")  # noqa: RUF001  # likewise
_DOTS = str.maketrans(dict.fromkeys("。։۔܁܂።᙮᠃ꓸꓺ꘎⸼", "."))  # noqa: RUF001  # likewise
"""Signs that look like a dot, or that domains take for one; NFKC has replaced those that are only wider or smaller."""

_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5")
"""Signs that show nothing, though Unicode calls them letters or marks; NFKC has replaced the other Hangul fillers."""

_MUSIC = frozenset(map(chr, range(0x1D165, 0x1D1AE)))
"""Marks of notes, one of them a dot."""

_BETWEEN_LETTERS = re.compile(
    r"(?<=[a-z])[٠۰](?=[a-z])|(?<=[a-z])[·•∙⋅‧・](?!l)|(?<!l)[·•∙⋅‧・](?=[a-z])"  # noqa: RUF001  # they are meant
)
"""Signs that look like a dot in a Latin word: Arabic zeros, and middle dots but that of Catalan (l·l)."""

_ENDS = "(?:com|net|org|info|biz|io|shop|xyz)"
_LINK = re.compile(
    rf"""
      :// | @ | \bwww\b | \b(?:https?|ftp|mailto|tel|sms)\s*:      # addresses
    | \.[^\W\d_]{{2}} | \.xn-- | \d+\.\d+\.\d+\.\d+                # domains: a dot, then letters of any script
    | \.\s+{_ENDS}\b | \b(?:dot|punkt|point|punto|punt)\s+{_ENDS}\b  # domains spelled for people
    | [(\[]\s*(?:at|dot)\s*[)\]]
    """,
    re.VERBOSE,
)
_ROUND = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[., '’]?000)+(?!\d)")  # noqa: RUF001  # Swiss thousands
_CENTS = re.compile(r"(?<=\d)[.,]\d\d(?![\d.,]*\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?:\s?[-–/]\s?(?:19|20)?\d\d)?(?!\d)")  # noqa: RUF001  # likewise
_NUMBER = re.compile(r"\d(?:\W{0,3}\d)*")
_USUAL = re.compile(r"(?!www\b)[a-z]{1,24}(?: (?!www\b)[a-z]{1,24})?", re.ASCII | re.IGNORECASE)
"""Most names: one or two plain words, which pass every check, so that a mail is not kept waiting by them."""


def greeting_name(name: str | None) -> str | None:
    """Return the name on one line if it is fit for a greeting, else None."""
    if name and _USUAL.fullmatch(name):
        return name
    line = one_line(name or "", NAME_LENGTH + 1)
    plain = _plain(line, _NAME_SIGNS)
    if len(line) > NAME_LENGTH or plain is None or not any(char.isalpha() or char == "&" for char in plain):
        return None  # a number alone is nobody, but 1&1 is a company
    words = sum(any(map(str.isalpha, word)) for word in line.split())
    return line if words <= MOST_WORDS and _digits(plain) <= _MOST_DIGITS_OF_A_NAME else None


@lru_cache(1024)
def plan_name(plan: str | None) -> str | None:
    """Return the plan, or the product, on one line of PLAN_LENGTH characters if it is fit to be shown, else None."""
    line = one_line(plan or "", _CHECKED)
    plain = _plain(line.removesuffix("…"), _PLAN_SIGNS)
    if plain is None or not any(map(str.isalnum, plain)):
        return None
    short = _CENTS.sub("", _YEAR.sub("1", _ROUND.sub("1", plain), count=1))
    fits = all(_digits(number) <= _LONGEST_NUMBER for number in _NUMBER.findall(short))
    return one_line(line, PLAN_LENGTH) if fits and _digits(short) <= _MOST_DIGITS else None


def one_line(text: str, length: int) -> str:
    """Return `text` on one line, at most `length` characters: no breaks, no control or direction characters."""
    if not text.isprintable():
        kept = (char if char.isprintable() or char in _JOINERS else " " if char.isspace() else "" for char in text)
        text = "".join(kept)
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip(f" {_JOINERS}") + "…"


def _plain(line: str, signs: AbstractSet[str]) -> str | None:
    """Return the line as it reads without styles and accents, in small letters and ASCII digits.

    None where it holds other signs than letters, digits and these, or reads as a link.
    """
    plain = line.lower() if line.isascii() else _folded(line)
    if plain is None or not all(char.isalnum() or char in signs for char in plain):
        return None
    return None if _LINK.search(plain) else plain


def _folded(line: str) -> str | None:
    """Fold styles, accents, digits and dots; None where letters carry heaps of accents, or signs show nothing."""
    composed = unicodedata.normalize("NFKC", line.replace("´", "'"))  # noqa: RUF001  # it becomes blank and accent
    if _misplaces_marks(composed) or not (_EMPTY | _MUSIC).isdisjoint(composed):
        return None
    letters = (char for char in unicodedata.normalize("NFKD", composed) if not _rides(char))
    plain = _BETWEEN_LETTERS.sub(".", "".join(letters).lower()).translate(_DOTS)
    return plain if plain.isascii() else "".join(map(_digit_or_letter, plain))


def _rides(char: str) -> bool:
    """Whether it belongs to the letter before it: an accent, a vowel sign, a joiner, a choice of shape."""
    return char in _JOINERS or unicodedata.category(char) in {"Mn", "Mc"}


def _digit_or_letter(char: str) -> str:
    """Return any sign for a number as a digit, for an ideograph can be one of a telephone number too."""
    number = unicodedata.numeric(char, None)
    return char if number is None else str(int(number) % 10)


def _misplaces_marks(text: str) -> bool:
    """Whether a mark stands on no letter, twice on one, or among more accents than any language writes."""
    heap, before = 0, " "
    for char in text:
        heap = heap + 1 if unicodedata.combining(char) else 0
        stands_alone = _rides(char) and not (before.isalnum() or _rides(before))
        twice = char == before and unicodedata.category(char) == "Mn"
        if stands_alone or twice or heap > _MOST_ACCENTS:
            return True
        before = char
    return False


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
