"""Recount what changed, then compute the scores of every window; safe to kill at any point and to repeat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from afterbill.domain.nps import Tally
from afterbill.domain.segments import DIMENSIONS
from afterbill.domain.tally import ALL, count, scores_of
from afterbill.domain.windows import Window, windows_to_compute
from afterbill.ports_scores import Counting, Mark

LEASE = timedelta(minutes=15)
"""No Lambda function lives longer, so whoever took an expired lease is dead and can no longer write old counts."""

SETTLE = timedelta(seconds=15)
"""A mark younger than this is recounted but kept: reads of an index are eventually consistent, so the change that
set the mark may not be in the count yet. Indexes follow within a second as a rule."""

MOST_DAYS = 100
"""Days recounted per run, those that wait longest first, so that a great backlog cannot outlast the function."""


class Outcome(StrEnum):
    """What a run came to."""

    COMPUTED = "computed"
    UNCHANGED = "unchanged"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Computed:
    """One run: days recounted, answers found in them, days left waiting for the next run, scores stored."""

    outcome: Outcome
    days: int = 0
    answers: int = 0
    waiting: int = 0
    scores: int = 0


def compute_nps(counting: Counting, now: datetime, owner: str, zone: tzinfo, recountable: timedelta) -> Computed:
    """One run under a lease; `owner` is unique to it, `zone` is the operator's.

    Days further back than `recountable` are frozen: some of their invitations may have reached the end of their
    retention, so their tallies stay as they are.
    """
    if not counting.take_lease(owner, now, now + LEASE):
        return Computed(Outcome.BUSY)
    try:
        return _run(counting, now, now.astimezone(zone).date(), recountable)
    finally:
        counting.release_lease(owner)


def _run(counting: Counting, now: datetime, today: date, recountable: timedelta) -> Computed:
    marks = sorted(counting.marks(), key=lambda mark: (mark.marked_at, mark.day))
    if not marks and counting.computed_on() == today:
        return Computed(Outcome.UNCHANGED)
    batch = marks[:MOST_DAYS]
    answers = sum(_recount(counting, mark.day) for mark in batch if mark.day >= today - recountable)
    scores = _rescore(counting, windows_to_compute(today, (mark.day for mark in batch)), now)
    # Only now: a crash before this line leaves the marks, and the next run repeats everything.
    cleared = sum(counting.clear(mark) for mark in _settled(batch, now))
    counting.set_computed_on(today)
    return Computed(Outcome.COMPUTED, len(batch), answers, len(marks) - cleared, scores)


def _settled(marks: Iterable[Mark], now: datetime) -> Iterable[Mark]:
    return (mark for mark in marks if mark.marked_at + SETTLE <= now)


def _recount(counting: Counting, day: date) -> int:
    """Count the day again from its invitations; returns the number of answers."""
    tallies = count(counting.answers_of(day), counting.sends_of(day))
    counting.put_tallies(day, tallies)
    return sum(tally.n for tally in tallies[ALL].values())


def _rescore(counting: Counting, windows: Sequence[Window], now: datetime) -> int:
    """Compute and store every dimension of these windows; returns the number of scores."""
    stored = 0
    for dimension in DIMENSIONS:
        sums = _sums(counting, dimension, {*windows, *(window.before for window in windows)})
        scores = {
            window.name: scores_of(dimension, window.name, sums[window], sums[window.before], now) for window in windows
        }
        counting.replace_scores(dimension, scores)
        stored += sum(map(len, scores.values()))
    return stored


def _sums(counting: Counting, dimension: str, windows: set[Window]) -> dict[Window, dict[str, Tally]]:
    """The tally of each value over each window, from one range of stored days."""
    sums: dict[Window, dict[str, Tally]] = {window: {} for window in windows}
    first, last = min(window.first for window in windows), max(window.last for window in windows)
    for day, tallies in counting.tallies(dimension, first, last):
        for window in windows:
            if day in window:
                for value, tally in tallies.items():
                    sums[window][value] = sums[window].get(value, Tally()) + tally
    return sums
