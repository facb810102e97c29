"""Windows of scores: rolling days and months of the operator's calendar, each with the window to compare with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from afterbill.model.errors import AfterbillError

ROLLING = (7, 30, 90, 365)
"""Lengths in days of the windows that end today."""

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class WindowError(AfterbillError):
    """An unknown window; the text names the valid ones."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days from `first` to `last`, both included; `name` is `30d` or `2026-11`."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def before(self) -> "Window":
        """The window to compare with: as many days before, or the month before."""
        last = self.first - timedelta(days=1)
        if _MONTH.fullmatch(self.name):
            return month_of(last)
        return Window(self.name, last - (self.last - self.first), last)


def rolling(days: int, today: date) -> Window:
    """Return the window of so many days that ends today."""
    return Window(f"{days}d", today - timedelta(days=days - 1), today)


def month_of(day: date) -> Window:
    """Return the calendar month of that day."""
    first = day.replace(day=1)
    return Window(f"{first:%Y-%m}", first, month_after(first) - timedelta(days=1))


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def window_of(text: str, today: date) -> Window:
    """Return the window of this name, up to today; WindowError where there is no such window."""
    name = window_name(text)
    if not _MONTH.fullmatch(name):
        return rolling(int(name.removesuffix("d")), today)
    month = month_of(date.fromisoformat(f"{name}-01"))
    return Window(name, month.first, min(month.last, max(today, month.first)))


def windows_to_compute(today: date, touched: Iterable[date]) -> list[Window]:
    """Return every window whose score may differ after the touched days were recounted, or because it is another day.

    The month after a touched month is among them, since its score is compared with the touched month.
    """
    months = {month_of(today)}
    for day in touched:
        months.add(month_of(day))
        if month_after(day) <= today:
            months.add(month_of(month_after(day)))
    return [rolling(days, today) for days in ROLLING] + sorted(months, key=lambda month: month.first)


def window_name(text: str) -> str:
    """Return the name as it is stored; WindowError where there is no such window."""
    names = [f"{days}d" for days in ROLLING]
    if text in names or _MONTH.fullmatch(text):
        return text
    raise WindowError(f"no window {text!r}: choose {', '.join(names)} or a month such as 2026-11")
