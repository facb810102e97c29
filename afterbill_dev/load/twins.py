"""The memory twins with indexes, so that a large stack stays quick, and told of every change."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from afterbill.insight.ports import Page
from afterbill.insight.tally import Answered, Sent, Snapshot
from afterbill.model.invitation import Invitation, State
from afterbill_cli.memory.keys import MemoryCaps, MemorySendingSwitch
from afterbill_cli.memory.scores import MemoryScores
from afterbill_cli.memory.table import MemoryTable

OPEN = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})


class Watched(dict[str, Invitation]):
    """Invitations by id, also by customer, by the day they are due on and by those of mail and answer.

    `tell` hears of every change.
    """

    def __init__(self, tell: Callable[[Invitation | None, Invitation], None]) -> None:
        super().__init__()
        self.tell = tell
        self.open_by_day: defaultdict[str, set[str]] = defaultdict(set)
        self.by_customer: defaultdict[str, list[str]] = defaultdict(list)
        self.by_day: defaultdict[str, set[str]] = defaultdict(set)

    def __setitem__(self, id_: str, new: Invitation) -> None:
        """Store it, and keep the indexes."""
        old = self.get(id_)
        if old and old.state in OPEN:
            self.open_by_day[_day(old.ready_at)].discard(id_)
        if new.state in OPEN:
            self.open_by_day[_day(new.ready_at)].add(id_)
        if old is None:
            self.by_customer[new.customer_id].append(id_)
        for day in {new.sent_day, new.answered_day} - {"", None}:
            self.by_day[str(day)].add(id_)
        super().__setitem__(id_, new)
        self.tell(old, new)

    def setdefault(self, id_: str, new: Invitation) -> Invitation:
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

    def open_on(self, day: str) -> Iterator[Invitation]:
        """As the twin."""
        found: Any = self.invitations
        return iter([self.invitations[id_] for id_ in sorted(found.open_by_day.get(day, ()))])


@dataclass
class Status(MemoryCaps):
    """Caps and gates, and the switch that an operator or the watch turns."""

    switch: MemorySendingSwitch = field(default_factory=MemorySendingSwitch)

    def pause_reason(self) -> str:
        """The reason why nothing may be sent now; empty where it may."""
        return self.switch.stands.reason


@dataclass
class Gates:
    """The gates, as the watch reads them."""

    status: Any

    def gates(self, _pass_over: object = None) -> dict[str, Any]:
        """As the adapter: here each can be read."""
        return dict(self.status.gates)


@dataclass
class Scores(MemoryScores):
    """Recounts, which look at the invitations of a day only."""

    def answers_of(self, day: date, position: str = "") -> Iterator[Page[Answered]]:
        """As the twin."""
        return self._of(day).answers_of(day, position)

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """As the twin."""
        return self._of(day).sends_of(day, position)

    def _of(self, day: date) -> MemoryScores:
        invitations: Any = self.invitations
        return MemoryScores({one.id: one for one in invitations.on(day)}, page_size=self.page_size)


def snapshot(one: Invitation | None) -> Snapshot | None:
    """Return what the stream tells of an invitation."""
    if one is None or not (one.sent_day or one.answer):
        return None
    answer = one.answer
    return Snapshot(
        one.sent_day or "",
        one.answered_day or "",
        answer.rating if answer else None,
        one.delivery if one.delivery and one.delivery.adverse else None,
        one.segments,
        answer.confirmed if answer else True,
    )


def _day(at: datetime) -> str:
    return at.date().isoformat()
