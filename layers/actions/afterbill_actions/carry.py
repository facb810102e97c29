"""Carry out one entry of the outbox: claim it, call the system, write down what came of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from afterbill_actions import rate
from afterbill_actions.backoff import pause
from afterbill_actions.connection import Connection, ConnectionState
from afterbill_actions.connector import Action, Connector, Job, Open, Step
from afterbill_actions.drain_deps import DrainDeps, Drained
from afterbill_actions.effects import TAKEN_BACK, UNSURE, Written
from afterbill_actions.exchange import NOT_SENT, Reply, Request
from afterbill_actions.job import (
    GONE,
    NEVER,
    STANDS,
    UNKNOWN,
    End,
    job_of_erasure,
    job_of_text,
    plan,
    possible,
    unsure,
)
from afterbill_actions.outbox import PATIENCE, Entry, EntryState, Operation, place_of
from afterbill_actions.outcome import Denied, Done, GoesOn, Later, NeedsPerson, Outcome, Refused, TaskKind, Unclear
from afterbill_actions.ports import Snapshot
from afterbill_actions.tasks import task_of
from afterbill_actions.version import version_of

_FEWEST = 5
"""Attempts before an entry is parked: while a whole system is away, only a few of its entries are tried."""
_IN_A_ROW = 5
"""Failures after which a connection rests: a system that answers nobody is not asked by all."""
_PARTS = 10
"""Parts of an action that are done in one go."""


class Verdict(Enum):
    """The fate of an entry: it is over, it waits (and its order with it), or the whole connection does."""

    OVER = auto()
    WAITS = auto()
    RESTS = auto()


@dataclass(slots=True)
class Carry:
    """The way of one entry; no part of it begins after `until`.

    `state` is how it stands with the connection then, `due_at` when an entry that waits is due.
    """

    connection: Connection
    deps: DrainDeps
    state: ConnectionState
    drained: Drained
    until: datetime
    due_at: datetime = field(init=False)

    def out(self, entry: Entry) -> Verdict:
        """Carry the entry out, as far as it can be done now."""
        connector = self.deps.connector(self.connection.connector)
        action = connector.actions.get(entry.action)
        if action is None or not possible(action, entry.operation):
            return self._end(entry, UNKNOWN.state, UNKNOWN.reason)
        snapshot = self._snapshot(entry)
        job = self._planned(entry, snapshot)
        if isinstance(job, End):
            return self._needless(entry, job, snapshot)
        if not action.repeatable and (entry.claimed_at or _unknown(entry, snapshot)):
            return self._done_with(entry, snapshot, Unclear("an attempt was cut off, and nobody can look it up"))
        now = self.deps.clock()
        if (free_at := self._free_at(now)) > now:
            return self._rest(free_at)
        claimed = self.deps.outbox.claim(entry, now)
        if claimed is None:
            self.due_at = now
            return Verdict.WAITS
        return self._done_with(claimed, snapshot, self._called(claimed, job, action, connector))

    # Before the call

    def _snapshot(self, entry: Entry) -> Snapshot | None:
        about_one = entry.operation in {Operation.WRITE, Operation.UNDO}
        return self.deps.responses.snapshot(entry.invitation_id) if about_one else None

    def _planned(self, entry: Entry, snapshot: Snapshot | None) -> Job | End:
        settings, link = self.deps.settings_of(entry.effect), self.deps.link(entry.invitation_id)
        if entry.operation is Operation.ERASE:
            return job_of_erasure(entry, settings)
        if entry.operation is Operation.TELL:
            return job_of_text(entry, settings, link)
        return plan(entry, snapshot, self.connection, settings, link)

    def _needless(self, entry: Entry, end: End, snapshot: Snapshot | None) -> Verdict:
        """End what needs no call; of an attempt whose end nobody heard it is noted that it may have been made."""
        perhaps = self._perhaps_written(entry)
        if perhaps and end is GONE and entry.operation is Operation.WRITE:
            self._erase(entry, {})
        elif perhaps and snapshot:
            if end not in {STANDS, NEVER}:
                self._note_unsure(entry, snapshot)
            self._look_again(entry, snapshot)
        return self._end(entry, end.state, end.reason)

    def _perhaps_written(self, entry: Entry) -> bool:
        """Return whether an attempt may have written; one of what nobody can look up that ended surely did not."""
        action = self.deps.connector(self.connection.connector).actions[entry.action]
        return bool(entry.attempts) and (action.repeatable or entry.claimed_at is not None)

    # The call

    def _called(self, entry: Entry, job: Job, action: Action, connector: Connector) -> Outcome:
        name = self.connection.name
        secret = self.deps.secrets.of(name)
        if connector.secrets and not any(needed <= secret.keys() for needed in connector.secrets):
            return Denied("no secret is stored: run afterbill connect")
        kept = self.deps.kept.setdefault(name, {})
        opened = Open(self.connection, secret, self._send, self.deps.clock(), kept)
        step = _step(action, entry.operation)
        parts = _PARTS
        while parts:
            outcome = self._stepped(step, job, opened, repeatable=action.repeatable)
            if not isinstance(outcome, GoesOn):
                return outcome
            job = replace(job, written=self._part(entry, outcome), maybe=True)
            parts = parts - 1 if self._may_go_on() else 0
        return Later("the rest of it follows", self._free_at(self.deps.clock()) - self.deps.clock())

    def _may_go_on(self) -> bool:
        now = self.deps.clock()
        return now < self.until and self._free_at(now) <= now

    def _free_at(self, now: datetime) -> datetime:
        return rate.free_at(self.state.calls, self.connection.per_minute, now)

    def _stepped(self, step: Step, job: Job, opened: Open, *, repeatable: bool) -> Outcome:
        """Call one step; a fault of ours in it holds up no other entry."""
        sent = 0

        def send(request: Request) -> Reply:
            nonlocal sent
            sent += 1
            return opened.send(request) if sent <= rate.MOST_TOGETHER else Reply(NOT_SENT)

        try:
            return step(job, replace(opened, send=send))
        except Exception as error:  # noqa: BLE001  # a connector's fault is told like a system's, and parked in the end
            reason = f"a fault of the connector: {type(error).__name__}"
            return Later(reason) if repeatable or not sent else Unclear(reason)

    def _send(self, request: Request) -> Reply:
        self.state = replace(self.state, calls=rate.counted(self.state.calls, self.deps.clock()))
        self.drained.calls += 1
        return self.deps.send(request)

    def _part(self, entry: Entry, outcome: GoesOn) -> Written:
        """Write down what a part of an action wrote."""
        written = Written(entry.connection, entry.action, UNSURE, self.deps.clock(), outcome.record)
        if entry.operation in {Operation.WRITE, Operation.UNDO}:
            self.deps.effects.keep_written(entry.invitation_id, entry.effect, written)
        return written

    # After the call

    def _done_with(self, entry: Entry, snapshot: Snapshot | None, outcome: Outcome) -> Verdict:
        now = self.deps.clock()
        match outcome:
            case Done(record):
                self.state = replace(self.state, failures=0, rests_until=None, succeeded_at=now)
                self._write_down(entry, Written(entry.connection, entry.action, entry.version, now, record))
                return self._end(entry, EntryState.DONE, "")
            case Later() | GoesOn():
                return self._put_off(entry, outcome if isinstance(outcome, Later) else Later("it goes on"), snapshot)
            case Denied(reason):
                return self._denied(entry, reason)
            case Unclear(reason):
                self._note_unsure(entry, snapshot)
                return self._park(entry, snapshot, NeedsPerson(TaskKind.ACTION_UNCLEAR, reason))
            case Refused(reason):
                return self._refused(entry, snapshot, NeedsPerson(TaskKind.ACTION_REFUSED, reason))
            case _:
                return self._refused(entry, snapshot, outcome)

    def _write_down(self, entry: Entry, written: Written) -> None:
        """Keep what was written or taken back, then look whether the response is still what it was."""
        if entry.operation not in {Operation.WRITE, Operation.UNDO}:
            return
        if entry.operation is Operation.WRITE:
            self.deps.effects.keep_written(entry.invitation_id, entry.effect, written)
        elif written.record:
            self.deps.effects.keep_written(entry.invitation_id, entry.effect, replace(written, version=TAKEN_BACK))
        else:
            self.deps.effects.forget_written(entry.invitation_id, entry.effect)
        stands = self.deps.responses.snapshot(entry.invitation_id)
        if written.record and (stands is None or entry.effect not in stands.effects.written):
            self._erase(entry, dict(written.record))
        elif stands:
            self._look_again(entry, stands)

    def _put_off(self, entry: Entry, later: Later, snapshot: Snapshot | None) -> Verdict:
        """Try again later; park what has failed for too long."""
        now = self.deps.clock()
        self._failed(later.reason, now)
        if now - entry.first_due_at > PATIENCE and entry.attempts >= _FEWEST:
            if self._perhaps_written(replace(entry, claimed_at=None)):
                self._note_unsure(entry, snapshot)
            return self._park(entry, snapshot, NeedsPerson(TaskKind.ACTION_UNCLEAR, later.reason))
        self.due_at = now + pause(entry.attempts, later.after, self.deps.chance)
        self.deps.outbox.store(replace(entry, due_at=self.due_at, claimed_at=None, reason=later.reason), entry)
        if later.everybody:
            return self._rest(self.due_at)
        if self.state.failures >= _IN_A_ROW:
            return self._rest(now + pause(self.state.failures - _IN_A_ROW + 1, None, self.deps.chance))
        return Verdict.WAITS

    def _denied(self, entry: Entry, reason: str) -> Verdict:
        now = self.deps.clock()
        self._failed(reason, now)
        self.state = replace(self.state, denied=reason, denied_at=now)
        self.drained.denied = True
        self.deps.outbox.store(replace(entry, claimed_at=None, reason=reason), entry)
        return Verdict.RESTS

    def _refused(self, entry: Entry, snapshot: Snapshot | None, found: NeedsPerson) -> Verdict:
        """Nothing was written now; an attempt before may have been, whose looking up was what the system refused."""
        if entry.attempts > 1 and self._perhaps_written(replace(entry, claimed_at=None)):
            self._note_unsure(entry, snapshot)
        return self._park(entry, snapshot, found)

    def _failed(self, reason: str, now: datetime) -> None:
        self.state = replace(self.state, failures=self.state.failures + 1, failed_at=now, failure=reason)

    def _rest(self, until: datetime) -> Verdict:
        self.state = replace(self.state, rests_until=until)
        return Verdict.RESTS

    def _park(self, entry: Entry, snapshot: Snapshot | None, found: NeedsPerson) -> Verdict:
        """Leave it to a person, who is told; an erasure is over then, and its task says what remains."""
        now = self.deps.clock()
        self.deps.tasks.keep_task(task_of(entry, snapshot, self.connection, found, now), "", now)
        listed = entry.operation is Operation.ERASE and found.kind is TaskKind.ERASE_BY_HAND
        return self._end(entry, EntryState.DONE if listed else EntryState.PARKED, found.reason)

    # What is written down

    def _end(self, entry: Entry, state: EntryState, reason: str) -> Verdict:
        """End the entry. It keeps no customer, and its text only while somebody may retry it."""
        content = entry.content if state is EntryState.PARKED else {}
        ended = replace(entry, state=state, reason=reason, ended_at=self.deps.clock(), customer_id="", content=content)
        self.deps.outbox.store(ended, entry)
        self.drained.ended[state] += 1
        return Verdict.OVER

    def _note_unsure(self, entry: Entry, snapshot: Snapshot | None) -> None:
        if snapshot is None or entry.operation not in {Operation.WRITE, Operation.UNDO}:
            return
        written = snapshot.effects.written.get(entry.effect)
        noted = unsure(entry, entry.action, written, self.deps.clock())
        self.deps.effects.keep_written(entry.invitation_id, entry.effect, noted)

    def _look_again(self, entry: Entry, snapshot: Snapshot) -> None:
        """Ask to look at a response that changed while it was written: who looked before knew of no writing."""
        version = version_of(snapshot.invitation.answer)
        if version != entry.version:
            now = self.deps.clock()
            self.deps.wakes.settle(entry.invitation_id, version, now, now - now)

    def _erase(self, entry: Entry, record: dict[str, str]) -> None:
        """Remove what was written about somebody who was erased at this very moment."""
        now = self.deps.clock()
        erasure = replace(
            entry,
            place=place_of(now, mark_id(entry), entry.effect),
            operation=Operation.ERASE,
            due_at=now,
            customer_id="",
            attempts=0,
            claimed_at=None,
            reason="",
            content=record,
        )
        self.deps.outbox.put([erasure])
        self.deps.wakes.drain(entry.connection)


def _unknown(entry: Entry, snapshot: Snapshot | None) -> bool:
    """Return whether an earlier entry of this effect may have written what nobody can look up."""
    written = snapshot.effects.written.get(entry.effect) if snapshot else None
    if written is None or entry.operation is not Operation.WRITE or entry.forced_since(written.at):
        return False
    return written.version == UNSURE and not written.record


def mark_id(entry: Entry) -> str:
    """Return what an erasure is about, as a part of its place."""
    return f"{entry.invitation_id}:erase"


def _step(action: Action, operation: Operation) -> Step:
    steps = {Operation.WRITE: action.write, Operation.UNDO: action.undo, Operation.ERASE: action.erase}
    return steps.get(operation) or action.tell or action.write
