"""The archive in memory, over the invitations of MemoryTable."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterbill.insight.archive.rows import archived
from afterbill.insight.ports import ArchiveState, ChangeMark, Page
from afterbill.model.errors import UnreadableError
from afterbill.model.history import MonthTally
from afterbill.model.invitation import Invitation, StoredInvitation
from afterbill_cli.memory.history import MemoryHistory
from afterbill_cli.memory.items import stored_among

_HOUR = timedelta(hours=1)


@dataclass
class MemoryArchive:
    """ArchiveMarks and Archived over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: Mapping[str, Invitation] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    marked: dict[tuple[datetime, date], ChangeMark] = field(default_factory=dict)
    state: ArchiveState | UnreadableError = field(default_factory=ArchiveState)
    lease: tuple[str, datetime] | None = None
    months: MemoryHistory = field(default_factory=MemoryHistory)

    def mark_changed(self, period: datetime, days: Collection[date], urgent: Collection[date]) -> None:
        """Set the marks."""
        for day in days:
            there = self.marked.get((period, day))
            self.marked[period, day] = ChangeMark(period, day, day in urgent or (there is not None and there.urgent))

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """False while somebody else holds it."""
        free = self.lease is None or self.lease[1] <= now or self.lease == (owner, until)
        self.lease = (owner, until) if free else self.lease
        return free

    def release_lease(self, owner: str) -> None:
        """End the lease of this owner."""
        self.lease = None if self.lease and self.lease[0] == owner else self.lease

    def changed(self, before: datetime) -> Page[ChangeMark]:
        """The marks of earlier periods."""
        return Page([self.marked[place] for place in sorted(self.marked) if place[0] < before])

    def drop(self, marks: Collection[ChangeMark], left: Collection[ChangeMark]) -> None:  # noqa: ARG002  # here each is one
        """Remove them."""
        for mark in marks:
            self.marked.pop((mark.period, mark.day), None)

    def fact_ids(self, hours: Sequence[datetime]) -> Sequence[str]:
        """Ids by the hours of their facts."""
        wanted, facts = set(hours), filter(archived, self.invitations.values())
        return [one.id for one in facts if _hour(one.occurred_at) in wanted]

    def facts(self, ids: Sequence[str], *, consistent: bool) -> Iterator[StoredInvitation]:  # noqa: ARG002  # always is
        """Those that are there."""
        return iter(stored_among(self.invitations, self.unreadable, ids).values())

    def imported_months(self, month: date) -> Sequence[MonthTally]:
        """Those of the month."""
        return self.months.of_month(month)

    def archive_state(self) -> ArchiveState:
        """The state as the last run stored it."""
        if isinstance(self.state, UnreadableError):
            raise self.state
        return self.state

    def store_archive_state(self, state: ArchiveState) -> None:
        """Store the state."""
        self.state = state


@dataclass
class MemoryFiles:
    """ArchiveFiles over a dictionary."""

    files: dict[str, bytes] = field(default_factory=dict)

    def get(self, name: str) -> bytes | None:
        """The file."""
        return self.files.get(name)

    def put(self, name: str, body: bytes) -> None:
        """Store the file."""
        self.files[name] = body

    def delete(self, names: Collection[str]) -> None:
        """Delete the files."""
        for name in names:
            self.files.pop(name, None)

    def names(self, prefix: str) -> Sequence[str]:
        """The names in order."""
        return sorted(name for name in self.files if name.startswith(prefix))


class JsonRows:
    """RowFiles as JSON."""

    def written(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
        """A list of objects."""
        listed = [{name: row[name] for name in columns} for row in sorted(rows, key=lambda row: str(row["id"]))]
        return json.dumps(listed, default=str, sort_keys=True).encode()

    def read(self, body: bytes, columns: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Inverse of `written`."""
        try:
            rows: list[dict[str, Any]] = json.loads(body)
        except ValueError as error:
            raise UnreadableError("damaged: ValueError") from error
        return [{name: _value(row.get(name), kind) for name, kind in columns.items()} for row in rows]


@dataclass
class MemoryReportQueue:
    """ReportQueue over a list."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, message: Mapping[str, Any]) -> None:
        """Keep the message."""
        self.messages.append(message)


def _value(value: Any, kind: str) -> Any:  # noqa: ANN401  # of any column
    if value is None or kind not in {"DATE", "TIMESTAMP"}:
        return value
    return date.fromisoformat(value) if kind == "DATE" else datetime.fromisoformat(value)


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
