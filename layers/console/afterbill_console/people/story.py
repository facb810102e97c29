"""The story of one customer, step by step: facts, decisions, deliveries, visits, answers, notes and tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from afterbill.answers.external import COLLECTED
from afterbill.model.invitation import Deferral, Invitation, SkipReason, State
from afterbill.model.visits import Kind
from afterbill_actions.effects import UNSURE, Effects, Written
from afterbill_console.people.handling import Handled
from afterbill_console.people.ports import Task


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the past or the future; `kind` names its text, and `values` what the text takes.

    `moment` is a second moment, as that until which a survey waits; `reason` a SkipReason. `handled` is the answer or
    the fact that it is about.
    """

    at: datetime
    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    moment: datetime | None = None
    reason: str = ""
    handled: Handled | None = None
    task: Task | None = None
    text: str = ""


def steps(
    answers: Iterable[Handled], tasks: Iterable[Task], now: datetime, effects: Iterable[Effects] = ()
) -> Sequence[Step]:
    """Return all steps, the newest first."""
    found = [step for one in answers for step in _of(one, now)]
    found += [Step(one.at, "written", _written(one)) for each in effects for one in each.written.values()]
    found += [step for task in tasks for step in _of_task(task)]
    # Of one moment, what followed stands above what it followed from.
    return sorted(found, key=lambda step: step.at)[::-1]


def _written(one: Written) -> Mapping[str, str]:
    """Return what an effect is called, and whether it is certain that it stands there."""
    return {"action": one.action, "connection": one.connection, "unsure": "yes" if one.version == UNSURE else ""}


def _of_task(task: Task) -> Iterator[Step]:
    yield Step(task.occurred_at, "task", {"source": task.source}, task.due_at, task=task)
    if task.done_at:
        yield Step(task.done_at, "task_done", {"source": task.source}, task=task)


def _of(handled: Handled, now: datetime) -> Iterator[Step]:
    one = handled.response
    if one.reason != COLLECTED:
        yield Step(one.occurred_at, "fact", {"source": one.source}, handled=handled)
        yield from _decided(one, now)
        yield from _sent(one)
        yield from _used(one)
    if one.answer and one.answered_at:
        collected = "_elsewhere" if one.reason == COLLECTED else ""
        yield Step(one.answered_at, f"answered{collected}", handled=handled)
    yield from (
        Step(note.at, "note", {"who": note.who}, handled=handled, text=note.text) for note in handled.handling.notes
    )


def _decided(one: Invitation, now: datetime) -> Iterator[Step]:
    if one.state is State.CLOSED and one.closed_at is None:
        yield Step(one.created_at, "skipped", reason=one.reason)
    else:
        yield Step(one.created_at, "decided", moment=one.due_at)
    yield from map(_deferred, one.deferrals)
    if one.closed_at:
        yield Step(one.closed_at, "closed", reason=one.reason)
    elif one.state is State.PENDING:
        overdue = now > one.ready_at
        yield Step(max(one.ready_at, now), "overdue" if overdue else "planned", moment=one.ready_at)


def _deferred(wait: Deferral) -> Step:
    held = "held" if wait.reason is SkipReason.STOPPED else "deferred"
    return Step(wait.at, held, moment=wait.until, reason=wait.reason)


def _sent(one: Invitation) -> Iterator[Step]:
    if one.claimed_at:
        yield Step(one.claimed_at, "claimed")
    if one.sent_at:
        first = one.follow_ups[0].channel if one.follow_ups else one.channel
        yield Step(one.sent_at, "sent", {"channel": first})
    yield from (Step(each.at, "follow_up", {"channel": each.channel}) for each in one.follow_ups[1:])
    if one.reminded_at:
        yield Step(one.reminded_at, "reminded")
    if one.delivered_at:
        yield Step(one.delivered_at, "delivered")
    elif one.delivery and one.delivery.adverse and one.last_at:
        yield Step(one.last_at, one.delivery.name.lower())


def _used(one: Invitation) -> Iterator[Step]:
    """Yield the uses of its links in short: single ones tell a support agent nothing."""
    uses = [visit for visit in one.visits if visit.kind in {Kind.OPENED, Kind.SEEN}]
    if uses:
        yield Step(max(visit.at for visit in uses), "opened", {"n": str(len(uses))})
    machines = sum(visit.kind not in {Kind.OPENED, Kind.SEEN} for visit in one.visits)
    machines += sum(condensed.visits for condensed in one.condensed)
    if machines:
        last = max([visit.at for visit in one.visits] + [condensed.until for condensed in one.condensed])
        yield Step(last, "other_uses", {"n": str(machines)})
    if one.shown_at:
        yield Step(one.shown_at, "shown")
    if one.dismissed_at:
        yield Step(one.dismissed_at, "dismissed")
