"""The time until the next attempt."""

from collections.abc import Callable
from datetime import timedelta

FIRST, LONGEST = timedelta(seconds=30), timedelta(hours=1)
MOST_ASKED = timedelta(hours=6)
"""Whatever a system asks for, nobody waits longer."""
_DOUBLINGS = 10


def pause(attempts: int, asked: timedelta | None, chance: Callable[[], float]) -> timedelta:
    """Return what was asked for and up to a tenth more, or half to all of a time that doubles with each attempt.

    `chance` gives numbers from 0 to 1: many that failed together do not come back together.
    """
    if asked is not None:
        return min(max(asked, timedelta(seconds=1)), MOST_ASKED) * (1 + chance() / 10)
    return min(FIRST * (1 << min(max(attempts - 1, 0), _DOUBLINGS)), LONGEST) * (0.5 + chance() / 2)
