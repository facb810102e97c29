"""A town whose answers set something in motion: writers, the queue, workers that are killed, and an operator."""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill_actions.connection import Connection
from afterbill_actions.drain import drain
from afterbill_actions.drain_deps import DrainDeps
from afterbill_actions.evaluate import EvaluateDeps, evaluate
from afterbill_actions.operate import OperateDeps, drop, retry
from afterbill_actions.outbox import Entry, EntryState, Operation
from afterbill_actions.version import version_of
from afterbill_actions.wake import Drain, Settle, Wake
from afterbill_actions.workflow import ActionOf, Configuration, When, Workflow
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.actions.outbox import MemoryConnections, MemoryOutbox, MemoryWakes
from afterbill_cli.memory.actions.responses import MemoryActionResponses
from afterbill_cli.memory.table import MemoryTable
from tests.factories import NOON, invitation
from tests.simulation.action_systems import CONNECTORS, systems

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_REDELIVERED = 6 * MINUTE
"""The queue hands a message out again where nobody said within this time that it is done."""
LOW = frozenset(range(7))
PER_MINUTE = {"helpdesk": 100, "shop": 1000, "chat": 60}


def configuration(**per_minute: int) -> Configuration:
    """Low scores make a ticket and a message, every score a tag."""
    rates = {**PER_MINUTE, **per_minute}
    connections = {
        name: Connection(name, name, f"https://{name}.example", rates[name], "shop", {}) for name in CONNECTORS
    }
    low = [ActionOf("helpdesk", "put"), ActionOf("chat", "put")]
    workflows = {
        "all": Workflow("all", When(), [ActionOf("shop", "put")]),
        "low": Workflow("low", When(ratings=LOW), low),
    }
    return Configuration(connections, workflows)


class Killed(BaseException):  # no error: the process is gone, and nobody catches it
    """The process is gone."""


@dataclass
class Town:
    """One world with one clock; `kills` is the chance of an end before or after each call, `meanwhile` of others' work.

    `at` kills before the call of this number, or after it where it ends in a half.
    """

    seed: int = 1
    kills: float = 0.0
    others: float = 0.0
    at: float | None = None
    configuration: Configuration | None = None

    def __post_init__(self) -> None:
        """Set up stores, systems and workers."""
        self.now, self.chance = NOON, random.Random(self.seed)
        self.configured = self.configuration or configuration()
        self.numbers, self.calls, self.depth, self.lives = itertools.count(), 0, 0, True
        self.table, effects = MemoryTable(), MemoryEffects()
        self.wakes = MemoryWakes(self.clock)
        connections = MemoryConnections()
        self.outbox, self.connections, self.effects = MemoryOutbox(connections, self.clock), connections, effects
        self.responses = MemoryActionResponses(self.table, effects)
        self.systems = systems(self.clock, self.pass_time, self.seed)
        self.queue: list[tuple[datetime, int, Wake]] = []
        self.stream: list[str] = []
        self.plan: list[tuple[datetime, int, str, Answer | None]] = []
        self.denials = 0

    # Time and calls

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, time: timedelta) -> None:
        self.now += time

    def guarded(self, port: Any) -> Any:  # any port
        """The port, at whose calls a process may end, and others work."""
        return _Guarded(port, self)

    def reached(self) -> None:
        """One more call of a port or a system: time passes, others work, and the process may end."""
        self.now += timedelta(milliseconds=1)
        self.calls += 1
        if self.lives and (self.calls == self.at or self.chance.random() < self.kills):
            raise Killed
        if self.others and not self.depth and self.chance.random() < self.others:
            self.depth += 1
            self.step()
            self.depth -= 1

    def left(self) -> None:
        """The call came back; nobody may hear of it."""
        if self.lives and self.at is not None and self.calls + 0.5 == self.at:
            raise Killed
        if self.lives and self.chance.random() < self.kills:
            raise Killed

    @contextmanager
    def process(self) -> Iterator[list[bool]]:
        """A process that may end anywhere; whether it did is told."""
        ended = [False]
        try:
            yield ended
        except Killed:
            ended[0] = True

    # What happens

    def answer(self, id_: str, answer: Answer | None) -> None:
        """Store an answer, as the table does: the stream tells of it."""
        stored = self.table.invitations.get(id_) or self._invited(id_)
        self.table.invitations[id_] = replace(stored, answer=answer, answered_at=stored.answered_at or self.now)
        self.stream.append(id_)

    def _invited(self, id_: str) -> Invitation:
        person = f"customer-{id_[-2:]}"
        self.table.people[person] = Customer(person, version=1, address="", address_hash="")
        asked = {"state": State.SENT, "sent_at": NOON - HOUR, "sent_day": "2026-11-22", "answered_day": "2026-11-22"}
        return invitation(id=id_, customer_id=person, objects={"order": id_}, **asked)

    def step(self) -> bool:
        """Do one thing that is due; False where nothing is."""
        for sent in self.wakes.messages:
            heapq.heappush(self.queue, (sent[0], next(self.numbers), sent[1]))
        self.wakes.messages.clear()
        if self.plan and self.plan[0][0] <= self.now:
            _, _, id_, answer = heapq.heappop(self.plan)
            self.answer(id_, answer)
        elif self.stream:
            self._publish(self.stream.pop(0))
        elif self.queue and self.queue[0][0] <= self.now:
            self._work(heapq.heappop(self.queue)[2])
        else:
            return False
        return True

    def run(self, until: Callable[[], bool] = lambda: False, most: timedelta = 30 * DAY) -> None:
        """Let everything happen until nothing is left to do."""
        end = self.now + most
        while self.now < end and not until():
            if not self.step():
                ahead = [one[0] for one in (*self.plan[:1], *self.queue[:1])]
                if not ahead:
                    return
                self.now = max(self.now, min(ahead))

    def _publish(self, id_: str) -> None:
        """The publisher, whom the stream asks again where it ended."""
        version, now = version_of(self.table.invitations[id_].answer), self.now
        answer = self.table.invitations[id_].answer
        with self.process() as ended:
            self.guarded(self.effects).mark_published(id_, version, now, now + 700 * DAY)
            after = 30 * SECOND if answer and answer.confirmed else timedelta(0)
            self.guarded(self.wakes).settle(id_, version, now, after)
        if ended[0]:
            self.stream.insert(0, id_)

    def _work(self, wake: Wake) -> None:
        """A worker with one message of the queue; one in fifty comes twice."""
        with self.process() as ended:
            if isinstance(wake, Settle):
                evaluate(wake, self._evaluating())
            elif isinstance(wake, Drain):
                end = self.now + 4 * MINUTE
                drained = drain(wake.connection, self.draining(), lambda: self.now < end)
                self.denials += drained.denied
        if ended[0] or (self.kills and self.chance.random() < 0.02):  # of the queue
            heapq.heappush(self.queue, (self.now + _REDELIVERED * ended[0], next(self.numbers), wake))

    def _evaluating(self) -> EvaluateDeps:
        seen = dict.fromkeys(self.configured.workflows, NOON - DAY)
        return EvaluateDeps(
            self.configured,
            self.guarded(self.responses),
            self.guarded(self.outbox),
            self.guarded(self.wakes),
            _Seen(seen),
            self.guarded(self.table),
            self.now,
        )

    def draining(self) -> DrainDeps:
        return DrainDeps(
            self.configured,
            CONNECTORS.__getitem__,
            self.guarded(self.connections),
            self.guarded(self.outbox),
            self.guarded(self.effects),
            self.guarded(self.responses),
            self.guarded(self.wakes),
            self.guarded(self.table),
            _NoSecrets(),
            self._send,
            self.clock,
            self.chance.random,
            lambda: f"worker-{next(self.numbers)}",
            lambda id_: f"https://console.example/{id_}",
        )

    def _send(self, request: Any) -> Any:  # as Exchange
        name = request.url.removeprefix("https://").partition(".")[0]
        self.reached()
        reply = self.systems[name].send(request)
        self.left()
        return reply

    # The operator

    def entries(self, *states: EntryState) -> list[Entry]:
        return [entry for entry in self.outbox.held.values() if entry.state in states]

    def look_after(self) -> int:
        """Connect again what was denied, and decide on what is parked; returns how much there was."""
        denied = [name for name in CONNECTORS if self.connections.state(name).denied]
        for name in denied:
            self.systems[name].revoked = False
            self.connections.reconnect(name)
            self.wakes.drain(name)
        parked = self.entries(EntryState.PARKED)
        deps = OperateDeps(self.outbox, self.connections, self.responses, self.wakes)
        for entry in parked:
            stands = any(mark == f"afterbill-{entry.invitation_id}" for mark, _ in self.systems["chat"].held.values())
            if entry.connection == "chat" and (stands or entry.operation is Operation.UNDO):
                assert drop(entry, deps, self.now)
            else:
                assert retry(entry, deps, self.now)
        return len(denied) + len(parked)


@dataclass
class _Guarded:
    """A port whose calls are reached and left."""

    port: Any
    town: Town

    def __getattr__(self, name: str) -> Any:  # any method
        method = getattr(self.port, name)

        def call(*arguments: Any, **named: Any) -> Any:  # as the method
            self.town.reached()
            answer = method(*arguments, **named)
            self.town.left()
            return answer

        return call


@dataclass
class _Seen:
    since: dict[str, datetime]

    def seen(self, names: Any, now: datetime) -> Any:  # noqa: ARG002  # as WorkflowsSeen
        return self.since


class _NoSecrets:
    def of(self, connection: str) -> dict[str, str]:  # noqa: ARG002  # as Secrets
        return {}
