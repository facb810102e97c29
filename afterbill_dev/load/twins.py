"""The memory twins with indexes, so that a large stack stays quick, and told of every change."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afterbill.insight.tally import Answered, Sent, Snapshot
from afterbill.model.invitation import Invitation, State
from afterbill_cli.memory.scores import MemoryScores
from afterbill_cli.memory.table import MemoryTable

OPEN = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})


class Watched(dict[str, Invitation]):
    """Invitations by id, also by the hour they are due in, by customer and by day; `tell` hears of every change."""

    def __init__(self, tell: Callable[[Invitation | None, Invitation], None]) -> None:
        super().__init__()
        self.tell = tell
        self.by_hour: defaultdict[str, set[str]] = defaultdict(set)
        self.by_customer: defaultdict[str, list[str]] = defaultdict(list)
        self.by_day: defaultdict[str, set[str]] = defaultdict(set)

    def __setitem__(self, id_: str, new: Invitation) -> None:
        """Store it, and keep the indexes."""
        old = self.get(id_)
        if old and old.state in OPEN:
            self.by_hour[_hour(old.ready_at)].discard(id_)
        if new.state in OPEN:
            self.by_hour[_hour(new.ready_at)].add(id_)
        if old is None:
            self.by_customer[new.customer_id].append(id_)
        for day in {new.sent_day, new.answered_day} - {"", None}:
            self.by_day[str(day)].add(id_)
        super().__setitem__(id_, new)
        self.tell(old, new)

    def setdefault(self, id_: str, new: Invitation) -> Invitation:  # type: ignore[override]
        """Store it, unless there is one."""
        if id_ not in self:
            self[id_] = new
        return self[id_]

    def on(self, day: date) -> Iterator[Invitation]:
        """Yield those that were sent or answered on this day."""
        return (self[id_] for id_ in sorted(self.by_day.get(day.isoformat(), ())))


@dataclass
class Table(MemoryTable):
    """The table, which looks into an index instead of at every invitation there is."""

    def newest_invitations(self, customer_id: str) -> Sequence[str]:
        """As the twin."""
        found: Any = self.invitations
        return tuple(found.by_customer.get(customer_id, ()))

    def not_sent(self, hour: str) -> Sequence[str]:
        """As the twin."""
        found: Any = self.invitations
        return sorted(found.by_hour.get(hour, ()))


@dataclass
class Scores(MemoryScores):
    """Recounts, which look at the invitations of a day only."""

    def answers_of(self, day: date) -> Iterator[Answered]:
        """As the twin."""
        invitations: Any = self.invitations
        return MemoryScores({one.id: one for one in invitations.on(day)}).answers_of(day)

    def sends_of(self, day: date) -> Iterator[Sent]:
        """As the twin."""
        invitations: Any = self.invitations
        return MemoryScores({one.id: one for one in invitations.on(day)}).sends_of(day)


def snapshot(one: Invitation | None) -> Snapshot | None:
    """Return what the stream tells of an invitation."""
    if one is None or not (one.sent_day or one.answer):
        return None
    answer = one.answer
    return Snapshot(
        one.sent_day or "",
        one.answered_day or "",
        answer.rating if answer else None,
        one.delivery,
        one.segments,
        answer.confirmed if answer else True,
    )


def _hour(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"
