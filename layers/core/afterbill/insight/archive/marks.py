"""Mark the days of facts that changed, once in each period, for the next run of the archive."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from afterbill.insight.ports import ArchiveMarks
from afterbill.insight.track_changes import Tracked
from afterbill.model.errors import TransientError, UnreadableError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class FactDays:
    """The local days of facts that a change touches; `urgent` where it removes a person."""

    days: frozenset[date] = frozenset()
    urgent: bool = False


@dataclass(slots=True)
class Marking:
    """The table of marks, the length of a period, and the marks of the current one that this process knows are set."""

    marks: ArchiveMarks
    every: timedelta
    period: datetime | None = None
    known: set[tuple[date, bool]] = field(default_factory=set)

    def begin(self, now: datetime) -> datetime:
        """Return the period of a moment; what is known of another one is forgotten."""
        period = period_of(now, self.every)
        if period != self.period:
            self.period, self.known = period, set()
        return period


def period_of(at: datetime, every: timedelta) -> datetime:
    """Return the beginning of the period in which a moment lies; periods are counted from midnight of UTC."""
    return at - (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) % every


def mark_facts(
    records: Mapping[str, Record], read: Callable[[Record], FactDays], marking: Marking, now: datetime
) -> Tracked:
    """Mark the days of facts that the records touch, in one call, unless this process did so in this period already.

    `read` gives the days of a record. The period is that of `now`, not of the change: a mark may come late, and none
    comes for a period that is over. What cannot be read is told and left; a mark that could not be set fails every
    record that needs it.
    """
    unreadable: list[UnreadableError] = []
    wanted = defaultdict[tuple[date, bool], set[str]](set)
    for id_, record in records.items():
        try:
            touched = read(record)
        except UnreadableError as error:
            unreadable.append(error)
            continue
        for day in touched.days:
            wanted[day, touched.urgent].add(id_)
    period = marking.begin(now)
    # An urgent mark says all that another one says.
    new = {place for place in wanted if not {place, (place[0], True)} & marking.known}
    failed = set[str]()
    if new:
        try:
            marking.marks.mark_changed(period, {day for day, _ in new}, {day for day, urgent in new if urgent})
        except TransientError:
            failed = set().union(*(wanted[place] for place in new))
        else:
            marking.known |= new
    return Tracked([id_ for id_ in records if id_ in failed], unreadable)
