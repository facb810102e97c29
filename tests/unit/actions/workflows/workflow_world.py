"""Answers of Ada's that workflows look at: publisher, queue, evaluation and drains over twins and two systems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from pydantic import BaseModel

from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.drain import drain
from afterbill_actions.drain_deps import DrainDeps
from afterbill_actions.evaluate import Evaluated, EvaluateDeps, evaluate, evaluate_event
from afterbill_actions.events import SurveyChange
from afterbill_actions.exchange import NOT_SENT, Reply
from afterbill_actions.outcome import Done, Outcome
from afterbill_actions.ports import Snapshot
from afterbill_actions.publish import PublishDeps, announce
from afterbill_actions.wake import Drain, Settle, Tell, Wake
from afterbill_actions.workflow import Configuration, Workflow
from afterbill_cli.memory.actions.bus import MemoryBus
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.actions.known import MemoryKnown
from afterbill_cli.memory.actions.outbox import MemoryConnections, MemoryOutbox, MemoryWakes
from afterbill_cli.memory.actions.responses import MemoryActionResponses
from afterbill_cli.memory.actions.workflows import MemoryWorkflowsSeen
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, DAY, NOON, SECOND, hash_address, invitation

ASKED, NOW = NOON + 3 * DAY, NOON + 4 * DAY
QUIET = timedelta(seconds=30)
ID = "ab" * 16


class NoSettings(BaseModel):
    """Nothing to say."""


def asked(**changes: object) -> Invitation:
    """A survey of Ada's that went out a day ago."""
    return invitation(**{"id": ID, "state": State.SENT, "sent_at": ASKED, "sent_day": "2026-11-25"} | changes)


def answered(rating: int = 3, comment: str = "", *, confirmed: bool = True, **changes: object) -> Invitation:
    """The same with Ada's answer of this moment."""
    answer = Answer(rating, comment, confirmed=confirmed)
    return asked(**{"answer": answer, "answered_at": NOW, "answered_day": "2026-11-26"} | changes)


@dataclass
class System:
    """A system that keeps what is written, and finds it again; `during` happens in the midst of its next call."""

    held: dict[int, tuple[str, str]] = field(default_factory=dict)
    during: list[Callable[[], None]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def connector(self, name: str) -> Connector:
        """Its connector, with one action."""
        action = Action(NoSettings, self._write, self._undo, self._undo, tell=self._tell)
        return Connector(name, name, NoSettings, (), {"note": action}, lambda _open: Done(), 1000, ())

    def _write(self, job: Job, _open: Open) -> Outcome:
        number = self._number(job) or next(self.numbers)
        assert job.invitation
        assert job.invitation.answer
        self.held[number] = (job.mark, f"{job.invitation.answer.rating}{job.invitation.answer.comment}")
        self._meanwhile()
        return Done({"number": str(number)})

    def _undo(self, job: Job, _open: Open) -> Outcome:
        self.held.pop(self._number(job), None)
        self._meanwhile()
        return Done()

    def _tell(self, job: Job, _open: Open) -> Outcome:
        self.held[next(self.numbers)] = (job.mark, str(job.text["title"]))
        return Done()

    def _number(self, job: Job) -> int:
        if job.written:
            return int(job.written.record["number"])
        found = [number for number, (mark, _) in self.held.items() if mark == job.mark]
        return found[0] if found and job.maybe else 0

    def _meanwhile(self) -> None:
        if self.during:
            self.during.pop(0)()


@dataclass
class World:
    """The twins; `now` is moved by tests."""

    workflows: Mapping[str, Workflow]
    now: datetime = NOW
    table: MemoryTable = field(default_factory=MemoryTable)
    effects: MemoryEffects = field(default_factory=MemoryEffects)
    seen: MemoryWorkflowsSeen = field(default_factory=MemoryWorkflowsSeen)
    systems: dict[str, System] = field(default_factory=lambda: {"helpdesk": System(), "chat": System()})
    queries: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen.seen(self.workflows.keys(), NOON)
        self.table.people["ada"] = Customer("ada", 1, address=ADA, address_hash=hash_address(ADA))
        self.table.invitations[ID] = asked()
        self.connections = MemoryConnections()
        self.outbox = MemoryOutbox(self.connections, lambda: self.now)
        self.queue = MemoryWakes(lambda: self.now)
        self.stored = MemoryActionResponses(self.table, self.effects)
        connections = {name: Connection(name, name, "https://x.example", 1000) for name in self.systems}
        self.configuration = Configuration(connections, self.workflows)
        self._drains = count()

    def snapshot(self, invitation_id: str, *, with_earlier: bool = False) -> Snapshot | None:
        """Read as Responses does, and note whether earlier answers were asked for."""
        self.queries.append(with_earlier)
        return self.stored.snapshot(invitation_id, with_earlier=with_earlier)

    # What happens

    def stands(self, after: Invitation) -> SurveyChange:
        """Store a survey as it stands now; the change is what the table's stream tells of it, to the second."""
        self.now += SECOND
        change = SurveyChange(self.now, self.table.invitations.get(after.id), after)
        self.table.invitations[after.id] = after
        return change

    def answer(self, given: Answer | None) -> SurveyChange:
        """Have Ada answer, or her answer taken back."""
        before = self.table.invitations[ID]
        return self.stands(replace(before, answer=given, answered_at=before.answered_at or self.now))

    def publish(self, change: SurveyChange) -> None:
        """Do what the publisher does of a record of the stream."""
        deps = PublishDeps(MemoryBus(), self.effects, MemoryKnown(self.table), 700 * DAY, wakes=self.queue)
        assert announce({"1": change}, deps) == set()

    def deliver(self, wake: Wake) -> Evaluated | None:
        """Do what run_actions does of a message."""
        match wake:
            case Settle():
                return evaluate(wake, self.deps())
            case Tell():
                return evaluate_event(wake, self.deps())
            case Drain(connection):
                drain(connection, self._drain_deps(), lambda: True)
        return None

    def rest(self) -> None:
        """Hand out all messages as they come due, until there are none."""
        while self.queue.messages:
            due, wake = min(self.queue.messages, key=lambda message: message[0])
            self.queue.messages.remove((due, wake))
            self.now = max(self.now, due)
            self.deliver(wake)

    def evaluate_all(self) -> None:
        """Look at all answers whose quiet time has begun, as if it were over."""
        for message in [one for one in self.queue.messages if isinstance(one[1], Settle)]:
            self.queue.messages.remove(message)
            self.deliver(message[1])

    def deps(self) -> EvaluateDeps:
        """What evaluation needs."""
        return EvaluateDeps(self.configuration, self, self.outbox, self.queue, self.seen, self.table, self.now)

    def _drain_deps(self) -> DrainDeps:
        return DrainDeps(
            configuration=self.configuration,
            connector=lambda name: self.systems[name].connector(name),
            connections=self.connections,
            outbox=self.outbox,
            effects=self.effects,
            responses=self,
            wakes=self.queue,
            tasks=self.table,
            secrets=NoSecrets(),
            send=lambda _request: Reply(NOT_SENT),
            clock=lambda: self.now,
            chance=lambda: 0.5,
            new_id=lambda: f"drain-{next(self._drains)}",
            link=lambda _id: "",
        )

    # What came of it

    def written(self) -> dict[str, list[str]]:
        """What each system holds of Ada's answer."""
        return {name: sorted(text for _, text in system.held.values()) for name, system in self.systems.items()}

    def entries(self) -> list[tuple[str, str]]:
        """All entries: what they do, and to which effect, in the order of their places."""
        held = sorted(self.outbox.held.values(), key=lambda entry: entry.place)
        return [(str(entry.operation), entry.effect) for entry in held]


class NoSecrets:
    """Secrets of systems that want none."""

    def of(self, _connection: str) -> Mapping[str, str]:
        """Return no field."""
        return {}
