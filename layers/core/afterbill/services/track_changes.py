"""Mark the days whose answers or mails changed, so that they are recounted."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from afterbill.domain.errors import PayloadError, TransientError
from afterbill.domain.tally import Snapshot, days_touched
from afterbill.ports_scores import DirtyDays

Record = TypeVar("Record")


def track_changes(
    records: Mapping[str, Record],
    read: Callable[[Record], tuple[Snapshot | None, Snapshot | None]],
    days: DirtyDays,
    now: datetime,
) -> list[str]:
    """Mark each touched day once; returns the ids of the records that failed, in their order.

    `read` gives what an invitation was and what it is. A record it cannot read (PayloadError) takes none of
    the others with it; a day that could not be marked fails every record that touches it, since marking twice is
    harmless and marking never is not.
    """
    failed: set[str] = set()
    touched: dict[date, set[str]] = {}
    for id_, record in records.items():
        try:
            for day in days_touched(*read(record)):
                touched.setdefault(day, set()).add(id_)
        except PayloadError:
            failed.add(id_)
    for day in sorted(touched):
        try:
            days.mark(day, now)
        except TransientError:
            failed |= touched[day]
    return [id_ for id_ in records if id_ in failed]
