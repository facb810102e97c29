"""Rewrite the days of the archive whose facts changed; safe to kill anywhere and to repeat.

A day is always rewritten as a whole, from the table as it stands or, once the table may have forgotten a part of it,
from its own file. Marks go last: what was killed before is done again, and comes to the same files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial

from afterbill.insight.archive.rows import Row, archived, comment_of, hours_of, row_of, without_person
from afterbill.insight.archive.rows import day_of as lies_under
from afterbill.insight.compute_nps import recountable
from afterbill.insight.ports import Archived, ArchiveFiles, ArchiveState, ChangeMark, ReportQueue, RowFiles
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.retention import Retention
from afterbill_reports.archive.columns import COMMENTS, FACTS, day_of, place
from afterbill_reports.archive.months import is_of_month, rows_of_month

LEASE = timedelta(minutes=15)
"""As long as the function lives: the owner of an expired lease is dead and cannot write older files."""

MOST_FACTS = 5_000
"""Facts that a run reads again between two nights; days that do not fit wait for the night."""

NIGHT = time(1)
"""The local time of the first nightly run: what ended at midnight has its marks by then."""


@dataclass(frozen=True, slots=True)
class ArchiveDeps:
    """The places that a run reads and writes, what the operator set, and the length of a period of marks."""

    table: Archived
    files: ArchiveFiles
    rows: RowFiles
    queue: ReportQueue
    zone: tzinfo
    brand: str
    periods: Retention
    every: timedelta


@dataclass(slots=True)
class ArchiveRun:
    """One run: days rewritten, facts in them, files whose time was over, days left for a later run.

    `nightly`: it was the run of a night, and finished. `busy`: another run was under way, and this one did nothing.
    `unreadable` says which items were passed over, and why; `errors` are what kept whole days from being rewritten.
    """

    days: int = 0
    facts: int = 0
    ended: int = 0
    waiting: int = 0
    nightly: bool = False
    busy: bool = False
    unreadable: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


def archive(deps: ArchiveDeps, now: datetime, owner: str, goes_on: Callable[[], bool]) -> ArchiveRun:
    """Do one run under a lease; `owner` is unique to the run, `goes_on` turns False when its time is over."""
    if not deps.table.take_lease(owner, now, now + LEASE):
        return ArchiveRun(busy=True)
    try:
        return _Archiving(deps, now, goes_on).run()
    finally:
        deps.table.release_lease(owner)


class _Archiving:
    """A run while it lasts."""

    def __init__(self, deps: ArchiveDeps, now: datetime, goes_on: Callable[[], bool]) -> None:
        self.deps, self.now, self.goes_on, self.done = deps, now, goes_on, ArchiveRun()
        self.state = self._state()
        local = now.astimezone(deps.zone)
        self.today, periods = local.date(), deps.periods
        # A longer period brings back nothing that a shorter one has ended.
        self.frozen = max(self.today - recountable(periods.responses), self.state.frozen or date.min)
        self.first = self.today - periods.archive
        self.first_comments = max(self.today - periods.comments, self.frozen)
        self.nightly = local.time() >= NIGHT and (self.state.nightly or date.min) < self.today
        self.failed: set[date] = set()

    def run(self) -> ArchiveRun:
        done = self.done
        marks = self._marks()
        kept = {mark.day for mark in marks} - self._rewritten(marks)
        done.waiting = len(kept - self.failed)
        ended = not self.nightly or self._end_of_periods()
        done.nightly = self.nightly and ended and not done.waiting
        if done.days or done.ended or done.nightly:
            self.deps.queue.send({"kind": "stored", "nightly": done.nightly})
        left = [mark for mark in marks if mark.day in kept]
        self.deps.table.drop([mark for mark in marks if mark.day not in kept], left)
        self._store(ended=ended)
        return done

    def _state(self) -> ArchiveState:
        try:
            return self.deps.table.archive_state()
        except UnreadableError as error:
            self.done.unreadable.append(str(error))
            return ArchiveState()

    def _store(self, *, ended: bool) -> None:
        state = replace(self.state, frozen=self.frozen)
        if self.done.nightly:
            state = replace(state, nightly=self.today)
        if self.nightly and ended:
            state = replace(state, emptied=min([self.frozen, *self.failed]))
        if state != self.state:
            self.deps.table.store_archive_state(state)

    def _marks(self) -> list[ChangeMark]:
        """Return the marks of periods that ended a minute ago or more, by which time they are all set."""
        before = (self.now - self.deps.every).replace(second=0, microsecond=0)
        page = self.deps.table.changed(before)
        self.done.unreadable += page.unreadable
        return list(page.items)

    # Days that changed

    def _rewritten(self, marks: Iterable[ChangeMark]) -> set[date]:
        """Rewrite the marked days in their turn; return those that are done."""
        rewritten: set[date] = set()
        for day, urgent in self._in_turn(marks):
            if not self.goes_on():
                break
            if self._tried(day, partial(self._rewrite, day, urgent=urgent)):
                rewritten.add(day)
        return rewritten

    def _in_turn(self, marks: Iterable[ChangeMark]) -> list[tuple[date, bool]]:
        """Return each day once: of removed people first; at night what waits longest, else the newest."""
        of_day = defaultdict[date, list[ChangeMark]](list)
        for mark in marks:
            of_day[mark.day].append(mark)
        days = sorted(of_day, reverse=True)
        if self.nightly:
            days.sort(key=lambda day: min(mark.period for mark in of_day[day]))
        urgent = {day: any(mark.urgent for mark in of_day[day]) for day in days}
        return [(day, urgent[day]) for day in sorted(days, key=lambda day: not urgent[day])]

    def _tried(self, day: date, work: Callable[[], bool]) -> bool:
        """Return whether the work on a day is done; one that fails does not hold up the others."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # raised by the function, after the other days
            self.done.errors.append(error)
            self.failed.add(day)
            return False

    def _rewrite(self, day: date, *, urgent: bool) -> bool:
        """Rewrite a day; False where it holds more than may be read before the night."""
        if day < self.frozen:
            return self._rewrite_frozen(day)
        ids = self.deps.table.fact_ids(hours_of(day, self.deps.zone))
        if not self.nightly and not urgent and self.done.facts + len(ids) > MOST_FACTS:
            return False
        facts, comments = self._rows(day, ids, consistent=urgent)
        facts += self._months(day)
        self._put("facts", day, facts if day >= self.first else (), FACTS)
        self._put("comments", day, comments if day >= self.first_comments else (), COMMENTS)
        self.done.days += 1
        self.done.facts += len(ids)
        return True

    def _rows(self, day: date, ids: Iterable[str], *, consistent: bool) -> tuple[list[Row], list[Row]]:
        """Read the rows: a change is a minute old, and only that of a removed person must not be missed for certain."""
        opened = self._opened(day)
        facts, comments = list[Row](), list[Row]()
        for one in self.deps.table.facts(list(ids), consistent=consistent):
            try:
                row = self._row(one, day)
            except (UnreadableError, ValueError) as error:
                self.done.unreadable.append(_told(one, error))
                continue
            if row is None or isinstance(one, UnreadableError):
                continue
            facts.append(row if row["opened_at"] else {**row, "opened_at": opened.get(one.id)})
            if comment := comment_of(one):
                comments.append(comment)
        return facts, comments

    def _months(self, day: date) -> list[Row]:
        """Return rows for the imported answers of the month that begins on this day."""
        tallies = self.deps.table.imported_months(day) if day.day == 1 else ()
        return [row for tally in tallies for row in rows_of_month(tally, self.deps.brand)]

    def _row(self, one: Invitation | UnreadableError, day: date) -> Row | None:
        """Return the row of an invitation, None where it lies under another day or is no fact."""
        if isinstance(one, UnreadableError):
            raise one
        zone = self.deps.zone
        return row_of(one, zone, self.deps.brand) if archived(one) and lies_under(one, zone) == day else None

    def _opened(self, day: date) -> Mapping[str, datetime]:
        """Return when surveys were opened of whose visits the table may have forgotten some: the file knows."""
        if day >= self.today - self.deps.periods.visits:
            return {}
        try:
            rows = self._stored(day)
        except UnreadableError as error:
            # The file is about to be replaced.
            self.done.unreadable.append(str(error))
            return {}
        return {row["id"]: row["opened_at"] for row in rows if row["opened_at"]}

    def _stored(self, day: date) -> list[Row]:
        name = place("facts", day)
        body = self.deps.files.get(name)
        if body is None:
            return []
        try:
            return list(self.deps.rows.read(body, FACTS))
        except UnreadableError as error:
            raise UnreadableError(f"{name}: {error}") from error

    def _rewrite_frozen(self, day: date) -> bool:
        """Rewrite a day that the table may have forgotten from its own file, in which nobody is told from others."""
        rows = [without_person(row) for row in self._stored(day) if not is_of_month(row)] + self._months(day)
        self._put("facts", day, rows if day >= self.first else (), FACTS)
        self._put("comments", day, (), COMMENTS)
        self.done.days += 1
        return True

    def _put(self, dataset: str, day: date, rows: Iterable[Row], columns: Mapping[str, str]) -> None:
        """Store the file of a day, or delete it where there are no rows."""
        name, listed = place(dataset, day), list(rows)
        if listed:
            self.deps.files.put(name, self.deps.rows.written(listed, columns))
        else:
            self.deps.files.delete([name])

    # Days whose time is over

    def _end_of_periods(self) -> bool:
        """Delete files by the day in their names, and empty those that froze; False where the time is over."""
        self._delete("comments", self.first_comments)
        first = self.state.emptied or date.min
        for day in self._delete("facts", self.first):
            if first <= day < self.frozen and day not in self.failed:
                if not self.goes_on():
                    return False
                self._tried(day, partial(self._rewrite_frozen, day))
        return True

    def _delete(self, dataset: str, first: date) -> list[date]:
        """Delete the files of days before this one; return the days of the others."""
        days: list[date] = []
        for name in self.deps.files.names(f"{dataset}/"):
            try:
                days.append(day_of(name))
            except (ValueError, IndexError):
                self.done.unreadable.append(f"{name}: no day of the archive")
        over = [day for day in days if day < first]
        if over:
            self.deps.files.delete([place(dataset, day) for day in over])
        self.done.ended += len(over)
        return [day for day in days if day >= first]


def _told(one: Invitation | UnreadableError, error: Exception) -> str:
    return str(one) if isinstance(one, UnreadableError) else f"INVITATION#{one.id}: {type(error).__name__}"
