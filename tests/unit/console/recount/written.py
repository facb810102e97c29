"""Figures and names as an English page writes them, put down once more without the code of the pages."""

import tomllib
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from afterbill_dev.paths import ROOT

DASH = "–"
WORDS = ROOT / "layers" / "actions" / "afterbill_actions" / "locales" / "en" / "words.toml"
NAMES = {
    "DE": "Germany",
    "AT": "Austria",
    "CH": "Switzerland",
    "US": "United States",
    "de": "German",
    "de-AT": "German (Austria)",
    "de-CH": "German (Switzerland)",
    "en": "English",
}


@cache
def words() -> dict[str, str]:
    return tomllib.loads(WORDS.read_text("utf-8"))


def value(dimension: str, text: str) -> str:
    """The name of a value of a dimension."""
    return words().get(f"{dimension}_{text}") or words().get(f"value_{text}") or NAMES.get(text) or text


def dimension(name: str) -> str:
    return words()[f"dimension_{name}"]


def what(name: str, text: str) -> str:
    """A value as titles have it, with its dimension where it would say too little without."""
    plain = name in {"touchpoint", "stage", "reason"} and text not in {"none", "other", "unknown"}
    return value(name, text) if plain else f"{dimension(name)} {value(name, text)}"


def group(name: str) -> str:
    return words()[f"category_{name}"]


def signed(number: float | Decimal, text: str, plus: str = "") -> str:
    return f"−{text}" if number < 0 else f"{plus}{text}"


def near(number: float | Decimal, digits: int = 0) -> Decimal:
    """The nearest number with so many decimals, of the six that documents have; halves away from zero."""
    return Decimal(f"{number:.6f}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def whole(number: float) -> int:
    """The nearest whole number of a number without its sign."""
    return int(near(abs(number)))


def count(number: float | None) -> str:
    return DASH if number is None else signed(number if whole(number) else 0, f"{whole(number):,}")


score = count


def change(points: float | None) -> str:
    if points is None:
        return DASH
    return signed(points, f"{whole(points):,}", "+") if whole(points) else "±0"


def decimal(number: float | Decimal | None, digits: int = 1) -> str:
    if number is None:
        return DASH
    found = near(number, digits)
    return signed(found, f"{abs(found):,}")


def share(part: float | None, digits: int = 0) -> str:
    return DASH if part is None else f"{decimal(100 * near(part, digits + 2), digits)} %"


def chance(p: float | None) -> str:
    return "< 0.001" if p is not None and p < 0.001 else decimal(p, 3)


def money(minor: int | None) -> str:
    return DASH if minor is None else signed(minor, f"€{abs(minor) / 100:,.2f}")


def span(row: dict, write=score) -> str:
    """An interval from its lower to its upper end."""
    return DASH if row["low"] is None else f"{write(row['low'])} to {write(row['high'])}"


def day(text: str) -> str:
    at = date.fromisoformat(text)
    return f"{at.day} {at:%b %Y}"


def short_day(text: str) -> str:
    at = date.fromisoformat(text)
    return f"{at.day} {at:%b}"


def month(text: str) -> str:
    return f"{date.fromisoformat(f'{text[:7]}-01'):%B %Y}"


def days(first: str, last: str) -> str:
    """Some days; a month or a year that both ends share is said once."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    if start == end:
        return day(last)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{day(last)}"
    return f"{day(first) if start.year != end.year else short_day(first)} – {day(last)}"


def many(number: int) -> str:
    """A number in a sentence that says one in a word."""
    return "" if number == 1 else count(number)
