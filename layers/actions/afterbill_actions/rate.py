"""The rate of a connection: requests of the last minute, counted in parts of it.

A window that begins anew every minute would let twice as many through around its end; here no minute has more.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate

PART = timedelta(seconds=5)
PARTS = 14
"""The parts that count: those of 65 seconds at least, as a request may arrive some seconds after it was counted."""
MOST_TOGETHER = 3
"""Requests that one call of an action may make."""


def spent(calls: Mapping[int, int], now: datetime) -> int:
    """Return the requests that still count."""
    return sum(calls[part] for part in _counting(calls, now))


def counted(calls: Mapping[int, int], now: datetime) -> Mapping[int, int]:
    """Return the counts with one request more, made now; what no longer counts is left out."""
    kept = {part: calls[part] for part in _counting(calls, now)}
    this = _part(now)
    return {**kept, this: kept.get(this, 0) + 1}


def free_at(calls: Mapping[int, int], per_minute: int, now: datetime) -> datetime:
    """Return the moment from which one action may be called: now, or when enough requests no longer count."""
    room = per_minute - min(MOST_TOGETHER, per_minute)
    left = spent(calls, now)
    if left <= room:
        return now
    parts = sorted(_counting(calls, now))
    ended = accumulate(calls[part] for part in parts)
    part = next(part for part, over in zip(parts, ended, strict=True) if left - over <= room)
    return datetime.fromtimestamp((part + PARTS) * PART.total_seconds(), UTC)


def _counting(calls: Mapping[int, int], now: datetime) -> list[int]:
    first = _part(now) - PARTS
    return [part for part in calls if part > first]


def _part(at: datetime) -> int:
    return int(at.timestamp() // PART.total_seconds())
