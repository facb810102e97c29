"""Compute the scores of windows from tallies, one dimension after another, each stored with how far it has come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, month_after, windows_to_compute
from afterbill.insight.ports import Progress, Recounts, Rescoring
from afterbill.insight.recount import stored_dimensions
from afterbill.insight.tally import scores_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """The scores that are wanted: of which local day, and with unconfirmed answers or without.

    After a change of that, all months from `first` on are computed anew.
    """

    day: date
    unconfirmed: bool
    first: date

    def due(self, progress: Progress) -> bool:
        """Return whether scores are older than their tallies, of another day, or made of other answers."""
        stands = (progress.day, progress.unconfirmed) == (self.day, self.unconfirmed)
        return not stands or bool(progress.months or progress.rescoring)

    def begun(self, progress: Progress) -> tuple[Progress, Rescoring]:
        """Return the progress with the rescoring that is under way, if it still means this, or else with a new one."""
        known = progress.rescoring
        if known and (known.day, known.unconfirmed) == (self.day, self.unconfirmed):
            return progress, known
        months = progress.months | (known.months if known else frozenset())
        if progress.day and progress.unconfirmed is not self.unconfirmed:
            months |= frozenset(_months(self.first, self.day))
        new = Rescoring(self.day, self.unconfirmed, months)
        return replace(progress, months=frozenset(), rescoring=new), new


def _months(first: date, last: date) -> Iterator[date]:
    """Yield the first day of every month."""
    first = first.replace(day=1)
    while first <= last:
        yield first
        first = month_after(first)


def rescore(
    recounts: Recounts, progress: Progress, wanted: Wanted, now: datetime, goes_on: Callable[[], bool]
) -> tuple[Progress, int]:
    """Go on with the rescoring under way, or begin one; returns how far it came, as stored, and the number of scores.

    Every dimension is stored with how far it has come.
    """
    progress, scoring = wanted.begun(progress)
    stored = 0
    windows = windows_to_compute(scoring.day, scoring.months)
    recounts.store_progress(progress)
    for dimension in stored_dimensions(progress):
        if dimension not in scoring.done:
            if not goes_on():
                return progress, stored
            stored += _rescore(recounts, dimension, windows, now, unconfirmed=scoring.unconfirmed)
            scoring = replace(scoring, done=scoring.done | {dimension})
            progress = replace(progress, rescoring=scoring)
            recounts.store_progress(progress)
    progress = replace(progress, day=scoring.day, unconfirmed=scoring.unconfirmed, rescoring=None)
    recounts.store_progress(progress)
    return progress, stored


def _rescore(recounts: Recounts, dimension: str, windows: Sequence[Window], now: datetime, *, unconfirmed: bool) -> int:
    """Compute and store one dimension of these windows; returns the number of scores."""
    sums = _sums(recounts, dimension, {*windows, *(window.before for window in windows)})
    if not unconfirmed:
        sums = {window: _confirmed(tallies) for window, tallies in sums.items()}
    scores = {
        window.name: scores_of(dimension, window.name, sums[window], sums[window.before], now) for window in windows
    }
    recounts.replace_scores(dimension, scores)
    return sum(map(len, scores.values()))


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
