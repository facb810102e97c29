"""Drain a connection: carry out what is due in its outbox, in order, under its lease and within its rate."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from afterbill_actions.carry import Carry, Verdict
from afterbill_actions.connection import Connection, ConnectionState
from afterbill_actions.drain_deps import DrainDeps, Drained
from afterbill_actions.outbox import MARGIN, Entry
from afterbill_actions.wake import MOST_DELAY

LEASE = timedelta(minutes=4)
_COUNT = timedelta(seconds=75)
"""The time in which requests count in the rate: who takes over after a crash knows of none that still count."""
ENOUGH = _COUNT + timedelta(seconds=65)
"""The rest of the lease when an action begins: the time of its three requests, and that in which they count."""
_PAGE = 100
"""Entries of one query."""


class _Ended(Enum):
    """The ways in which a pass over the outbox ends."""

    THROUGH = auto()
    RESTS = auto()
    NO_TIME = auto()
    REWOUND = auto()


def drain(name: str, deps: DrainDeps, goes_on: Callable[[], bool]) -> Drained:
    """Carry out what is due while `goes_on`; what is left has asked to be woken for. Safe to repeat after a crash.

    A connection that refuses our credentials, or that rests and will be woken, costs one read.
    """
    connection = deps.connection(name)
    if connection is None:
        return Drained(reason="there is no such connection")
    before = deps.connections.state(name)
    reason = idle(before, deps.clock())
    if before.denied or (reason and before.wakes_at and before.wakes_at > deps.clock()):
        return Drained(reason=reason)
    holder, now = deps.new_id(), deps.clock()
    state = deps.connections.take(name, holder, now, now + LEASE)
    if state is None:
        return Drained(reason="somebody else is at it, and was told")
    return _Drain(connection, deps, goes_on, holder, state, now + LEASE).run()


def idle(state: ConnectionState, now: datetime) -> str:
    """Return why nothing may be called now; empty where it may."""
    if state.denied:
        return "it waits until somebody connects again"
    return "it rests" if state.rests_until and state.rests_until > now else ""


@dataclass(slots=True)
class _Drain:
    """One drain, which holds the lease `until`; `state` is what it leaves."""

    connection: Connection
    deps: DrainDeps
    goes_on: Callable[[], bool]
    holder: str
    state: ConnectionState
    until: datetime
    drained: Drained = field(default_factory=Drained)
    next_due: datetime | None = None

    def run(self) -> Drained:
        """Go over the outbox until nobody tells of more to do."""
        while True:
            ended = self._pass()
            if ended is not _Ended.REWOUND:
                self._ask(ended)
                if self.deps.connections.release(self.holder, self.state):
                    return self.drained
            if not self._take_again():
                return self.drained

    def _pass(self) -> _Ended:
        """Carry out what is due, in the order of places; who waits makes all later entries of their order wait."""
        waiting, after, whole, self.next_due = set[str](), self.state.cursor, True, None
        while page := self.deps.outbox.entries(self.connection.name, after, _PAGE):
            for entry in page:
                after = entry.place
                verdict = Verdict.OVER if entry.over else self._due(entry, waiting)
                if isinstance(verdict, _Ended):
                    return verdict
                if verdict is Verdict.WAITS:
                    waiting.add(entry.order or entry.place)
                whole = whole and verdict is Verdict.OVER and entry.first_due_at <= self.deps.clock() - MARGIN
                self.state = replace(self.state, cursor=entry.place) if whole else self.state
        return _Ended.THROUGH

    def _due(self, entry: Entry, waiting: set[str]) -> Verdict | _Ended:
        """Carry out an entry if it is its turn."""
        if entry.order in waiting:
            return Verdict.WAITS
        now = self.deps.clock()
        if entry.due_at > now:
            return self._later(entry.due_at)
        if not self.goes_on():
            return _Ended.NO_TIME
        if idle(self.state, now):
            return _Ended.RESTS
        if (held := self._held(now)) is not None:
            return held
        return self._carried(entry)

    def _carried(self, entry: Entry) -> Verdict | _Ended:
        carry = Carry(self.connection, self.deps, self.state, self.drained, self.until - ENOUGH)
        verdict = carry.out(entry)
        self.state = carry.state
        if verdict is Verdict.RESTS:
            return _Ended.RESTS
        return self._later(carry.due_at) if verdict is Verdict.WAITS else verdict

    def _later(self, at: datetime) -> Verdict:
        self.next_due = min(self.next_due or at, at)
        return Verdict.WAITS

    def _held(self, now: datetime) -> _Ended | None:
        """Hold the lease longer where it ends soon; None where it is held."""
        if self.until - now >= ENOUGH:
            return None
        self.until = now + LEASE
        if self.deps.connections.keep(self.holder, self.state, self.until):
            return None
        return _Ended.REWOUND

    def _take_again(self) -> bool:
        """Begin again where somebody told of more; False where another has the lease."""
        now = self.deps.clock()
        self.until = now + LEASE
        taken = self.deps.connections.take(self.connection.name, self.holder, now, self.until)
        if taken is None:
            self.drained.reason = "the lease was lost"
            return False
        cursor = self.state.cursor if taken.rewound == self.state.rewound else taken.cursor
        self.state = replace(self.state, cursor=cursor, rewound=taken.rewound)
        return True

    def _ask(self, ended: _Ended) -> None:
        """Ask to be woken for what is left, unless the queue does so before; while access is denied for nothing."""
        now = self.deps.clock()
        at = now if ended is _Ended.NO_TIME else self.state.rests_until if ended is _Ended.RESTS else self.next_due
        known = self.state.wakes_at
        if self.state.denied or at is None or (known and now < known <= at):
            return
        delay = min(max(at - now, timedelta(0)), MOST_DELAY)
        self.deps.wakes.drain(self.connection.name, delay)
        self.state = replace(self.state, wakes_at=now + delay)
