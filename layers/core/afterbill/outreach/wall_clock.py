"""Open hours of a wall clock as instants in UTC, exact through every change of that clock.

Days are proleptic ordinals, weekdays count from 0, Monday, and hours are minutes of the local day.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

Hours = tuple[tuple[int, int], ...]
"""Stretches [from, to) of a local day, in minutes, ascending and apart."""
MIDNIGHT = 1440
"""The end of the day as a minute."""
FAR = timedelta(days=60)
"""Where nothing opens for so long, nothing is taken to open ever."""

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


def opens(day: int, days: frozenset[int], closed: frozenset[int]) -> bool:
    """Return whether a date falls on an open weekday and is not itself closed."""
    return (day + 6) % 7 in days and day not in closed


def first_stretch(
    hours: Hours, days: frozenset[int], closed: frozenset[int], zone: tzinfo, at: datetime
) -> tuple[datetime, datetime] | None:
    """The first stretch of open instants from `at` on, in UTC, not longer than the local day; None if all are far.

    Almost always the clock does not change before that stretch ends. Then its place follows from local midnight.
    """
    moment = at.astimezone(UTC)
    local = moment.astimezone(zone)
    opening = _range_after(local.hour * 60 + local.minute, local.toordinal(), hours, days, closed)
    if opening:
        midnight = _midnight(moment, local)
        begins, ends = midnight + timedelta(0, opening[0]), midnight + timedelta(0, opening[1])
        if ends.astimezone(zone).utcoffset() == local.utcoffset():
            return max(begins, moment), ends
    return _stretch_by_walking(hours, days, closed, zone, moment)


def _range_after(
    minute: int, today: int, hours: Hours, days: frozenset[int], closed: frozenset[int]
) -> tuple[int, int] | None:
    """The first open range from this minute on, in seconds since midnight of today, if no clock changes."""
    if opens(today, days, closed):
        for begin, end in hours:
            if minute < end:
                return begin * 60, end * 60
    begin, end = hours[0]
    for later in range(1, FAR.days):
        if opens(today + later, days, closed):
            return (later * MIDNIGHT + begin) * 60, (later * MIDNIGHT + end) * 60
    return None


def _stretch_by_walking(
    hours: Hours, days: frozenset[int], closed: frozenset[int], zone: tzinfo, at: datetime
) -> tuple[datetime, datetime] | None:
    """The first of the pieces, with those that go on from it on the same date."""
    pieces = _pieces(hours, days, closed, zone, at)
    first = next(pieces, None)
    if first is None:
        return None
    begins, ends, day = first
    for begin, end, today in pieces:
        if (begin, today) != (ends, day):
            break
        ends = end
    return begins, ends


def _pieces(
    hours: Hours, days: frozenset[int], closed: frozenset[int], zone: tzinfo, at: datetime
) -> Iterator[tuple[datetime, datetime, int]]:
    """Open stretches with their local dates, in order, cut wherever the date or the clock changes."""
    moment = at
    while moment < at + FAR:
        local = moment.astimezone(zone)
        midnight, today = _midnight(moment, local), local.toordinal()
        until = _steady_until(zone, moment, midnight + _DAY)
        for begin, end in hours if opens(today, days, closed) else ():
            begins = max(moment, midnight + timedelta(minutes=begin))
            ends = min(until, midnight + timedelta(minutes=end))
            if begins < ends:
                yield begins, ends, today
        moment = until


def _midnight(moment: datetime, local: datetime) -> datetime:
    """The instant at which this local day began, if the clock has not changed since."""
    return moment - timedelta(0, local.hour * 3600 + local.minute * 60 + local.second, local.microsecond)


def _steady_until(zone: tzinfo, begin: datetime, end: datetime) -> datetime:
    """The end, or the change of the clock before it; clocks change on whole seconds, and not twice within a day."""
    first, offset = begin.replace(microsecond=0), begin.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == offset:
        return end

    def changed(seconds: int) -> int:
        return (first + timedelta(seconds=seconds)).astimezone(zone).utcoffset() != offset

    return first + timedelta(seconds=bisect_left(range((end - first) // _SECOND), 1, key=changed))
