"""Names and plans that strangers choose, before they stand in a mail or a text message in the operator's name.

Whoever signs up with somebody else's address chooses what that person reads after "Hello". So a value that could
carry a message (a link, an address, a telephone number, a sentence) is left out: a greeting without a name costs
nothing. What a few plain words say cannot be judged.
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import groupby

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
_APOSTROPHES = frozenset("ʹʺʻʼʽʾʿˀˁˮ")  # they are meant
"""Apostrophes that Unicode calls letters: Hawaiian, Uzbek and written Arabic have some."""

_NAME_SIGNS = frozenset(" .,'`’‘-‐–&+/()·・׳״\"“”„")  # noqa: RUF001  # likewise
_PLAN_SIGNS = _NAME_SIGNS | frozenset("—:%#_*=[]×⁄°®©|$€£¥")  # noqa: RUF001  # likewise
_DOTS = str.maketrans(dict.fromkeys("。։۔܁܂።᙮᠃ꓸꓺ꘎⸼ꞏॱ\u0887", "."))  # noqa: RUF001  # likewise
"""Signs that look like a dot, or that domains take for one; NFKC has replaced those that are only wider or smaller."""

_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5")
"""Signs that show nothing, though Unicode calls them letters or marks; NFKC has replaced the other Hangul fillers."""

_MUSIC = frozenset(map(chr, range(0x1D165, 0x1D1AE)))
"""Marks of notes, one of them a dot."""

_BESIDE = re.compile(
    r"[\u0315\u1df8\u1dfa]|(?<![oòóôōǒ\u030d])\u0358|(?<![\u3040-\u30ff])[\u3099\u309a]", re.IGNORECASE
)
"""Marks that stand beside their letter; Taiwanese writes a dot so at o, Japanese writes signs of its own so."""

_CASED = r"[a-z\u00df-\u02af\u0370-\u058f\u10d0-\u10ff]"
_BETWEEN_LETTERS = re.compile(
    rf"(?<={_CASED})[·•∙⋅‧・丶ヽ](?!l)|(?<!l)[·•∙⋅‧・丶ヽ](?={_CASED})"  # they are meant
)
"""Signs that look like a dot in a word of a script with small letters: middle dots but that of Catalan (l·l)."""

_SPACED_LETTERS = re.compile(r"(?<=\b[^\W\d_])\s(?=[^\W\d_]\b)")
_ENDS = "(?:com|net|org|info|biz|io|shop|xyz)"
_LONGER_ENDS = "(?:app|club|dev|link|live|online|page|site|store|tech|top|website)"
_COUNTRIES = "(?:at|be|ca|ch|cn|co|cz|de|dk|es|eu|fr|ie|it|lu|me|mx|nl|pl|pt|ru|tv|uk|us)"
_TITLES = """(?:
    abg|arq|avv|bros|corp|dott|dra|drs|fam|gebr|habil|hon|hrn|inc|ing|jhr|jun|jur|lic|ltd|mag|med|mgr|mlle|mme|mrs|msc
    |nat|phil|prof|rev|sen|sig|sra|srta|sta|std )"""
"""Abbreviations that a word as short as a country's ending may follow, as in Prof. de Vries and Acme Ltd. UK."""

_WORD, _END = r"(?<![^\W_])", r"(?![^\W_])"
_APART = r"(?:[^\w&+/,]|_)+"
_OTHER_DOTS = "(?:point|punto|punt|ponto|kropka|tecka|nokta|точка)"
_LINK = re.compile(
    rf"""
      :// | @ | \bwww\b | \b(?:h(?:tt|xx)ps?|ftp|mailto|tel|sms)\s*:   # addresses
    | \.[^\W\d_]{{2}} | \.xn-- | \d+\.\d+\.\d+\.\d+                   # domains: a dot, then letters of any script
    | [\s"'’`*|=/–-]\.[^\w.]{{0,3}}\w                                 # domains spelled for people: a lonely dot
    | \.[^\w.]{{1,2}}{_ENDS}{_END}
    | {_WORD}(?!{_TITLES}\.)[^\W_]{{3,}}\.\s+{_COUNTRIES}{_END}
    | [(\[][\s"']*[.,:·•]+[\s"']*[)\]]                                 # a dot between brackets
    | (?<=[^\W_]{{2}})(?: ,(?:{_ENDS}|{_COUNTRIES}) | [,'’‘`״׳"“”„°*:|ʹʺʻʼʽʾʿ]+(?:com|net|org) ){_END}
    | {_WORD}(?:dot|punkt|{_OTHER_DOTS}){_APART}{_ENDS}{_END}          # a dot in letters
    | {_WORD}dot{_APART}(?!to{_END})(?:[a-z]{{2}}|{_LONGER_ENDS}){_END}
    | {_WORD}punkt{_APART}(?!(?:am|an|im|zu)\s+\w|(?:ag|kg|ug){_END})(?:[a-z]{{2}}|{_LONGER_ENDS}){_END}
    | {_WORD}{_OTHER_DOTS}{_APART}(?!de\s+\w)(?:{_COUNTRIES}|ру|рф|ком|орг){_END}
    | [(\[]\s*(?:dot|punkt|{_OTHER_DOTS})\s*[)\]]
    | [(\[]\s*(?:at|chez|arobase|arroba|chiocciola)\s*[)\]]\W*\w       # an @ in letters
    | {_WORD}(?:arobase|klammeraffe|apenstaartje){_END}
    """,  # noqa: RUF001  # they are meant
    re.VERBOSE,
)
_ROUND = re.compile(
    r"""
      [1-9]\d{0,2}[., '’]?000 | (?:[1-9]|100?)[., '’]?000[., '’]?000                # Swiss thousands have apostrophes
    | (?:[1-9]\d?|100)[.,'’]000 \s?[-–]\s? (?:[1-9]\d?|100)[.,'’]000               # from, to
    """,  # noqa: RUF001  # likewise
    re.VERBOSE,
)
"""A whole number of a plan. Longer ones, and those after a plus, a zero or other digits, can be telephones."""

_CENTS = re.compile(r"(?<=\d)[.,]\d\d(?!\s?\d|[\d.,]*\d)")
_YEAR = re.compile(
    r"(?<!\d)(?<!\d{3}[\W_])(?:19[5-9]|20[0-4])\d(?:\s?[-–/]\s?(?:19|20)?\d\d)?(?!\d|(?:[\W_]?\d){3})"  # noqa: RUF001
)
"""A year, or two; 1900 begins dear telephone numbers, and what continues with digits is none."""

_NUMBER = re.compile(r"\+?\d(?:[\W_]{0,3}\d)*")
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
    numbers = [_digits(_shortened(number)) for number in _NUMBER.findall(_YEAR.sub("1", plain, count=1))]
    fits = max(numbers, default=0) <= _LONGEST_NUMBER and sum(numbers) <= _MOST_DIGITS
    return one_line(line, PLAN_LENGTH) if fits else None


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
    return None if _LINK.search(_SPACED_LETTERS.sub("", plain)) else plain


def _folded(line: str) -> str | None:
    """Fold styles, accents, digits and dots; None where letters carry heaps of accents, or signs show nothing."""
    composed = unicodedata.normalize("NFKC", line.replace("´", "'"))  # noqa: RUF001  # it becomes blank and accent
    if _misplaces_marks(composed) or _hides_signs(composed):
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
    """Whether a mark stands on no letter of its script, twice on one, or among more accents than languages write."""
    heap, before = 0, " "
    for char in text:
        heap = heap + 1 if unicodedata.combining(char) else 0
        stranger = _rides(char) and (not _in_word(before) or _differ(_script(before), _script(char)))
        twice = char == before and unicodedata.category(char) == "Mn"
        if stranger or twice or heap > _MOST_ACCENTS:
            return True
        before = char
    return False


def _hides_signs(text: str) -> bool:
    """Whether a sign shows nothing, stands beside its letter, or is of another script than the letters around it.

    Many scripts have letters, marks and numbers that look like a dot to readers of another one.
    """
    words = (chars for inside, chars in groupby(text, _in_word) if inside)
    returns = any(_returns(list(filter(None, map(_script, chars)))) for chars in words)
    return returns or bool(_BESIDE.search(text)) or not (_EMPTY | _MUSIC).isdisjoint(text)


def _returns(scripts: list[str]) -> bool:
    """Whether a script goes on after another one, as Latin does in `evilᐧcom`."""
    runs = [script for script, _ in groupby(scripts)]
    return len(runs) > len(set(runs))


def _in_word(char: str) -> bool:
    return char.isalnum() or _rides(char)


def _script(char: str) -> str:
    """Return the script by the first word of the name; empty for what fits all, as East Asian letters."""
    if char in _APOSTROPHES or (char.isalnum() and unicodedata.east_asian_width(char) == "W"):
        return ""
    script = unicodedata.name(char, "").removeprefix("EXTENDED ").replace("-", " ").partition(" ")[0]
    return "" if script in {"COMBINING", "DIGIT", "VARIATION", "ZERO"} else script


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _shortened(number: str) -> str:
    """Return the number of a plan without cents; 1 for a round one."""
    whole = _CENTS.sub("", number)
    return "1" if _ROUND.fullmatch(whole) else whole


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
