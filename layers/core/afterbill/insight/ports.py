"""The ports of insight: protocols of the table, under the same promises as in intake."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from afterbill.insight.reports.asked import Engine
from afterbill.insight.reports.requested import ReportRequest
from afterbill.insight.tally import Answered, Rows, Score, Sent, Tallies
from afterbill.model.errors import UnreadableError
from afterbill.model.history import MonthTally
from afterbill.model.invitation import StoredInvitation


class DirtyDays(Protocol):
    """The marks of days that must be recounted."""

    def mark(self, day: date, now: datetime) -> None:
        """Ask for a recount of the day: raises the version of its mark, or sets the first."""


class ReviewMarks(Protocol):
    """The marks of invitations with clicks that nobody confirmed."""

    def mark_for_review(self, invitation_ids: Collection[str], at: datetime) -> None:
        """Ask for a review of these invitations' clicks: one mark for all of them, which is of the moment `at`."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How far the count of a day has come: the mark it began with, when, and where it goes on.

    First `answers` are read, then mails; `position` is where the next page begins, as the table calls it. `counted` is
    the number of items so far.
    """

    version: int
    marked_at: datetime
    began: datetime
    answers: bool = True
    position: str = ""
    counted: int = 0


@dataclass(frozen=True, slots=True)
class RecountMark:
    """A day to recount; every further change of the day raises `version` and sets `marked_at`.

    Days are counted in the order of `turn`. `under_way` is there while a part of the day has been counted.
    """

    day: date
    version: int
    marked_at: datetime
    turn: datetime = field(compare=False, kw_only=True)
    under_way: UnderWay | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Rescoring:
    """Scores that are being computed anew: for which local day, with or without unconfirmed answers, of which months.

    A month is named by its first day. `done` are the dimensions whose scores are stored.
    """

    day: date
    unconfirmed: bool
    months: frozenset[date]
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far computing has come: the local day of the scores, None before the first, and what they are made of.

    `questions` are those beside the recommendation that were ever counted; `unconfirmed` says whether the scores hold
    unconfirmed answers. `months` (by their first day) have tallies that are newer than their scores. Days before
    `frozen` are not counted again: invitations of theirs may be gone, by the shortest period that ever was configured.
    """

    day: date | None = None
    questions: frozenset[str] = frozenset()
    unconfirmed: bool = True
    months: frozenset[date] = frozenset()
    rescoring: Rescoring | None = None
    frozen: date | None = None


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items in the order of the table; `position` is where the next page begins, empty behind the last.

    `unreadable` tells of those that are left out: their key, and what could not be read.
    """

    items: Sequence[Item]
    position: str = ""
    unreadable: Sequence[str] = ()


class Recounts(DirtyDays, Protocol):
    """The table of compute_nps: one lease, marks of days, invitations to count, tallies and scores."""

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Become the only run `until` then; False while the lease of another owner lasts."""

    def release_lease(self, owner: str) -> None:
        """End the lease early, if it is still this owner's."""

    def marks(self) -> Page[RecountMark]:
        """Every day that waits for a recount, read consistently; there is one page."""

    def set_turn(self, day: date, turn: datetime) -> None:
        """Give a marked day another place in the line."""

    def clear(self, mark: RecountMark) -> bool:
        """Remove the mark, and what it holds; False, and nothing done, where the day was marked again since."""

    def keep_count(self, day: date, under_way: UnderWay, rows: Rows) -> None:
        """Store how far the count of a marked day has come, in place of what was stored of it."""

    def count_so_far(self, day: date, under_way: UnderWay) -> Rows | None:
        """The numbers that were stored with this; None where they are gone."""

    def drop_count(self, day: date) -> None:
        """Let the next count of a marked day begin anew."""

    def answers_of(self, day: date, position: str = "") -> Iterator[Page[Answered]]:
        """The responses of that day, one page at least; the last seconds may be missing: indexes follow the table."""

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """The invitations sent on that day, one page at least; the last seconds may be missing too."""

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of the day, by the dimension as it is stored; those of other dimensions stay."""

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies | UnreadableError]]:
        """The stored days from `first` to `last` in order, read consistently in one range.

        Each comes with its tallies, or with why they cannot be read.
        """

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store the scores by window; all other scores of this dimension in those windows are removed.

        Not atomic: interrupted, the same call again completes it.
        """

    def progress(self) -> Progress:
        """The state after the last run, read consistently; UnreadableError where it cannot be read."""

    def store_progress(self, progress: Progress) -> None:
        """Store the state for the next run."""


class ArchiveMarks(Protocol):
    """The marks of days of facts that changed."""

    def mark_changed(self, period: datetime, days: Collection[date], urgent: Collection[date]) -> None:
        """Set the marks of days in a period, one or more: one call. Those that are urgent stay so."""


@dataclass(frozen=True, slots=True)
class ChangeMark:
    """A local day whose facts changed in a period that began at this moment; `urgent` where a person was removed."""

    period: datetime
    day: date
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """The progress of the archive, by local days.

    `nightly` is that of the last nightly run. Days before `frozen` are never read from the table again, which may have
    forgotten them; days before `emptied` lead to nobody any more.
    """

    nightly: date | None = None
    frozen: date | None = None
    emptied: date | None = None


class Archived(Protocol):
    """The table of archive_facts: one lease, marks, facts by the hour of UTC in which they happened, and the state."""

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Become the only run `until` then; False while the lease of another owner lasts."""

    def release_lease(self, owner: str) -> None:
        """End the lease early, if it is still this owner's."""

    def changed(self, before: datetime) -> Page[ChangeMark]:
        """The marks of periods that began before this moment, read consistently; there is one page."""

    def drop(self, marks: Collection[ChangeMark], left: Collection[ChangeMark]) -> None:
        """Remove exactly these marks; `left` are all others of their periods."""

    def fact_ids(self, hours: Sequence[datetime]) -> Sequence[str]:
        """Ids of the invitations about facts of these hours; those of the last seconds may be missing."""

    def facts(self, ids: Sequence[str], *, consistent: bool) -> Iterator[StoredInvitation]:
        """The invitations that are there, each as it stands or why it cannot be read.

        Not read consistently, the last second may be missing.
        """

    def imported_months(self, month: date) -> Sequence[MonthTally]:
        """The tallies of an imported month, named by its first day; UnreadableError where one cannot be read."""

    def archive_state(self) -> ArchiveState:
        """The state after the last run; UnreadableError where it cannot be read."""

    def store_archive_state(self, state: ArchiveState) -> None:
        """Store the state for the next run."""


class ArchiveFiles(Protocol):
    """The files of the archive by their names."""

    def get(self, name: str) -> bytes | None:
        """The whole file, None where there is none."""

    def put(self, name: str, body: bytes) -> None:
        """Store a file in place of what was there."""

    def delete(self, names: Collection[str]) -> None:
        """Delete files; those that are not there count as deleted."""

    def names(self, prefix: str) -> Sequence[str]:
        """The names that begin with this, in order."""


class RowFiles(Protocol):
    """Rows as the bytes of a file, and back."""

    def written(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
        """The bytes of a file with these rows in the order of their `id`: the same rows are the same bytes."""

    def read(self, body: bytes, columns: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Inverse of `written`; columns that the file does not have are None. UnreadableError for a damaged file."""


class ReportQueue(Protocol):
    """The queue of what reports are to be computed."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue the message; return once it is durable."""


class StoredReports(Protocol):
    """The documents of reports by their names (`stored_place`, `place` of a request)."""

    def load(self, place: str) -> Mapping[str, Any] | None:
        """Return the document; None where there is none. One call, whatever its size.

        UnreadableError where it is there and cannot be read.
        """

    def store(self, place: str, document: Mapping[str, Any]) -> None:
        """Put the document in place of the one before; the same content is the same bytes."""

    def fingerprints(self, places: Collection[str]) -> Mapping[str, str]:
        """Return the `fingerprint` of each of these documents that is there, without reading them."""


class Asking(StrEnum):
    """The outcome of asking: `waiting` for what was asked for a short time ago, `limited` once the hour is used up."""

    ASKED = "asked"
    WAITING = "waiting"
    LIMITED = "limited"


class ReportRequests(Protocol):
    """The queue of reports that are computed on demand."""

    def ask(self, request: ReportRequest, now: datetime) -> Asking:
        """Ask for the report, unless that was done within ten minutes, or MOST_ASKED times in this hour of UTC."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """The file of one day in the archive; another `version` is another content."""

    day: date
    place: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine over files; `left_out` are the days whose files are damaged, or gone since they were listed."""

    engine: Engine
    left_out: Sequence[date] = ()


class Archive(Protocol):
    """The files of the archive, as reports read them."""

    def files(self) -> Sequence[ArchiveFile]:
        """Every day of facts there is, in order."""

    def open(self, files: Sequence[ArchiveFile]) -> AbstractContextManager[Opened]:
        """Make these days the table `facts`. One engine is open at a time.

        TransientError where they cannot be read now.
        """
