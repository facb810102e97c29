"""Evaluation: the effects that workflows want of a response against those that are written, as entries of the outbox.

Effects are reconciled, not fired: looking twice, late or in another order changes nothing (ADR 0062).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbill.model.billing import CustomerRef, OperatorTask
from afterbill_actions.connection import Connection
from afterbill_actions.effects import TAKEN_BACK, effect_name
from afterbill_actions.exemptions import SEEN_WITHIN, fires_nothing, loops
from afterbill_actions.matching import held, judge, judge_event, needs_earlier
from afterbill_actions.outbox import Entry, Operation, place_of
from afterbill_actions.outcome import TaskKind
from afterbill_actions.ports import Outbox, Responses, Snapshot, Tasks, Wakes, WorkflowsSeen
from afterbill_actions.told import told
from afterbill_actions.version import version_of
from afterbill_actions.wake import Settle, Tell
from afterbill_actions.workflow import MOST_VERSIONS, SETTLES_AFTER_SECONDS, ActionOf, Configuration

SETTLES_AFTER = timedelta(seconds=SETTLES_AFTER_SECONDS)
_NEXT = timedelta(microseconds=1)
"""So much later is the place of what is written than of what is taken back: two workflows may write the same tag."""


@dataclass(frozen=True, slots=True)
class EvaluateDeps:
    """The ports of evaluation, and the moment `now` of the run."""

    configuration: Configuration
    responses: Responses
    outbox: Outbox
    wakes: Wakes
    seen: WorkflowsSeen
    tasks: Tasks
    now: datetime


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The entries that were put, and in words why there are none."""

    entries: Sequence[Entry] = ()
    reason: str = ""


def evaluate(message: Settle, deps: EvaluateDeps) -> Evaluated:
    """Put what a response sets in motion into the outbox, and wake the connections; all of it may be repeated."""
    snapshot = deps.responses.snapshot(message.invitation_id, with_earlier=_looks_back(deps.configuration))
    if snapshot is None:
        return Evaluated(reason="nothing is left of the response")
    if version_of(snapshot.invitation.answer) != message.version:
        return Evaluated(reason="the answer changed since: a later message looks at it")
    if loops(snapshot):
        _tell_of_loop(snapshot, deps)
        return Evaluated(reason=f"it has more than {MOST_VERSIONS} versions: a workflow may fire on what it wrote")
    if reason := fires_nothing(snapshot, snapshot.effects.published_at or message.at):
        return Evaluated(reason=reason)
    return _put(list(_entries(_Settled(message, snapshot), deps)), deps)


def evaluate_event(message: Tell, deps: EvaluateDeps) -> Evaluated:
    """Put what workflows tell of an event about no response into the outbox, once however often it is repeated."""
    event = message.event
    since = _since(deps)
    wanted = {
        effect_name(workflow.name, do.connection, do.action): do
        for workflow in deps.configuration.workflows.values()
        if event.at >= since[workflow.name] and held(judge_event(workflow.when, event))
        for do in workflow.do
    }
    entries = [
        Entry(
            connection=do.connection,
            place=place_of(event.at, event.id, effect),
            effect=effect,
            operation=Operation.TELL,
            due_at=event.at,
            customer_id=str(event.detail.get("customer", "")),
            content=told(event, do.settings),
        )
        for effect, do in wanted.items()
    ]
    return _put(entries, deps)


def desired(snapshot: Snapshot, configuration: Configuration, since: Mapping[str, datetime]) -> Mapping[str, ActionOf]:
    """Return the effects, by name, that workflows want of a response as it stands now.

    `since` is from when on each workflow counts; answers from before fire nothing. A shop is told of its own alone.
    """
    return {
        effect_name(workflow.name, do.connection, do.action): do
        for workflow in configuration.workflows.values()
        if not is_older(snapshot, since[workflow.name]) and held(judge(workflow.when, snapshot))
        for do in workflow.do
        if not is_foreign(snapshot, configuration.connections[do.connection])
    }


def is_foreign(snapshot: Snapshot, connection: Connection) -> bool:
    """Return True where a connection knows nothing of the source that a response is about."""
    return connection.exclusive and connection.source != snapshot.invitation.source


def is_older(snapshot: Snapshot, since: datetime) -> bool:
    """Return True for a response that was answered before a workflow was seen first."""
    answered_at = snapshot.invitation.answered_at
    return answered_at is not None and answered_at < since


@dataclass(frozen=True, slots=True)
class _Settled:
    """A version of a response that is looked at."""

    message: Settle
    snapshot: Snapshot

    @property
    def due_at(self) -> datetime:
        """The end of the quiet time: the same for every repeat of the message."""
        answer = self.snapshot.invitation.answer
        return self.message.at + (SETTLES_AFTER if answer and answer.confirmed else timedelta(0))

    def undo(self, effect: str, connection: str) -> Entry:
        """Return the entry that takes an effect back."""
        return self._entry(Operation.UNDO, effect, connection, timedelta(0))

    def write(self, effect: str, connection: str) -> Entry:
        """Return the entry that writes or updates an effect, behind all that is taken back."""
        return self._entry(Operation.WRITE, effect, connection, _NEXT)

    def _entry(self, operation: Operation, effect: str, connection: str, behind: timedelta) -> Entry:
        return Entry(
            connection=connection,
            place=place_of(self.due_at + behind, f"{self.message.invitation_id}:{self.message.version}", effect),
            effect=effect,
            operation=operation,
            due_at=self.due_at,
            invitation_id=self.message.invitation_id,
            version=self.message.version,
            customer_id=self.snapshot.invitation.customer_id,
        )


def _entries(settled: _Settled, deps: EvaluateDeps) -> Iterator[Entry]:
    """Yield what has to be taken back, then what has to be written."""
    effects = settled.snapshot.effects
    wanted = desired(settled.snapshot, deps.configuration, _since(deps))
    for effect, there in effects.written.items():
        known = there.connection in deps.configuration.connections
        if effect not in wanted and known and there.version != TAKEN_BACK:
            yield settled.undo(effect, there.connection)
    for effect, do in wanted.items():
        written = effects.written.get(effect)
        if written is None or written.version != settled.message.version:
            yield settled.write(effect, do.connection)


def _put(entries: Sequence[Entry], deps: EvaluateDeps) -> Evaluated:
    if not entries:
        return Evaluated(reason="no workflow wants anything that is not done")
    deps.outbox.put(entries)
    for connection in dict.fromkeys(entry.connection for entry in entries):
        deps.wakes.drain(connection)
    return Evaluated(entries)


def _looks_back(configuration: Configuration) -> bool:
    return needs_earlier(workflow.when for workflow in configuration.workflows.values())


def _since(deps: EvaluateDeps) -> Mapping[str, datetime]:
    return deps.seen.seen(deps.configuration.workflows.keys(), deps.now - SEEN_WITHIN)


def _tell_of_loop(snapshot: Snapshot, deps: EvaluateDeps) -> None:
    """Keep one task, whatever the number of further versions."""
    invitation = snapshot.invitation
    effects = ", ".join(sorted(snapshot.effects.written))
    task = OperatorTask(
        source=invitation.source,
        kind=TaskKind.WORKFLOW_LOOP,
        id=invitation.id,
        occurred_at=deps.now,
        customer=CustomerRef(own_id=invitation.customer_id or None),
        details={"versions": str(snapshot.effects.versions), "written": effects, "invitation": invitation.id},
    )
    deps.tasks.keep_task(task, "", deps.now)
