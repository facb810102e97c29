"""The retention pass: look at every stored item in turn, and end what is kept for longer than configured.

DynamoDB deletes whole items by their TTL. What is left to the pass: words and visits end before the answer that they
belong to, names end with their customer, and a changed period moves the TTL of what is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zlib import crc32

from afterbill.model.errors import UnreadableError
from afterbill.model.retention import Retention
from afterbill.privacy.holdings import GRACE, NAMING, Holding, HoldingsPage, Kind, Stock, as_configured, settled, stock
from afterbill.privacy.ports import RetentionPasses

EVERY = timedelta(days=7)
"""The time between the beginnings of two passes."""

TURNS = 13
"""Each pass looks up the customers of every thirteenth name and survey: reading them costs more than all else."""

MOST_TOLD = 20
"""Items that cannot be read and that a run names; it counts all."""

_STORED_AFTER = 20
"""A run stores its place once in so many pages, so that one that is killed has not worked for nothing."""


@dataclass(frozen=True, slots=True)
class RetentionProgress:
    """How far a pass by these periods has come: it goes on behind `place`, and is over where there is none.

    `held` is what it found so far, `turn` says which of the names it looks up. `finished_at` and `overdue` are of the
    last pass that came to its end.
    """

    begun_at: datetime
    periods: Retention
    place: tuple[str, str] | None = None
    over: bool = False
    turn: int = 0
    held: Mapping[Kind, Stock] = field(default_factory=dict)
    finished_at: datetime | None = None
    overdue: int = 0


@dataclass(slots=True)
class Applied:
    """One run: how much it changed by kind, and how much is overdue; whether the pass came to its end."""

    changed: dict[Kind, int] = field(default_factory=dict)
    overdue: int = 0
    finished: bool = True
    unreadable: list[str] = field(default_factory=list)
    passed_over: int = 0

    def pass_over(self, error: UnreadableError) -> None:
        """Count an item, and tell of it while there are few."""
        self.passed_over += 1
        if len(self.unreadable) < MOST_TOLD:
            self.unreadable.append(str(error))


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk over the table as of a moment, which notes in `applied` what it did; `change` off: it only looks.

    Names are looked up whose turn it is; all of them where no `turn` is given.
    """

    passes: RetentionPasses
    periods: Retention
    now: datetime
    applied: Applied = field(default_factory=Applied)
    change: bool = True
    turn: int | None = None

    def pages(
        self, after: tuple[str, str] | None = None
    ) -> Iterator[tuple[Mapping[Kind, Stock], tuple[str, str] | None]]:
        """Yield what each page holds from a place on, with its end."""
        while True:
            page = self.passes.holdings(after)
            yield self._looked_at(page), page.end
            after = page.end
            if after is None:
                return

    def _looked_at(self, page: HoldingsPage) -> Mapping[Kind, Stock]:
        found: list[Holding] = []
        for one in page.holdings:
            if isinstance(one, UnreadableError):
                self.applied.pass_over(one)
            else:
                found.append(one)
        restricted = self.passes.restricted(self._whose(found))
        total: dict[Kind, Stock] = {}
        for holding in found:
            for kind, part in self._settled(holding, restricted).items():
                total[kind] = total.get(kind, Stock()) + part
        return total

    def _settled(self, holding: Holding, restricted: Mapping[str, bool]) -> Mapping[Kind, Stock]:
        """Return what is held in an item after it was changed, where it had to be."""
        kept = holding.restricted or restricted.get(holding.customer_id, False)
        left = self._as_it_should_be(holding, restricted)
        if left == holding:
            return stock(holding, self.periods, self.now, kept=kept)
        if not self.change or not self.passes.settle(holding, left):
            return stock(holding, self.periods, self.now, due=True, kept=kept)
        self.applied.changed[holding.kind] = self.applied.changed.get(holding.kind, 0) + 1
        return stock(left, self.periods, self.now, kept=kept) if left else {}

    def _as_it_should_be(self, holding: Holding, restricted: Mapping[str, bool]) -> Holding | None:
        """Return what settles it; until it is its turn, whoever it leads to is taken to be there."""
        there = restricted if self._has_its_turn(holding) else {holding.customer_id: False, **restricted}
        return settled(holding, self.periods, there, self.now)

    def _has_its_turn(self, holding: Holding) -> bool:
        """Return whether it is looked up whether its customer is there: of phones, which are few, always."""
        if holding.is_outlived(self.periods, self.now):
            return False
        return self.turn is None or holding.kind is Kind.PHONES or _turn_of(holding) == self.turn % TURNS

    def _whose(self, found: Sequence[Holding]) -> frozenset[str]:
        """Return the ids of the customers that have to be known: of names, and of what would be changed or ends."""
        return frozenset({one.customer_id for one in found if self._is_asked_about(one)} - {""})

    def _is_asked_about(self, holding: Holding) -> bool:
        if holding.leads_to_somebody and self._has_its_turn(holding):
            return True
        changes = as_configured(holding, self.periods, self.now) != holding
        return holding.kind not in NAMING and (changes or holding.ends_soon(self.now))


def _turn_of(holding: Holding) -> int:
    return crc32("".join(holding.place).encode()) % TURNS


def apply_retention(
    walk: Walk,
    goes_on: Callable[[], bool] = lambda: True,
    pause: Callable[[], object] = lambda: None,
    *,
    begin: bool = False,
) -> Applied:
    """Begin a pass, or go on with the one under way, as long as `goes_on` says so; `pause` is called after each page.

    A pass begins every EVERY, at once after a change of the periods, and where `begin` says so.
    """
    progress = _begun(walk, begin=begin)
    if not progress.over:
        progress = _pass(walk, progress, goes_on, pause)
    applied = walk.applied
    applied.finished = progress.over
    late = progress.finished_at is not None and walk.now - progress.finished_at > GRACE
    applied.overdue = progress.overdue + int(late)
    return applied


def _begun(walk: Walk, *, begin: bool) -> RetentionProgress:
    """Return the pass to go on with, the one that is over, or a new one."""
    try:
        stored = walk.passes.retention_progress()
    except UnreadableError as error:
        walk.applied.pass_over(error)
        stored = None
    if stored is None:
        return RetentionProgress(walk.now, walk.periods)
    again = stored.over and (begin or walk.now - stored.begun_at >= EVERY)
    if again or stored.periods != walk.periods:
        turn = stored.turn + 1
        return replace(stored, begun_at=walk.now, periods=walk.periods, place=None, over=False, turn=turn, held={})
    return stored


def _pass(
    walk: Walk, progress: RetentionProgress, goes_on: Callable[[], bool], pause: Callable[[], object]
) -> RetentionProgress:
    for number, (found, end) in enumerate(replace(walk, turn=progress.turn).pages(progress.place), start=1):
        progress = _with_page(progress, found, end, walk.now)
        stops = not progress.over and not goes_on()
        if stops or progress.over or number % _STORED_AFTER == 0:
            walk.passes.store_retention_progress(progress)
        if stops:
            break
        pause()
    return progress


def _with_page(
    progress: RetentionProgress, found: Mapping[Kind, Stock], end: tuple[str, str] | None, now: datetime
) -> RetentionProgress:
    kinds = {*progress.held, *found}
    total = {kind: progress.held.get(kind, Stock()) + found.get(kind, Stock()) for kind in kinds}
    if end:
        return replace(progress, place=end, held=total)
    overdue = sum(one.overdue for one in total.values())
    return replace(progress, place=None, over=True, held=total, finished_at=now, overdue=overdue)
