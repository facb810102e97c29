"""A stack with an archive in memory, whose stream marks what a test changes."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.insight.archive.marks import FactDays, Marking, mark_facts
from afterbill.insight.archive.rows import day_of
from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.retention import Retention
from afterbill_cli.memory.archive import JsonRows, MemoryArchive, MemoryFiles, MemoryReportQueue
from afterbill_reports.archive.columns import FACTS, place
from afterbill_reports.archive.run import ArchiveDeps, ArchiveRun, archive
from tests.factories import invitation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
BRAND = "Acme"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()


@dataclass
class ArchiveWorld:
    """The clock stands where a test puts it; `wraps` may put something between the run and its ports."""

    now: datetime = NOON
    zone: ZoneInfo = BERLIN
    periods: Retention = field(default_factory=Retention)
    table: MemoryArchive = field(default_factory=MemoryArchive)
    files: Any = field(default_factory=MemoryFiles)
    queue: MemoryReportQueue = field(default_factory=MemoryReportQueue)
    rows: Any = field(default_factory=JsonRows)

    def __post_init__(self) -> None:
        self.marking = Marking(self.table, HOUR)
        self.stored: dict[str, Invitation] = {}
        self.table.invitations = self.stored

    def put(self, one: Invitation) -> Invitation:
        """Store a fact, new or changed, and mark its day."""
        self.stored[one.id] = one
        self._mark(one)
        return one

    def fact(self, number: int = 1, ago: timedelta = 0 * DAY, **changes: Any) -> Invitation:
        """A fact so long ago, at noon."""
        at = NOON - ago
        return self.put(invitation(id=f"{number:032x}", occurred_at=at, created_at=at, due_at=at, **changes))

    def answer(self, one: Invitation, rating: int, comment: str = "") -> Invitation:
        """It is answered now."""
        day = self.now.astimezone(self.zone).date().isoformat()
        answered = {"answered_at": one.answered_at or self.now, "answered_day": one.answered_day or day}
        return self.put(replace(one, state=State.SENT, answer=Answer(rating, comment), **answered))

    def erase(self, one: Invitation) -> None:
        """Its customer is removed: a tombstone takes its place, and a row where it counts."""
        self._mark(one, urgent=True)
        self.stored[one.id] = tombstone(one)
        if one.answer:
            self.put(anonymous(one, f"{int(one.id, 16) + 1000:032x}"))

    def end(self, one: Invitation) -> None:
        """It comes to its end by its TTL."""
        del self.stored[one.id]

    def _mark(self, one: Invitation, *, urgent: bool = False) -> None:
        days = FactDays(frozenset({day_of(one, self.zone)}), urgent)
        mark_facts({"1": one}, lambda _: days, self.marking, self.now)

    def deps(self, **ports: Any) -> ArchiveDeps:
        """The dependencies of a run, with others in their place."""
        own = {"table": self.table, "files": self.files, "rows": self.rows, "queue": self.queue}
        return ArchiveDeps(**own | ports, zone=self.zone, brand=BRAND, periods=self.periods, every=HOUR)

    def run(self, goes_on: Any = lambda: True, **ports: Any) -> ArchiveRun:
        """One run now."""
        return archive(self.deps(**ports), self.now, "run", goes_on)

    def later(self, span: timedelta = HOUR, **ports: Any) -> ArchiveRun:
        """One run when so much time has passed: an hour and a minute ends every period."""
        self.now += span
        return self.run(**ports)

    def night(self) -> ArchiveRun:
        """The run of the next night."""
        local = self.now.astimezone(self.zone) + DAY
        self.now = local.replace(hour=1, minute=30).astimezone(UTC)
        return self.run()

    def rows_of(self, day: date = TODAY, dataset: str = "facts") -> list[dict[str, Any]] | None:
        """The rows in the file of a day, as texts; None without a file."""
        body = self.files.files.get(place(dataset, day))
        return None if body is None else json.loads(body)

    def stored_at(self, day: date, *rows: dict[str, Any]) -> None:
        """Put a file of an earlier run where it was."""
        full = [dict.fromkeys(FACTS) | row for row in rows]
        self.files.put(place("facts", day), self.rows.written(full, FACTS))


def past(state_of: ArchiveWorld) -> ArchiveWorld:
    """A world whose last night is behind it, so that runs are hourly ones."""
    state_of.run()
    state_of.queue.messages.clear()
    return state_of
