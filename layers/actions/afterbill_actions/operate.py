"""Acts of people on entries of the outbox: try again, drop."""

from dataclasses import dataclass, replace
from datetime import datetime

from afterbill_actions.outbox import Entry, EntryState, Operation
from afterbill_actions.ports import Connections, Outbox, Responses, Wakes

RETRIABLE = frozenset({EntryState.OPEN, EntryState.PARKED, EntryState.DROPPED, EntryState.DONE})
DROPPABLE = frozenset({EntryState.OPEN, EntryState.PARKED})


@dataclass(frozen=True, slots=True)
class OperateDeps:
    """The stores that acts change."""

    outbox: Outbox
    connections: Connections
    responses: Responses
    wakes: Wakes


def retry(entry: Entry, deps: OperateDeps, now: datetime) -> Entry | None:
    """Have an entry carried out again, from now on; None where it changed meanwhile, or cannot be.

    What is done is done once more: the action looks first wherever it can. The text of what was told is not kept.
    """
    if entry.state not in RETRIABLE or (entry.over and _untellable(entry)):
        return None
    about_one = entry.operation in {Operation.WRITE, Operation.UNDO}
    snapshot = deps.responses.snapshot(entry.invitation_id) if about_one else None
    if about_one and snapshot is None:
        return None
    again = replace(
        entry,
        state=EntryState.OPEN,
        due_at=now,
        claimed_at=None,
        reason="",
        ended_at=None,
        customer_id=snapshot.invitation.customer_id if snapshot else entry.customer_id,
        forced_at=now,
    )
    if not deps.outbox.store(again, entry):
        return None
    deps.connections.rewind(entry.connection, entry.place)
    deps.wakes.drain(entry.connection)
    return again


def drop(entry: Entry, deps: OperateDeps, now: datetime, reason: str = "") -> Entry | None:
    """Let an entry be: nothing more is called for it; None where it is over, or changed meanwhile."""
    if entry.state not in DROPPABLE:
        return None
    dropped = replace(
        entry, state=EntryState.DROPPED, reason=reason or entry.reason, ended_at=now, customer_id="", content={}
    )
    return dropped if deps.outbox.store(dropped, entry) else None


def _untellable(entry: Entry) -> bool:
    """Return whether its text or record is gone."""
    return entry.operation in {Operation.TELL, Operation.ERASE} and not entry.content
