"""Amounts as whole numbers of a currency's smallest unit; a float is never money."""

from decimal import Decimal

from afterbill.connectors._kit.json import alpha_code, integer, text
from afterbill.model.billing import Money, exponent

_LARGEST_POWER = 15


def from_decimal(value: object, currency: object) -> Money | None:
    """Money from major units as a decimal string ("49.00") or a number; None where a digit would be lost."""
    code, digits = alpha_code(currency, 3), _plain(value)
    if not digits or not code:
        return None
    sign, unsigned = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    whole, point, fraction = unsigned.partition(".")
    places = exponent(code)
    kept, lost = fraction[:places].ljust(places, "0"), fraction[places:].strip("0")
    if not (_digits(whole) and _digits(fraction or ("" if point else "0")) and not lost):
        return None
    return Money(sign * int(whole + kept), code)


def from_minor(value: object, currency: object) -> Money | None:
    """Money from an amount in the currency's smallest unit: a whole number, or one as text."""
    number, code = whole(value), alpha_code(currency, 3)
    return Money(number, code) if number is not None and code else None


def is_whole(value: object) -> bool:
    """Whether this can be an amount in the smallest unit of some currency."""
    return whole(value) is not None


def is_zero(value: object) -> bool:
    """Whether this is an amount of nothing, in any currency; what is no amount is not."""
    digits = (_plain(value) or "").removeprefix("-").replace(".", "", 1)
    return _digits(digits) and not digits.strip("0")


def whole(value: object) -> int | None:
    """A whole number, or one as text."""
    digits = text(value, 16) if isinstance(value, str) else None
    return int(digits) if digits and _digits(digits.removeprefix("-")) else integer(value)


def _plain(value: object) -> str | None:
    """The digits of a string or a number without an exponent."""
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() and abs(value.adjusted()) < _LARGEST_POWER else None
    number = integer(value)
    return text(value, 20) if number is None else str(number)


def _digits(part: str) -> bool:
    return part.isascii() and part.isdecimal()
