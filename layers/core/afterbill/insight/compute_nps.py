"""Recount the days that changed, then compute the scores of every window; safe to kill anywhere and to repeat.

A run ends when its time does, and the next goes on where it stood: no run repeats what an earlier one stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from afterbill.insight.ports import Progress, Recounts
from afterbill.insight.recount import Recounting, recount
from afterbill.insight.rescore import Wanted, rescore
from afterbill.model.errors import UnreadableError

LEASE = timedelta(minutes=5)
"""As long as the function lives: the owner of an expired lease is dead and cannot write old counts."""


ENDS_EARLY = timedelta(days=3)
"""Ends are set by the day and not moved by less than one: an invitation may go sooner than its period is over."""


class Outcome(StrEnum):
    """The result of a run."""

    COMPUTED = "computed"
    UNCHANGED = "unchanged"
    BUSY = "busy"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Computed:
    """One run: days counted to their end, answers found in them, marks left for the next run, scores stored.

    UNFINISHED: some scores are older than their tallies. `unreadable` says which items were passed over, and why;
    `errors` are what kept whole days from being counted.
    """

    outcome: Outcome
    days: int = 0
    answers: int = 0
    waiting: int = 0
    scores: int = 0
    unreadable: tuple[str, ...] = ()
    errors: tuple[Exception, ...] = ()


@dataclass(frozen=True, slots=True)
class Counting:
    """How the operator counts.

    Days further back than `recountable` are frozen: some of their invitations may have reached the end of their
    retention, so their tallies stay as they are. Tallies hold unconfirmed answers either way: after a change of
    `unconfirmed`, the scores of all windows that are not frozen are computed anew, without a recount.
    """

    zone: tzinfo
    recountable: timedelta
    unconfirmed: bool = True


def recountable(responses: timedelta) -> timedelta:
    """Return how far back all invitations are certain to be there, where they are kept for this period."""
    return responses - ENDS_EARLY


def compute_nps(
    recounts: Recounts, now: datetime, owner: str, counting: Counting, goes_on: Callable[[], bool]
) -> Computed:
    """Do one run under a lease; `owner` is unique to the run, `goes_on` turns False when its time is over."""
    if not recounts.take_lease(owner, now, now + LEASE):
        return Computed(Outcome.BUSY)
    try:
        return _run(recounts, now, counting, goes_on)
    finally:
        recounts.release_lease(owner)


def _run(recounts: Recounts, now: datetime, counting: Counting, goes_on: Callable[[], bool]) -> Computed:
    today = now.astimezone(counting.zone).date()
    wanted = Wanted(today, counting.unconfirmed, first=today - counting.recountable)
    run = Recounting(recounts, now, goes_on, wanted.first, Progress())
    marks = recounts.marks()
    run.unreadable += marks.unreadable
    try:
        run.progress = recounts.progress()
    except UnreadableError as error:
        run.unreadable.append(str(error))
        run.progress = wanted.anew()
    # A longer period brings back nothing that a shorter one has ended.
    wanted = replace(wanted, first=max(wanted.first, run.progress.frozen or wanted.first))
    run.frozen, run.progress = wanted.first, replace(run.progress, frozen=wanted.first)
    if not marks.items and not wanted.due(run.progress):
        return Computed(Outcome.UNCHANGED, unreadable=tuple(run.unreadable))
    scores = 0
    if run.progress.months or run.progress.rescoring:
        # What an earlier run counted and had no time to score goes first, or else counting could put it off for ever.
        scores = rescore(run, wanted)
    recount(run, marks.items)
    if wanted.due(run.progress) and goes_on():
        scores += rescore(run, wanted)
    return Computed(
        Outcome.UNFINISHED if wanted.due(run.progress) else Outcome.COMPUTED,
        run.days,
        run.answers,
        len(marks.items) - run.cleared,
        scores,
        tuple(dict.fromkeys(run.unreadable)),
        tuple(run.errors),
    )
