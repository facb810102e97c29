"""Masks for all that tells who somebody is: addresses, numbers, accounts, cards and known names."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise

import phonenumbers

from afterbill_cli.mcp.plain import plain

Span = tuple[int, int, str]
"""Begin, end, and the word that takes the place of what lies between."""

REGIONS = ("DE", "AT", "CH", "US", "GB", "FR")
"""Countries whose numbers are known without a prefix, after that of the customer."""

_AT = r"(?:@|&\#0*64;|&\#x0*40;|&commat;|%40|[(\[{<]\s{0,3}(?:at|ät|ad)\s{0,3}[)\]}>])"
_DOT = r"(?:[.\u3002]|[(\[{<]\s{0,3}(?:dot|punkt|point)\s{0,3}[)\]}>])"
_LETTER = r"\w!#$%&'*+/=?^`{|}~-"
_ATOM = rf"(?<![{_LETTER}])[{_LETTER}]+"
"""A whole one, so that a long word is looked at once."""
_LABEL = r"\w(?:[\w-]|\s(?=\w(?!\w))){0,125}"
_ADDRESS = re.compile(
    rf"""
    (?:
        (?:["“”„«][^"“”»\n]{{1,64}}["“”»]|(?:\b\w\s){{0,64}}{_ATOM}(?:\s{{0,3}}{_DOT}\s{{0,3}}{_ATOM}){{0,32}})
        \s{{0,3}}
    )?
    {_AT}\s{{0,3}}
    (?:\[[^\]\s]{{1,60}}\]|{_LABEL}(?:\s{{0,3}}{_DOT}\s{{0,3}}{_LABEL}){{1,32}})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPOKEN = re.compile(rf"{_ATOM}\s{{1,3}}at\s{{1,3}}[\w-]+(?:\s{{1,3}}dot\s{{1,3}}[\w-]+)+", re.IGNORECASE)
_CLOSE = re.compile(rf"{_ATOM}@[\w.-]+")
"""An address at a host without a dot."""
_LONG_NUMBER = re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d(?:[\s./()+-]{0,3}\d){8,}")
"""Nine digits or more, as numbers of customers, contracts and telephones are written; a date is none."""

_APART = 3
"""Characters between two digits of one number at most."""
_CARD = range(13, 20)
_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTHS = {country: length for length, countries in _BY_LENGTH.items() for country in countries.split()}
"""Characters of an account, by country (the registry of ISO 13616)."""
_LEAST_DIGITS = 6
"""Digits of the shortest telephone number."""
_LEAST_NAME = 2


def masked(text: str, names: Iterable[str] = (), country: str = "") -> str:
    """Return the text in its plain spelling, without what tells who somebody is; `names` are known, as people write.

    What was taken out is `[e-mail]`, `[IBAN]`, `[card]`, `[phone]`, `[number]` or `[name]`.
    """
    spelled = plain(text)
    found = chain(
        _matches(spelled, (_ADDRESS, _SPOKEN, _CLOSE), "[e-mail]"),
        _accounts(spelled),
        _cards(spelled),
        _phones(spelled, country),
        _matches(spelled, (_LONG_NUMBER,), "[number]"),
        _names(spelled, names),
    )
    return _without(spelled, sorted(found, key=lambda span: span[0]))


def _without(text: str, spans: Iterable[Span]) -> str:
    """Replace the spans, in their order; those that overlap are one, with the word of the first that was found."""
    parts: list[str] = []
    end = 0
    for begin, until, word in spans:
        if begin >= end:
            parts += text[end:begin], word
        end = max(end, until)
    return "".join([*parts, text[end:]])


def _matches(text: str, patterns: Iterable[re.Pattern[str]], word: str) -> Iterator[Span]:
    return ((*match.span(), word) for pattern in patterns for match in pattern.finditer(text))


def _accounts(text: str) -> Iterator[Span]:
    """Find every run of letters and digits that is an account: its country's length, and the check digits of 97."""
    places = _places(text, lambda letter: letter.isascii() and letter.isalnum())
    for number, (first, second) in enumerate(pairwise(places)):
        length = _LENGTHS.get((text[first] + text[second]).upper(), 0)
        run = _run(text, places, number, length) if length else []
        spelled = "".join(text[place] for place in run)
        if len(run) == length > 0 and spelled[2:4].isdigit() and _rest(spelled) == 1:
            yield first, run[-1] + 1, "[IBAN]"


def _rest(account: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97


def _cards(text: str) -> Iterator[Span]:
    """Find every run of 13 to 19 digits with the check digit of Luhn (ISO/IEC 7812-1)."""
    places = _places(text, lambda letter: letter in "0123456789")
    for number, place in enumerate(places):
        run = _run(text, places, number, _CARD[-1])
        digits = [int(text[one]) for one in run]
        if longest := max((length for length in _CARD if length <= len(run) and _luhn(digits[:length])), default=0):
            yield place, run[longest - 1] + 1, "[card]"


def _luhn(digits: list[int]) -> bool:
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _places(text: str, wanted: Callable[[str], bool]) -> list[int]:
    return [place for place, letter in enumerate(text) if wanted(letter)]


def _run(text: str, places: list[int], first: int, longest: int) -> list[int]:
    """Return the places from the first on that hang together: little stands between, and no letter or digit."""
    run = places[first : first + 1]
    for place in places[first + 1 : first + longest]:
        between = text[run[-1] + 1 : place]
        if len(between) > _APART or any(map(str.isalnum, between)):
            break
        run.append(place)
    return run


def _phones(text: str, country: str) -> Iterator[Span]:
    if sum(map(str.isdigit, text)) < _LEAST_DIGITS:
        return
    for region in dict.fromkeys(filter(None, (country.upper(), *REGIONS))):
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            yield match.start, match.end, "[phone]"


def _names(text: str, names: Iterable[str]) -> Iterator[Span]:
    """Find each word of the names, in small and capital letters, alone or in a composed word with a hyphen."""
    words = {word for name in names for word in re.findall(r"[^\W\d_]+", plain(name)) if len(word) >= _LEAST_NAME}
    if words:
        known = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        # The genitive of German and English is the name as well.
        yield from _matches(text, (re.compile(rf"(?<!\w)(?:{known})(?:['\u2019]?s)?(?!\w)", re.IGNORECASE),), "[name]")
