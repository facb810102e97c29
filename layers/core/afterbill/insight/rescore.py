"""Compute the scores of windows from tallies, one dimension after another, each stored with how far it has come."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, month_after, windows_to_compute
from afterbill.insight.ports import Progress, Rescoring
from afterbill.insight.recount import Recounting, stored_dimensions
from afterbill.insight.tally import OTHER_QUESTIONS, scores_of
from afterbill.model.errors import UnreadableError


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

    def anew(self) -> Progress:
        """Return the progress where nothing is known of it: scores of all questions and months are to be computed."""
        return Progress(questions=OTHER_QUESTIONS, months=frozenset(_months(self.first, self.day)))

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


def rescore(run: Recounting, wanted: Wanted) -> int:
    """Go on with the rescoring under way, or begin one, as far as there is time; returns the number of scores.

    Every dimension is stored with how far it has come.
    """
    run.progress, scoring = wanted.begun(run.progress)
    stored = 0
    windows = windows_to_compute(scoring.day, scoring.months)
    run.recounts.store_progress(run.progress)
    for dimension in stored_dimensions(run.progress):
        if dimension not in scoring.done:
            if not run.goes_on():
                return stored
            stored += _rescore(run, dimension, windows, unconfirmed=scoring.unconfirmed)
            scoring = replace(scoring, done=scoring.done | {dimension})
            run.progress = replace(run.progress, rescoring=scoring)
            run.recounts.store_progress(run.progress)
    run.progress = replace(run.progress, day=scoring.day, unconfirmed=scoring.unconfirmed, rescoring=None)
    run.recounts.store_progress(run.progress)
    return stored


def _rescore(run: Recounting, dimension: str, windows: Sequence[Window], *, unconfirmed: bool) -> int:
    """Compute and store one dimension of these windows; returns the number of scores."""
    sums = _sums(run, dimension, {*windows, *(window.before for window in windows)})
    if not unconfirmed:
        sums = {window: _confirmed(tallies) for window, tallies in sums.items()}
    scores = {
        window.name: scores_of(dimension, window.name, sums[window], sums[window.before], run.now) for window in windows
    }
    run.recounts.replace_scores(dimension, scores)
    return sum(map(len, scores.values()))


def _confirmed(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """Return the tallies without unconfirmed answers, and without values that have nothing else."""
    kept = {value: tally.confirmed for value, tally in tallies.items()}
    return {value: tally for value, tally in kept.items() if tally != Tally()}


def _sums(run: Recounting, dimension: str, windows: set[Window]) -> dict[Window, dict[str, Tally]]:
    """Add up the tally of each value over each window, from one range of stored days.

    A day that cannot be read is left out and counted again, which writes its tallies anew; a frozen one stays as it is.
    """
    sums: dict[Window, dict[str, Tally]] = {window: {} for window in windows}
    first, last = min(window.first for window in windows), max(window.last for window in windows)
    for day, tallies in run.recounts.tallies(dimension, first, last):
        if isinstance(tallies, UnreadableError):
            run.pass_over(day, tallies)
            continue
        for window in windows:
            if day in window:
                for value, tally in tallies.items():
                    sums[window][value] = sums[window].get(value, Tally()) + tally
    return sums
