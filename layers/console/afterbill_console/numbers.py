"""Numbers, amounts and moments as people of a language write them."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision, get_currency_symbol

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where nothing can be said; why stands beside it."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Writes for one language; moments in the operator's zone. None is written as NOTHING."""

    language: str
    zone: tzinfo

    def count(self, value: float | None) -> str:
        """Return a whole number."""
        return NOTHING if value is None else format_decimal(_whole(value), "#,##0;\u2212#,##0", locale=self.language)

    def score(self, value: float | None) -> str:
        """Return a score between -100 and 100, without decimals."""
        return NOTHING if value is None else format_decimal(_whole(value), "#,##0;\u2212#,##0", locale=self.language)

    def change(self, value: float | None) -> str:
        """Return a difference in points, with its sign."""
        if value is None:
            return NOTHING
        return format_decimal(_whole(value), "+#,##0;\u2212#,##0", locale=self.language) if _whole(value) else "±0"

    def decimal(self, value: float | None, digits: int = 1) -> str:
        """Return a number with so many decimals."""
        pattern = f"#,##0.{'0' * digits};\u2212#,##0.{'0' * digits}"
        return NOTHING if value is None else format_decimal(_rounded(value, digits), pattern, locale=self.language)

    def share(self, value: float | None, digits: int = 0) -> str:
        """Return a share between 0 and 1 as percent."""
        pattern = f"#,##0.{'0' * digits}\u00a0%" if digits else "#,##0\u00a0%"
        both = f"{pattern};\u2212{pattern}"
        return NOTHING if value is None else format_percent(_rounded(value, digits + 2), both, locale=self.language)

    def chance(self, value: float | None) -> str:
        """Return a chance between 0 and 1 with three decimals; what is smaller is said to be."""
        least = 0.001
        return f"<\u00a0{self.decimal(least, 3)}" if value is not None and value < least else self.decimal(value, 3)

    def money(self, minor: int | None, currency: str) -> str:
        """Return an amount that is given in minor units."""
        if minor is None:
            return NOTHING
        amount = minor / 10 ** get_currency_precision(currency)
        text = format_currency(amount, currency, self._pattern(currency), locale=self.language)
        return text.replace("-", MINUS)

    def day(self, day: date | str) -> str:
        """Return a day, such as 1 Dec 2026."""
        return format_date(_day(day), "d. MMM y" if self.language == "de" else "d MMM y", locale=self.language)

    def short_day(self, day: date | str) -> str:
        """Return a day without its year, for the axis of a chart."""
        return format_date(_day(day), "d.M." if self.language == "de" else "d MMM", locale=self.language)

    def days(self, first: date | str, last: date | str) -> str:
        """Return the days from the first to the last; month and year are said once where they are the same."""
        start, end = _day(first), _day(last)
        if start == end:
            return self.day(end)
        dot = "." if self.language == "de" else ""
        if (start.year, start.month) == (end.year, end.month):
            return f"{start.day}{dot}\u2013{self.day(end)}"
        whole = start.year != end.year
        return f"{self.day(start) if whole else self._day_of_month(start)} \u2013 {self.day(end)}"

    def month(self, day: date | str) -> str:
        """Return a month and its year."""
        text = f"{day}-01" if isinstance(day, str) and len(day) == len("2026-11") else day
        return format_date(_day(text), "MMMM y", locale=self.language)

    def short_month(self, day: date | str) -> str:
        """Return a month and its year, for the axis of a chart."""
        return format_date(_day(day), "MMM y", locale=self.language)

    def moment(self, moment: datetime | str) -> str:
        """Return a day and a time of the operator's zone."""
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        pattern = "d. MMM y, HH:mm" if self.language == "de" else "d MMM y, HH:mm"
        return format_datetime(at.astimezone(self.zone), pattern, locale=self.language)

    def _pattern(self, currency: str) -> str | None:
        """Return how an amount is written, where it is not as the language has it: KWD, too, needs a space."""
        apart = self.language == "en" and get_currency_symbol(currency, "en")[-1].isalpha()
        return "\u00a4\u00a0#,##0.00" if apart else None

    def _day_of_month(self, day: date) -> str:
        return format_date(day, "d. MMM" if self.language == "de" else "d MMM", locale=self.language)


def _whole(value: float) -> int:
    """Return the nearest whole number, halves away from zero, as people round."""
    return int(abs(value) + 0.5) * (1 if value >= 0 else -1)


def _rounded(value: float, digits: int) -> Decimal:
    """Return the rounded value, halves away from zero too; what is rounded to nothing has no sign.

    Figures are decimals: 39 of 40 are 97.5 %, though the nearest float of it is a little less.
    """
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
