"""Mark the days whose answers or mails changed, for a recount, and the invitations that were clicked, for a review."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from afterbill.insight.ports import DirtyDays, ReviewMarks
from afterbill.insight.tally import Snapshot, days_touched
from afterbill.model.errors import TransientError, UnreadableError

Record = TypeVar("Record")
Marked = TypeVar("Marked", date, str)


@dataclass(frozen=True, slots=True)
class TrackDeps:
    """The tables of marks."""

    days: DirtyDays
    clicks: ReviewMarks


@dataclass(frozen=True, slots=True)
class Tracked:
    """The ids of the records to try again, in their order, and what could not be read, whose records are done."""

    failed: list[str]
    unreadable: list[UnreadableError]


def track_changes(
    records: Mapping[str, Record],
    read: Callable[[Record], tuple[Snapshot | None, Snapshot | None]],
    clicked_in: Callable[[Record], str],
    deps: TrackDeps,
    now: datetime,
) -> Tracked:
    """Mark each touched day once, and all clicked invitations together.

    `read` gives an invitation before and after the change, `clicked_in` its id if its clicks wait for a review, else
    an empty text. What they cannot read (UnreadableError) is told and left: no later try reads it, and until then all
    of its shard would wait. A mark that could not be set fails every record that needs it: to mark twice is harmless,
    never to mark is not.
    """
    unreadable: list[UnreadableError] = []
    days, clicks = defaultdict[date, set[str]](set), defaultdict[str, set[str]](set)
    for id_, record in records.items():
        try:
            for day in days_touched(*read(record)):
                days[day].add(id_)
            if clicked := clicked_in(record):
                clicks[clicked].add(id_)
        except UnreadableError as error:
            unreadable.append(error)
    failed = _unmarked(days, lambda day: deps.days.mark(day, now))
    if clicks:
        failed |= _unmarked({"": set().union(*clicks.values())}, lambda _: deps.clicks.mark_for_review([*clicks], now))
    return Tracked([id_ for id_ in records if id_ in failed], unreadable)


def _unmarked(records_of: Mapping[Marked, set[str]], mark: Callable[[Marked], None]) -> set[str]:
    """Set the marks in order; returns the ids of the records whose marks could not be set."""
    failed: set[str] = set()
    for place in sorted(records_of):
        try:
            mark(place)
        except TransientError:
            failed |= records_of[place]
    return failed
