"""The memory twins, made lean for a year of many people, and open to an observer."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from afterbill.model.invitation import Invitation, Refusal, State
from afterbill_cli.memory.table import MemoryTable

OPEN = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})


class Watched(dict[str, Invitation]):
    """Invitations by id, with those that are open by the day they are ready on; every change is told."""

    def __init__(self, tell: Callable[[Invitation | None, Invitation], None]) -> None:
        super().__init__()
        self.tell, self.by_day = tell, defaultdict[str, set[str]](set)
        self.by_customer = defaultdict[str, list[str]](list)

    def __setitem__(self, id_: str, new: Invitation) -> None:
        old = self.get(id_)
        if old and old.state in OPEN:
            self.by_day[_day(old)].discard(id_)
        if new.state in OPEN:
            self.by_day[_day(new)].add(id_)
        if old is None:
            self.by_customer[new.customer_id].append(id_)
        super().__setitem__(id_, new)
        self.tell(old, new)


@dataclass
class Table(MemoryTable):
    """The memory twin, which looks into an index instead of at every invitation there is."""

    def newest_invitations(self, customer_id: str) -> Sequence[str]:
        found: Any = self.invitations
        return tuple(found.by_customer.get(customer_id, ()))

    def open_on(self, day: str) -> Iterator[Invitation]:
        found: Any = self.invitations
        return (found[id_] for id_ in found.by_day.get(day, ()))


@dataclass
class Timer:
    """Each name once, then into the agenda."""

    fire: Callable[[str, int, datetime], None]
    names: set[str] = field(default_factory=set)

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        name = invitation.schedule_name(delivery_number)
        if name not in self.names:
            self.names.add(name)
            self.fire(invitation.id, delivery_number, moment)


@dataclass
class Queue:
    """Straight into the agenda."""

    deliver: Callable[..., None]

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        self.deliver(invitation_id, delivery_number, delay)

    def put_refused(self, invitation_id: str, delivery_number: int, refusal: Refusal, delay: timedelta) -> None:
        self.deliver(invitation_id, delivery_number, delay, refusal)

    def put_all(self, deliveries: Sequence[tuple[str, int]]) -> None:
        for invitation_id, number in deliveries:
            self.deliver(invitation_id, number, timedelta(0))

    def waiting(self) -> int:
        return 0


def _day(one: Invitation) -> str:
    return one.ready_at.date().isoformat()


def all_open(table: Table, states: Iterable[State]) -> list[Invitation]:
    """Those in one of these states."""
    wanted = set(states)
    return [one for one in table.invitations.values() if one.state in wanted]
