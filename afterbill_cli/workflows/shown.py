"""The output of commands about workflows: as JSON, and as lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from afterbill_actions.effects import TAKEN_BACK, UNSURE, Written
from afterbill_actions.explain import Explained, Judged
from afterbill_actions.matching import category_of
from afterbill_actions.outbox import Entry
from afterbill_actions.outcome import Done, NeedsPerson, Outcome
from afterbill_actions.trial import Tried
from afterbill_actions.workflow import ActionOf, When, Workflow

_STATES = {UNSURE: "unsure", TAKEN_BACK: "taken back"}
"""States of what was written, by versions that no answer has."""


def stated_workflow(workflow: Workflow, since: datetime | None) -> dict[str, Any]:
    """Return a workflow with its conditions as far as they are set, and since when it is deployed."""
    return {
        "name": workflow.name,
        "when": conditions(workflow.when),
        "do": [_action(one) for one in workflow.do],
        "since": since.isoformat() if since else None,
    }


def conditions(when: When) -> dict[str, Any]:
    """Return the conditions that are set, by their keys in actions.toml."""
    found: dict[str, Any] = {}
    for name in When.__dataclass_fields__:
        value = getattr(when, name)
        if value is None or value in ((), frozenset(), "") or name == "currency":
            continue
        found[name] = (
            sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
        )
    if when.recurring_at_least is not None:
        found["recurring_at_least"] = f"{when.recurring_at_least} {when.currency} in minor units"
    return found


def workflow_lines(stated: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one workflow."""
    yield f"{stated['name']}: {', '.join(stated['do'])}"
    for name, value in stated["when"].items():
        yield f"  when {name}: {', '.join(map(str, value)) if isinstance(value, list) else str(value).lower()}"
    yield (
        f"  deployed since {_moment(stated['since'])}"
        if stated["since"]
        else "  not deployed yet, or nothing happened since"
    )


def stated_response(explained: Explained, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what is known of a response; neither comment nor address."""
    snapshot, invitation = explained.snapshot, explained.snapshot.invitation
    restricted = snapshot.customer is not None and snapshot.customer.restricted_at is not None
    answer = None if restricted else invitation.answer
    return {
        "response": invitation.id,
        "touchpoint": str(invitation.touchpoint),
        "question": str(invitation.question),
        "rating": answer.rating if answer else None,
        "category": category_of(invitation) if answer else None,
        "confirmed": answer.confirmed if answer else None,
        "version": explained.version,
        "versions": snapshot.effects.versions,
        "waits": explained.waits,
        "workflows": [] if restricted else [_judged(one) for one in explained.workflows],
        "fires_nothing": explained.workflows[0].against if restricted and explained.workflows else "",
        "written": [_written(name, one, explained.version) for name, one in sorted(snapshot.effects.written.items())],
        "outbox": [_entry(entry) for entry in entries],
    }


def response_lines(stated: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a response."""
    rating = "no answer" if stated["rating"] is None else f"{stated['rating']}, {stated['category']}"
    yield f"response {stated['response']}: {stated['question']}, {rating}, {stated['touchpoint']}"
    yield from (f"  {text}" for text in (stated["waits"], stated["fires_nothing"]) if text)
    for one in stated["workflows"]:
        yield ""
        yield f"workflow {one['name']}: {'fires' if one['fires'] else 'does not fire'}: {', '.join(one['do'])}"
        yield from [f"  no: {one['against']}"] * bool(one["against"])
        yield from (f"  no: {each}: its system knows nothing of this source" for each in one["left_out"])
        for found in one["conditions"]:
            yield f"  {'yes' if found['held'] else 'no'}: {found['condition']}: {found['why']}"
    yield ""
    yield from _section("written", "nothing is written", [_written_line(one) for one in stated["written"]])
    yield from _section("outbox", "nothing stands in the outbox", [_entry_line(one) for one in stated["outbox"]])


def stated_trial(tried: Tried) -> dict[str, Any]:
    """Return what came of trying an action."""
    removed = tried.removed
    return {
        "action": _action(tried.action),
        "succeeded": tried.succeeded,
        "written": _outcome(tried.written),
        "record": dict(tried.written.record) if isinstance(tried.written, Done) else {},
        "removed": _outcome(removed) if removed else None,
    }


def trial_lines(stated: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an action that was tried."""
    record = ", ".join(f"{name} {value}" for name, value in stated["record"].items())
    yield f"{stated['action']}: written: {stated['written']}{f' ({record})' if record else ''}"
    if stated["removed"]:
        yield f"  removed: {stated['removed']}"


def _judged(one: Judged) -> dict[str, Any]:
    findings = [{"condition": each.condition, "held": each.held, "why": each.why} for each in one.findings]
    return {
        "name": one.workflow.name,
        "fires": one.fires,
        "against": one.against,
        "conditions": findings,
        "do": [_action(each) for each in one.workflow.do],
        "left_out": [_action(each) for each in one.foreign],
        "since": one.since.isoformat() if one.since else None,
    }


def _action(action: ActionOf) -> str:
    return f"{action.connection}.{action.action}"


def _written(name: str, one: Written, version: str) -> dict[str, Any]:
    state = _STATES.get(one.version, "current" if one.version == version else "older")
    return {"effect": name, "state": state, "at": one.at.isoformat(), "record": dict(one.record)}


def _written_line(one: Mapping[str, Any]) -> str:
    record = ", ".join(f"{name} {value}" for name, value in one["record"].items())
    return f"{_moment(one['at'])}: {one['effect']}, {one['state']}{f': {record}' if record else ''}"


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "connection": entry.connection,
        "place": entry.place,
        "effect": entry.effect,
        "operation": str(entry.operation),
        "state": str(entry.state),
        "version": entry.version,
        "attempts": entry.attempts,
        "due_at": entry.due_at.isoformat(),
        "ended_at": entry.ended_at.isoformat() if entry.ended_at else None,
        "reason": entry.reason,
    }


def _entry_line(one: Mapping[str, Any]) -> str:
    reason = f": {one['reason']}" if one["reason"] else ""
    at = one["ended_at"] or one["due_at"]
    return f"{_moment(at)}: {one['operation']} {one['effect']}, {one['state']}, attempts {one['attempts']}{reason}"


def _moment(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"


def _section(title: str, nothing: str, lines: Sequence[str]) -> Iterator[str]:
    yield title if lines else nothing
    yield from (f"  {line}" for line in lines)


def _outcome(outcome: Outcome) -> str:
    if isinstance(outcome, Done):
        return "done"
    kind = f"needs a person ({outcome.kind})" if isinstance(outcome, NeedsPerson) else type(outcome).__name__.lower()
    return f"{kind}: {getattr(outcome, 'reason', 'it goes on')}"
