"""Mark the days whose answers or mails changed, for a recount, and the invitations that were clicked, for a review."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from afterbill.insight.ports import DirtyDays, ReviewMarks
from afterbill.insight.tally import Snapshot, days_touched
from afterbill.model.errors import PayloadError, TransientError

Record = TypeVar("Record")
Marked = TypeVar("Marked", date, str)


@dataclass(frozen=True, slots=True)
class TrackDeps:
    """The tables of marks."""

    days: DirtyDays
    clicks: ReviewMarks


def track_changes(
    records: Mapping[str, Record],
    read: Callable[[Record], tuple[Snapshot | None, Snapshot | None]],
    clicked_in: Callable[[Record], str],
    deps: TrackDeps,
    now: datetime,
) -> list[str]:
    """Mark each touched day and clicked invitation once; returns the ids of the records that failed, in their order.

    `read` gives an invitation before and after the change, `clicked_in` its id if its clicks wait for a review, else
    an empty text. A record they cannot read (PayloadError) takes none of the others with it. A mark that could not be
    set fails every record that needs it: to mark twice is harmless, never to mark is not.
    """
    failed: set[str] = set()
    days, clicks = defaultdict[date, set[str]](set), defaultdict[str, set[str]](set)
    for id_, record in records.items():
        try:
            touched, clicked = days_touched(*read(record)), clicked_in(record)
        except PayloadError:
            failed.add(id_)
            continue
        for day in touched:
            days[day].add(id_)
        if clicked:
            clicks[clicked].add(id_)
    failed |= _unmarked(days, lambda day: deps.days.mark(day, now))
    failed |= _unmarked(clicks, lambda id_: deps.clicks.mark_for_review(id_, now))
    return [id_ for id_ in records if id_ in failed]


def _unmarked(records_of: Mapping[Marked, set[str]], mark: Callable[[Marked], None]) -> set[str]:
    """Set the marks in order; returns the ids of the records whose marks could not be set."""
    failed: set[str] = set()
    for place in sorted(records_of):
        try:
            mark(place)
        except TransientError:
            failed |= records_of[place]
    return failed
