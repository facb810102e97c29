"""Times as people, products and spreadsheets write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from afterbill_cli.importing import spreadsheets
from afterbill_cli.importing.report import WrongError, shown

_UNIX = re.compile(r"([0-9]{9,10})(?:\.0+)?|([0-9]{12,13})(?:\.0+)?")
_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}")
_YEAR_FIRST = re.compile(r"^([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_WEEK = re.compile(r"[0-9]{4}-?W")
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$")
_OFFSET = re.compile(r"\s+([+-][0-9]{2}:?[0-9]{2})$")
_GERMAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})(?:[,\s]\s*(.+))?")
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,6})?)?(?:\s*(?:([AaPp])\.?[Mm]\.?|Uhr))?"
_CLOCK_ALONE = re.compile(_CLOCK)
_CLOCK_AT_END = re.compile(rf"(?:[\s,]+|T){_CLOCK}$")
_CLOCK_OF_PATTERN = re.compile(r"[\s,T]*%[HIMScX]")
_SLASHES = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})\b.*")
_DAYS_COUNTED = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
"""How spreadsheets keep a time: days since 1900, or since 1904, which nobody can tell from the number."""
_EXAMPLE = datetime(2026, 11, 20, 15, 4)  # noqa: DTZ001  # tells whether a pattern names all parts of a day
_NOON = (12, 0, 0)
_HALF_DAY = 12
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC; a day alone is its noon."""

    at: datetime
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class TimeSpelling:
    """How the times of a file are written.

    Those without an offset are in `zone`. `pattern` is one of strptime; without it every usual spelling is read whose
    day and month cannot be mistaken.
    """

    zone: tzinfo
    pattern: str | None = None

    def read(self, written: str) -> Moment:
        """Return the time; WrongError where it has no known spelling."""
        value = spreadsheets.without_mark(written)
        try:
            at, is_day = _patterned(value, self.pattern) if self.pattern else _usual(value)
            return Moment((at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC), is_day)
        except (ValueError, OverflowError, OSError):
            raise self._unreadable(value) from None

    def has_come(self, moment: Moment, now: datetime, tolerance: timedelta) -> bool:
        """Return whether the time is not after `now`, with a tolerance for clocks; the day of `now` has come."""
        same_day = moment.at.astimezone(self.zone).date() == now.astimezone(self.zone).date()
        return moment.at <= now + tolerance or (moment.is_day and same_day)

    def _unreadable(self, value: str) -> WrongError:
        if _DAYS_COUNTED.fullmatch(value):
            text = f"{shown(value)} counts days, as spreadsheets do inside"
            return WrongError(text, "Give the column the format yyyy-mm-dd hh:mm, and save the file again")
        try:
            spreadsheets.number(value)
        except WrongError as wrong:
            return wrong
        if self.pattern:
            return WrongError(f"{shown(value)} is not written as {self.pattern}", "Correct it, or --time-format")
        if _SLASHES.fullmatch(value):
            text = f"{shown(value)} may begin with the month or with the day"
            return WrongError(text, 'Say which: --time-format "%m/%d/%Y" or --time-format "%d/%m/%Y"')
        hint = 'Write it such as 2026-11-22 14:30, or say how it is written: --time-format "%m/%d/%Y"'
        return WrongError(f"{shown(value)} is no known spelling of a time", hint)


def names_a_day(pattern: str) -> bool:
    """True when a pattern of strptime reads year, month and day."""
    try:
        return datetime.strptime(_EXAMPLE.strftime(pattern), pattern).date() == _EXAMPLE.date()  # noqa: DTZ007  # a day
    except ValueError:
        return False


def _patterned(value: str, pattern: str) -> tuple[datetime, bool]:
    """Return the time and whether it is a day alone. The clock may be missing or written in another way.

    What begins with a year of four digits or counts seconds is read under every pattern that does not: nobody can
    mistake it.
    """
    try:
        return _as_said(value, pattern)
    except ValueError:
        if pattern.startswith("%Y") or _GERMAN.fullmatch(value):
            raise
        return _usual(value)


def _as_said(value: str, pattern: str) -> tuple[datetime, bool]:
    day_pattern = _CLOCK_OF_PATTERN.split(pattern, maxsplit=1)[0]
    try:
        at = datetime.strptime(value, pattern)  # noqa: DTZ007  # whose clock it is the caller knows
    except ValueError:
        clock = _CLOCK_AT_END.search(value)
        day = datetime.strptime(value[: clock.start()] if clock else value, day_pattern)  # noqa: DTZ007  # as above
        return _at_clock(day, clock), clock is None
    return (_at_clock(at, None), True) if day_pattern == pattern else (at, False)


def _usual(value: str) -> tuple[datetime, bool]:
    if unix := _UNIX.fullmatch(value):
        return datetime.fromtimestamp(int(unix[1]) if unix[1] else int(unix[2]) / 1000, UTC), False
    if german := _GERMAN.fullmatch(value):
        day, month, year, rest = german.groups()
        clock = _CLOCK_ALONE.fullmatch(rest) if rest else None
        if rest and clock is None:
            raise ValueError
        full_year = int(year) if len(year) > 2 else _CENTURY + int(year)  # noqa: PLR2004  # digits
        return _at_clock(datetime(full_year, int(month), int(day)), clock), clock is None  # noqa: DTZ001  # as above
    if _WEEK.match(value):
        raise ValueError
    return _year_first(_YEAR_FIRST.sub(_iso_day, value))


def _iso_day(day: re.Match[str]) -> str:
    return f"{day[1]}-{day[3]:0>2}-{day[4]:0>2}"


def _year_first(value: str) -> tuple[datetime, bool]:
    try:
        at = datetime.fromisoformat(_OFFSET.sub(r"\1", _ZONE.sub("+00:00", value)))
    except ValueError:
        clock = _CLOCK_AT_END.search(value)
        if clock is None:
            raise
        return _at_clock(datetime.strptime(value[: clock.start()], "%Y-%m-%d"), clock), False  # noqa: DTZ007  # as above
    return (_at_clock(at, None), True) if _DAY.fullmatch(value) else (at, False)


def _at_clock(day: datetime, clock: re.Match[str] | None) -> datetime:
    """The day at this time of the clock, or at noon."""
    if clock is None:
        hour, minute, second = _NOON
    else:
        *parts, half = clock.groups()
        hour, minute, second = (int(part or 0) for part in parts)
        hour = _of_24_hours(hour, half.casefold()) if half else hour
    return day.replace(hour=hour, minute=minute, second=second, microsecond=0)


def _of_24_hours(hour: int, half: str) -> int:
    if not 1 <= hour <= _HALF_DAY:
        raise ValueError
    return hour % _HALF_DAY + (_HALF_DAY if half == "p" else 0)
