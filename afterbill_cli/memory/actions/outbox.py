"""The outbox, connections and the queue that wakes, in memory."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from afterbill_actions.connection import ConnectionState
from afterbill_actions.events import Event
from afterbill_actions.outbox import LATE, Entry
from afterbill_actions.wake import MOST_DELAY, Drain, Settle, Tell, Wake


@dataclass
class Held:
    """How it stands with a connection, who holds its lease until when, and whether there is more to do."""

    state: ConnectionState
    holder: str = ""
    until: datetime | None = None
    more: bool = False


@dataclass
class MemoryConnections:
    """Connections over a dictionary."""

    held: dict[str, Held] = field(default_factory=dict)

    def state(self, name: str) -> ConnectionState:
        """How it stands."""
        return self._of(name).state

    def states(self, names: Collection[str]) -> Mapping[str, ConnectionState]:
        """How it stands with each."""
        return {name: self.state(name) for name in names}

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> ConnectionState | None:
        """Take the lease, or tell its holder."""
        one = self._of(name)
        if one.until and one.until > now and one.holder != holder:
            one.more = True
            return None
        one.holder, one.until, one.more = holder, until, False
        return one.state

    def keep(self, holder: str, state: ConnectionState, until: datetime) -> bool:
        """Store it where the lease is held, and nobody rewound."""
        one = self._of(state.name)
        mine = self._mine(one, holder, state)
        if mine:
            one.state, one.until = state, until
        return mine

    def release(self, holder: str, state: ConnectionState) -> bool:
        """Store it and end the lease where nobody told of more."""
        one = self._of(state.name)
        ends = self._mine(one, holder, state) and not one.more
        if ends:
            one.state, one.holder, one.until = state, "", None
        return ends

    def rewind(self, name: str, place: str) -> None:
        """Begin before the place."""
        one = self._of(name)
        cursor = min(one.state.cursor, place[:-1])
        one.state, one.more = replace(one.state, cursor=cursor, rewound=one.state.rewound + 1), True

    def reconnect(self, name: str) -> None:
        """Forget a refusal."""
        one = self._of(name)
        if one.state.denied:
            one.state = replace(one.state, denied="", denied_at=None, rests_until=None, failures=0)

    def _of(self, name: str) -> Held:
        return self.held.setdefault(name, Held(ConnectionState(name)))

    def _mine(self, one: Held, holder: str, state: ConnectionState) -> bool:
        return one.holder == holder and one.state.rewound == state.rewound


@dataclass
class MemoryOutbox:
    """Outbox over dictionaries: the places of each connection in their order, and what stands there."""

    connections: MemoryConnections
    clock: Callable[[], datetime]
    held: dict[tuple[str, str], Entry] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep those whose place is free; a late one rewinds."""
        for entry in entries:
            if (entry.connection, entry.place) not in self.held:
                self.held[entry.connection, entry.place] = entry
                insort(self.places.setdefault(entry.connection, []), entry.place)
            if self.clock() - entry.first_due_at > LATE:
                self.connections.rewind(entry.connection, entry.place)

    def entries(self, connection: str, after: str, limit: int) -> Sequence[Entry]:
        """Those behind a place."""
        places = self.places.get(connection, [])
        start = bisect_right(places, after)
        return [self.held[connection, place] for place in places[start : start + limit]]

    def newest(self, connection: str, limit: int, before: str = "") -> Sequence[Entry]:
        """Those before a place, the last first."""
        places = self.places.get(connection, [])
        end = bisect_left(places, before) if before else len(places)
        return [self.held[connection, place] for place in places[:end][::-1][:limit]]

    def entry(self, connection: str, place: str) -> Entry | None:
        """The entry at a place."""
        return self.held.get((connection, place))

    def claim(self, entry: Entry, now: datetime) -> Entry | None:
        """Count an attempt where it is as it was read."""
        claimed = replace(entry, attempts=entry.attempts + 1, claimed_at=now)
        return claimed if self.store(claimed, entry) else None

    def store(self, entry: Entry, before: Entry) -> bool:
        """Replace it where it is as it was read."""
        there = self.held.get((entry.connection, entry.place))
        same = there is not None and _as_read(there) == _as_read(before)
        if same:
            self.held[entry.connection, entry.place] = entry
        return same


def _as_read(entry: Entry) -> tuple[object, ...]:
    return entry.state, entry.attempts, entry.due_at


@dataclass
class MemoryWakes:
    """Messages with the moments from which they are handed out."""

    clock: Callable[[], datetime]
    messages: list[tuple[datetime, Wake]] = field(default_factory=list)

    def settle(self, invitation_id: str, version: str, at: datetime, after: timedelta) -> None:
        """Keep the message."""
        self._send(Settle(invitation_id, version, at), after)

    def tell(self, event: Event) -> None:
        """Keep the message."""
        self._send(Tell(event), timedelta(0))

    def drain(self, connection: str, after: timedelta = timedelta(0)) -> None:
        """Keep the message."""
        self._send(Drain(connection), after)

    def _send(self, wake: Wake, after: timedelta) -> None:
        self.messages.append((self.clock() + min(max(after, timedelta(0)), MOST_DELAY), wake))
