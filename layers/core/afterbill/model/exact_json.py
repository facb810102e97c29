"""JSON that may hold money: fractions keep the digits that were written, and NaN and Infinity are errors."""

from decimal import Decimal
from json import JSONDecoder
from typing import NoReturn

_LONGEST_NUMBER = 20


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fraction(digits: str) -> Decimal | float:
    """A number of more than 20 characters is no amount, so a float will do."""
    return Decimal(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


DECODER = JSONDecoder(parse_constant=_refuse, parse_float=_fraction)
