"""Dates and amounts as people of a language and a region write them."""

import re
from copy import copy
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, get_decimal_symbol, get_group_symbol

from afterbill.model.billing import Money, exponent
from afterbill.model.locales import tag_of

_REGION = re.compile(r"-([a-z]{2}|\d{3})(?=-|$)")
_CODE_AND_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)")
_LAST_RESORT = "en"


@lru_cache(1024)
def formats_of(language: str, wanted: str) -> Locale:
    """Return the formats of `language`, with the region of the tag `wanted` if both fit: de and de-CH give de_CH."""
    tag = tag_of(wanted).lower()
    region = _REGION.search(tag) if tag.partition("-")[0] == language.partition("-")[0].lower() else None
    names = [f"{language.partition('-')[0]}_{region[1].upper()}"] if region else []
    for name in (*names, language.replace("-", "_"), language.partition("-")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(_LAST_RESORT)


@lru_cache(1024)
def day(at: date, formats: Locale) -> str:
    """Write a day: `22. November 2026`."""
    return format_date(at, "long", formats)


class _Pattern(NamedTuple):
    """The signs of amounts in one currency, and how many digits stand together, the last and the others."""

    positive: tuple[str, str]
    negative: tuple[str, str]
    group: str
    point: str
    grouping: tuple[int, int]


def amount(money: Money, formats: Locale) -> str:
    """Write an amount with exactly the digits of its currency: `49,00 €`."""
    decimals = exponent(money.currency)
    pattern = _pattern(formats, money.currency)
    digits = f"{abs(money.amount):0{decimals + 1}}"
    written = f"{pattern.point}{digits[-decimals:]}" if decimals else ""
    rest, (size, others) = digits[: len(digits) - decimals], pattern.grouping
    while len(rest) > size:
        written = f"{pattern.group}{rest[-size:]}{written}"
        rest, size = rest[:-size], others
    before, after = pattern.negative if money.amount < 0 else pattern.positive
    return f"{before}{rest}{written}{after}"


@lru_cache(1024)
def _pattern(formats: Locale, currency: str) -> _Pattern:
    """Return the pattern of CLDR, but for its decimals, which may differ from those of the currency."""
    pattern: NumberPattern = copy(formats.currency_formats["standard"])
    pattern.frac_prec = (0, 0)
    ones = (pattern.apply(one, formats, currency=currency, currency_digits=False) for one in (1, -1))
    (before, _, after), negative = (_CODE_AND_DIGIT.sub("\u00a0", one).partition("1") for one in ones)
    return _Pattern(
        (before, after),
        (negative[0], negative[2]),
        get_group_symbol(formats),
        get_decimal_symbol(formats),
        pattern.grouping,
    )
