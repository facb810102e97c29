"""Dates and amounts as people of a language and a region write them."""

import re
from copy import copy
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern

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


def amount(money: Money, formats: Locale) -> str:
    """Write an amount with exactly the digits of its currency: `49,00 €`."""
    decimals = exponent(money.currency)
    number = Decimal(money.amount).scaleb(-decimals)
    written = _pattern(formats, decimals).apply(number, formats, currency=money.currency, currency_digits=False)
    return _CODE_AND_DIGIT.sub("\u00a0", written)


@lru_cache(1024)
def _pattern(formats: Locale, decimals: int) -> NumberPattern:
    """Return the pattern of amounts with so many decimals: CLDR's may differ from those of the currency."""
    pattern: NumberPattern = copy(formats.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern
