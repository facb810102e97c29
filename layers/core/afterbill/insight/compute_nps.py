"""Recount the days that changed, then compute the scores of every window; safe to kill anywhere and to repeat."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, month_after, windows_to_compute
from afterbill.insight.ports import Progress, RecountMark, Recounts
from afterbill.insight.tally import ALL, count, questions_in, scores_of
from afterbill.model.questions import Question
from afterbill.model.segments import ANONYMOUS, DIMENSIONS, dimension_of

LEASE = timedelta(minutes=15)
"""No Lambda function lives longer: the owner of an expired lease is dead and cannot write old counts."""

INDEX_LAG = timedelta(seconds=15)
"""A mark younger than this is recounted but kept: reads of an index are eventually consistent, so the change that
set the mark may not be in the count yet. Indexes follow within a second as a rule."""

MOST_DAYS = 100
"""Days recounted per run, those that wait longest first, so that a great backlog cannot outlast the function."""


class Outcome(StrEnum):
    """The result of a run."""

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


def compute_nps(  # noqa: PLR0913  # each is one thing of the run or of its operator
    recounts: Recounts,
    now: datetime,
    owner: str,
    zone: tzinfo,
    recountable: timedelta,
    *,
    count_unconfirmed: bool = True,
) -> Computed:
    """Do one run under a lease; `owner` is unique to the run, `zone` is the operator's time zone.

    Days further back than `recountable` are frozen: some of their invitations may have reached the end of their
    retention, so their tallies stay as they are. Tallies hold unconfirmed answers either way: after a change
    of `count_unconfirmed`, the scores of all windows that are not frozen are computed anew, without a recount.
    """
    if not recounts.take_lease(owner, now, now + LEASE):
        return Computed(Outcome.BUSY)
    try:
        return _run(recounts, now, now.astimezone(zone).date(), recountable, unconfirmed=count_unconfirmed)
    finally:
        recounts.release_lease(owner)


def _run(recounts: Recounts, now: datetime, today: date, recountable: timedelta, *, unconfirmed: bool) -> Computed:
    marks = sorted(recounts.marks(), key=lambda mark: (mark.marked_at, mark.day))
    before = recounts.progress()
    if not marks and before == replace(before, day=today, unconfirmed=unconfirmed):
        return Computed(Outcome.UNCHANGED)
    batch = marks[:MOST_DAYS]
    days = [mark.day for mark in batch]
    answers, progress = _recount(recounts, [day for day in days if day >= today - recountable], before)
    if before.day and before.unconfirmed is not unconfirmed:
        recounts.store_progress(replace(progress, unconfirmed=None))
        days += _months(today - recountable, today)
    progress = replace(progress, day=today, unconfirmed=unconfirmed)
    scores = _rescore(recounts, windows_to_compute(today, days), progress, now)
    # Only now: a crash before this line leaves the marks, and the next run repeats everything.
    cleared = sum(recounts.clear(mark) for mark in _settled(batch, now))
    recounts.store_progress(progress)
    return Computed(Outcome.COMPUTED, len(batch), answers, len(marks) - cleared, scores)


def _months(first: date, last: date) -> Iterator[date]:
    """Yield a day of every month."""
    while first <= last:
        yield first
        first = month_after(first)


def _settled(marks: Iterable[RecountMark], now: datetime) -> Iterable[RecountMark]:
    return (mark for mark in marks if mark.marked_at + INDEX_LAG <= now)


def _recount(recounts: Recounts, days: Iterable[date], progress: Progress) -> tuple[int, Progress]:
    """Count the days again from their invitations; returns the number of answers, and the questions known now."""
    answers = 0
    for day in days:
        tallies = count(recounts.answers_of(day), recounts.sends_of(day))
        if new := questions_in(tallies) - progress.questions:
            progress = replace(progress, questions=progress.questions | new)
            recounts.store_progress(progress)  # before its tallies: those of an unknown question would never be emptied
        recounts.put_tallies(day, {name: {} for name in _dimensions(progress)} | tallies)
        everything = (
            tallies.get(dimension_of(question, whole), {}) for question in Question for whole in (ALL, ANONYMOUS)
        )
        answers += sum(tally.n for rows in everything for tally in rows.values())
    return answers, progress


def _dimensions(progress: Progress) -> list[str]:
    """Return the dimensions as they are stored, of every question that was ever counted."""
    questions = (Question.NPS, *sorted(progress.questions))
    return [dimension_of(question, name) for question in questions for name in DIMENSIONS]


def _rescore(recounts: Recounts, windows: Sequence[Window], progress: Progress, now: datetime) -> int:
    """Compute and store every dimension of these windows; returns the number of scores."""
    stored = 0
    for dimension in _dimensions(progress):
        sums = _sums(recounts, dimension, {*windows, *(window.before for window in windows)})
        if not progress.unconfirmed:
            sums = {window: _confirmed(tallies) for window, tallies in sums.items()}
        scores = {
            window.name: scores_of(dimension, window.name, sums[window], sums[window.before], now) for window in windows
        }
        recounts.replace_scores(dimension, scores)
        stored += sum(map(len, scores.values()))
    return stored


def _confirmed(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """Return the tallies without unconfirmed answers, and without values that have nothing else."""
    kept = {value: tally.confirmed for value, tally in tallies.items()}
    return {value: tally for value, tally in kept.items() if tally != Tally()}


def _sums(recounts: Recounts, dimension: str, windows: set[Window]) -> dict[Window, dict[str, Tally]]:
    """Add up the tally of each value over each window, from one range of stored days."""
    sums: dict[Window, dict[str, Tally]] = {window: {} for window in windows}
    first, last = min(window.first for window in windows), max(window.last for window in windows)
    for day, tallies in recounts.tallies(dimension, first, last):
        for window in windows:
            if day in window:
                for value, tally in tallies.items():
                    sums[window][value] = sums[window].get(value, Tally()) + tally
    return sums
