"""The retention pass: look at every stored item in turn, and end what is kept for longer than configured.

DynamoDB deletes whole items by their TTL. What is left to the pass: words and visits end before the answer that they
belong to, names end with their customer, and a changed period moves the TTL of what is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32

from afterbill.model.customer import MARGIN
from afterbill.model.errors import UnreadableError
from afterbill.model.retention import Retention
from afterbill.model.visits import CondensedVisits, Visit
from afterbill.privacy.ports import RetentionPasses

EVERY = timedelta(days=7)
"""The time between the beginnings of two passes."""

GRACE = timedelta(days=9)
"""What is still there so long after its end is overdue: a pass comes within EVERY, and DynamoDB takes two days."""

TURNS = 13
"""Each pass looks up the customers of every thirteenth name: reading them costs more than all else of a pass."""

MOST_TOLD = 20
"""Items that cannot be read and that a run names; it counts all."""

_TOLERANCE = timedelta(days=1)
"""Ends are not moved by less: moments of anonymous rows are those of their day."""

_STORED_AFTER = 20
"""A run stores its place once in so many pages, so that one that is killed has not worked for nothing."""


class Kind(StrEnum):
    """The kinds of data that are told apart; comments and visits lie in responses."""

    RESPONSES = "responses"
    COMMENTS = "comments"
    VISITS = "visits"
    CUSTOMERS = "customers"
    NAMES = "names"
    PHONES = "phones"
    ADDRESSES = "addresses"
    OBJECTIONS = "objections"
    EVENTS = "events"
    PAYMENTS = "payments"
    SHORT_LINKS = "short_links"
    TASKS = "tasks"
    COPIES = "copies"


PERIODS: Mapping[Kind, str] = {
    Kind.RESPONSES: "responses",
    Kind.COMMENTS: "comments",
    Kind.VISITS: "visits",
    Kind.CUSTOMERS: "customers",
    Kind.NAMES: "customers",
    Kind.PHONES: "responses",
    Kind.ADDRESSES: "responses",
    Kind.EVENTS: "responses",
    Kind.PAYMENTS: "responses",
}
"""The keys of [retention] by which kinds end; every other one has an end of its own, or none."""


_NAMING = frozenset({Kind.NAMES, Kind.PHONES})
"""What leads to a customer, and ends with them."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One stored item, as far as retention is concerned.

    `place` is its key, `since` when it began. `expires_at` is its TTL, which follows from `kept_from` and the period of
    its kind; that is None where the TTL has another reason. An invitation that nobody answered yet may expire sooner
    than its answer will: then `answered_until` is the TTL that an answer gives it. A customer is kept from a sign of
    life on, and used for nothing while `restricted`.
    """

    place: tuple[str, str]
    kind: Kind
    since: datetime | None = None
    expires_at: datetime | None = None
    kept_from: datetime | None = None
    answered_until: datetime | None = None
    restricted: bool = False
    customer_id: str = ""
    comment: str = ""
    answered_at: datetime | None = None
    closes_at: datetime | None = None
    visits: tuple[Visit, ...] = ()
    condensed: tuple[CondensedVisits, ...] = ()
    label: str = ""

    @property
    def parts(self) -> Iterator[Kind]:
        """The kinds of data in it."""
        yield self.kind
        if self.comment:
            yield Kind.COMMENTS
        if self.visits or self.condensed or self.label:
            yield Kind.VISITS


@dataclass(frozen=True, slots=True)
class HoldingsPage:
    """One page of the table, and the place behind which the next one begins; None at the end."""

    holdings: Sequence[Holding | UnreadableError]
    end: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one kind: how many, since when and until when, how many of them have to be changed or are late.

    `until` is the latest end that is known.
    """

    number: int = 0
    since: datetime | None = None
    until: datetime | None = None
    due: int = 0
    overdue: int = 0

    def __add__(self, other: "Held") -> "Held":
        """Return both as one."""
        since = min(filter(None, (self.since, other.since)), default=None)
        until = max(filter(None, (self.until, other.until)), default=None)
        number, due = self.number + other.number, self.due + other.due
        return Held(number, since, until, due, self.overdue + other.overdue)


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
    held: Mapping[Kind, Held] = field(default_factory=dict)
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


def settled(holding: Holding, periods: Retention, restricted: Mapping[str, bool], now: datetime) -> Holding | None:
    """Return the holding as it should be; None for one that leads to a customer who is gone.

    `restricted` says of the customers that exist whether their data is kept and used for nothing: then it is kept.
    """
    if holding.kind in _NAMING and holding.customer_id and holding.customer_id not in restricted:
        return None
    if holding.restricted:
        return _kept_on(holding, now)
    if restricted.get(holding.customer_id):
        return holding
    return _scrubbed(_stamped(holding, periods, now), periods, now)


def _kept_on(customer: Holding, now: datetime) -> Holding:
    """Return a restricted customer, as if they had given a sign of life when their end comes near."""
    near = customer.expires_at is not None and customer.expires_at <= now + MARGIN
    return replace(customer, kept_from=now, expires_at=now + 2 * MARGIN) if near else customer


def _stamped(holding: Holding, periods: Retention, now: datetime) -> Holding:
    end = ends(holding, periods)
    if end is None:
        return holding
    if holding.answered_until:
        return replace(holding, answered_until=_moved(holding.answered_until, end, now))
    return replace(holding, expires_at=_moved(holding.expires_at, end, now))


def _moved(stored: datetime | None, end: datetime, now: datetime) -> datetime:
    """Return the TTL to store; what has expired stays so, and nothing expires before now."""
    wanted = max(end, now)
    if stored and (stored <= now or abs(wanted - stored) <= _TOLERANCE):
        return stored
    return wanted


def ends(holding: Holding, periods: Retention) -> datetime | None:
    """Return the end by these periods, None where another reason sets it."""
    if holding.kept_from is None:
        return None
    margin = MARGIN if holding.kind is Kind.CUSTOMERS else timedelta(0)
    return holding.kept_from + _period(holding.kind, periods) + margin


def _period(kind: Kind, periods: Retention) -> timedelta:
    period: timedelta = getattr(periods, PERIODS[kind])
    return period


def _scrubbed(holding: Holding, periods: Retention, now: datetime) -> Holding:
    """Return an invitation without a comment and visits that are too old; what counts stays.

    While it can be answered, nothing of its answer ends.
    """
    if holding.closes_at is None or holding.closes_at >= now:
        return holding
    if holding.comment and holding.answered_at and holding.answered_at + periods.comments <= now:
        holding = replace(holding, comment="")
    oldest = now - periods.visits
    visits = tuple(visit for visit in holding.visits if visit.at > oldest)
    condensed = tuple(one for one in holding.condensed if one.until > oldest)
    # The label is about the newest click among the visits.
    label = holding.label if visits or condensed else ""
    return replace(holding, visits=visits, condensed=condensed, label=label)


def held(holding: Holding, periods: Retention, now: datetime, *, due: bool = False) -> Mapping[Kind, Held]:
    """Return what is held in one item, by kind; `due` says that it has to be changed."""
    return {kind: _held(holding, kind, periods, now, due=due) for kind in holding.parts}


def _held(holding: Holding, kind: Kind, periods: Retention, now: datetime, *, due: bool) -> Held:
    since, end = _span(holding, kind, periods)
    late = end is not None and end + GRACE < now
    return Held(1, since, end, int(due), int(late))


def _span(holding: Holding, kind: Kind, periods: Retention) -> tuple[datetime | None, datetime | None]:
    """Return since when and until when a part is kept: until what is stored or what is configured, the earlier one."""
    if kind is Kind.COMMENTS:
        at = holding.answered_at
        return at, at + periods.comments if at else None
    if kind is Kind.VISITS:
        moments = [visit.at for visit in holding.visits] + [one.until for one in holding.condensed]
        first = min(moments, default=None)
        return first, first + periods.visits if first else None
    by_period = ends(holding, periods)
    stored = holding.answered_until or holding.expires_at
    return holding.since, min(filter(None, (by_period, stored)), default=None)


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
    ) -> Iterator[tuple[Mapping[Kind, Held], tuple[str, str] | None]]:
        """Yield what each page holds from a place on, with its end."""
        while True:
            page = self.passes.holdings(after)
            yield self._looked_at(page), page.end
            after = page.end
            if after is None:
                return

    def _looked_at(self, page: HoldingsPage) -> Mapping[Kind, Held]:
        found: list[Holding] = []
        for one in page.holdings:
            if isinstance(one, UnreadableError):
                self.applied.pass_over(one)
            else:
                found.append(one)
        restricted = self.passes.restricted(self._whose(found))
        total: dict[Kind, Held] = {}
        for holding in found:
            for kind, part in self._settled(holding, restricted).items():
                total[kind] = total.get(kind, Held()) + part
        return total

    def _settled(self, holding: Holding, restricted: Mapping[str, bool]) -> Mapping[Kind, Held]:
        """Return what is held in an item after it was changed, where it had to be."""
        left = holding if self._passed_over(holding) else settled(holding, self.periods, restricted, self.now)
        if left == holding:
            return held(holding, self.periods, self.now)
        if not self.change or not self.passes.settle(holding, left):
            return held(holding, self.periods, self.now, due=True)
        self.applied.changed[holding.kind] = self.applied.changed.get(holding.kind, 0) + 1
        return held(left, self.periods, self.now) if left else {}

    def _passed_over(self, holding: Holding) -> bool:
        """Return whether it is a name, and not its turn."""
        return self.turn is not None and holding.kind is Kind.NAMES and _turn_of(holding) != self.turn % TURNS

    def _whose(self, found: Sequence[Holding]) -> frozenset[str]:
        """Return the ids of the customers that have to be known: of names, and of what would be changed."""
        looked_at = (one for one in found if not self._passed_over(one))
        ids = {one.customer_id for one in looked_at if one.kind in _NAMING or self._changes(one)}
        return frozenset(ids - {""})

    def _changes(self, holding: Holding) -> bool:
        return settled(holding, self.periods, {}, self.now) != holding


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
    progress: RetentionProgress, found: Mapping[Kind, Held], end: tuple[str, str] | None, now: datetime
) -> RetentionProgress:
    kinds = {*progress.held, *found}
    total = {kind: progress.held.get(kind, Held()) + found.get(kind, Held()) for kind in kinds}
    if end:
        return replace(progress, place=end, held=total)
    overdue = sum(one.overdue for one in total.values())
    return replace(progress, place=None, over=True, held=total, finished_at=now, overdue=overdue)
