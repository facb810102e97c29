"""The share of a survey in the runs of the archive, at a stated number of surveys a day."""

from collections import Counter

from afterbill_reports.archive.run import MOST_FACTS
from benchmarks.prices import Unit

SURVEYS_A_DAY = 1_000
_TOUCHED = 34
"""Days whose facts change on one day: three of delay, one of windows, thirty in which to answer, as shipped."""
_PERIODS = 24
"""Periods of a day, as shipped; a container of track_changes marks a day once in each."""
_QUERIES = 26
"""Queries of the index for one local day, at most: one for each hour of UTC."""
_FACTS_PER_SECOND = 2_000
"""Read from the table, made rows and written, an assumption; decoding takes most of it."""
_GIGABYTES = 1769 / 1024
_FILES = 2
"""Facts and comments."""

ARCHIVING = f"1 in its index, marks of {SURVEYS_A_DAY:,} surveys a day"


def marks_a_day() -> int:
    """Units of the marks of one day, and of their removal by periods."""
    return _PERIODS * _TOUCHED + _PERIODS


def nights() -> Counter[Unit]:
    """Units of one day of so many surveys: its marks, and a night that reads again what changed, half a unit each."""
    facts = SURVEYS_A_DAY * _TOUCHED
    return Counter(
        {
            Unit.WRITE: marks_a_day(),
            Unit.READ: (facts + _TOUCHED * _QUERIES) // 2,
            Unit.PUT: _TOUCHED * _FILES,
            Unit.GB_SECOND: round(facts / _FACTS_PER_SECOND * _GIGABYTES),
        }
    )


def hours(runs: int) -> Counter[Unit]:
    """Units of a month of hourly runs that each read as much as they may."""
    return Counter({Unit.READ: runs * MOST_FACTS // 2, Unit.PUT: runs * _TOUCHED * _FILES})
