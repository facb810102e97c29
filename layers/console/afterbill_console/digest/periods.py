"""The periods of digests: which one is due, and the days that it is about."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from afterbill.insight.periods import Window, month_of
from afterbill_console.preferences import Cadence

EARLIEST = time(7)
"""The local time from which a digest is sent, on its day."""
_MONDAY = 0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """The whole days that a digest is about; no two digests of a cadence share one."""

    cadence: Cadence
    window: Window

    @property
    def before(self) -> Window:
        """The days to compare with: as many before, or the month before."""
        before = self.window.before
        return before if self.cadence is Cadence.MONTHLY else _days(before.first, before.last)

    @property
    def name(self) -> str:
        """The name that its claim bears, the same whoever asks."""
        return f"DIGEST#{self.cadence}#{self.window.first}"


def day_due(now: datetime, zone: tzinfo) -> date | None:
    """Return the local day whose digests may be sent by now; None in the early morning."""
    local = now.astimezone(zone)
    return local.date() if local.time() >= EARLIEST else None


def periods_of(day: date) -> dict[Cadence, Period]:
    """Return the digests of a local day: that of the day before, on Mondays of the week, on the first of the month."""
    yesterday = day - _DAY
    found = {Cadence.DAILY: _days(yesterday, yesterday)}
    if day.weekday() == _MONDAY:
        found[Cadence.WEEKLY] = _days(day - timedelta(days=7), yesterday)
    if day.day == 1:
        found[Cadence.MONTHLY] = month_of(yesterday)
    return {cadence: Period(cadence, window) for cadence, window in found.items()}


def _days(first: date, last: date) -> Window:
    return Window(f"{first}..{last}", first, last)
