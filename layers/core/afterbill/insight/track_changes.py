"""Mark the days whose answers or mails changed, for the recount, and the invitations that were tapped, for judging."""

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
    """Where marks are set."""

    days: DirtyDays
    taps: ReviewMarks


def track_changes(
    records: Mapping[str, Record],
    read: Callable[[Record], tuple[Snapshot | None, Snapshot | None]],
    tapped_in: Callable[[Record], str],
    deps: TrackDeps,
    now: datetime,
) -> list[str]:
    """Mark each touched day and tapped invitation once; returns the ids of the records that failed, in their order.

    `read` gives what an invitation was and what it is, `tapped_in` its id where taps wait to be judged. A record they
    cannot read (PayloadError) takes none of the others with it; what could not be marked fails every record that
    is about it, since marking twice is harmless and marking never is not.
    """
    failed: set[str] = set()
    days, taps = defaultdict[date, set[str]](set), defaultdict[str, set[str]](set)
    for id_, record in records.items():
        try:
            touched, tapped = days_touched(*read(record)), tapped_in(record)
        except PayloadError:
            failed.add(id_)
            continue
        for day in touched:
            days[day].add(id_)
        if tapped:
            taps[tapped].add(id_)
    failed |= _unmarked(days, lambda day: deps.days.mark(day, now))
    failed |= _unmarked(taps, lambda id_: deps.taps.mark_for_review(id_, now))
    return [id_ for id_ in records if id_ in failed]


def _unmarked(wanted: Mapping[Marked, set[str]], mark: Callable[[Marked], None]) -> set[str]:
    """The records about what could not be marked."""
    failed: set[str] = set()
    for one in sorted(wanted):
        try:
            mark(one)
        except TransientError:
            failed |= wanted[one]
    return failed
