"""The job of an entry, from how its response stands now; or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from afterbill_actions.connection import Connection
from afterbill_actions.connector import Action, Job
from afterbill_actions.effects import TAKEN_BACK, UNSURE, Written
from afterbill_actions.outbox import Entry, EntryState, Operation
from afterbill_actions.ports import Snapshot
from afterbill_actions.version import version_of


@dataclass(frozen=True, slots=True)
class End:
    """The end of an entry for which nothing is called."""

    state: EntryState
    reason: str


STANDS = End(EntryState.DONE, "it stands there already")
NEVER = End(EntryState.DONE, "nothing stands there")
GONE = End(EntryState.DROPPED, "nothing is left of the response")
NEWER = End(EntryState.SUPERSEDED, "the answer changed since")
RESTRICTED = End(EntryState.SUPERSEDED, "the customer's data are restricted")
UNWANTED = End(EntryState.DROPPED, "no workflow has this action any more")
UNKNOWN = End(EntryState.DROPPED, "the connection has no such action any more")


def mark_of(invitation_id: str) -> str:
    """Return what makes our writing recognisable in another system."""
    return f"afterbill-{invitation_id}"


def plan(
    entry: Entry, snapshot: Snapshot | None, connection: Connection, settings: Mapping[str, Any] | None, link: str
) -> Job | End:
    """Return the job of a WRITE or an UNDO, or its end."""
    if snapshot is None:
        return GONE
    written = snapshot.effects.written.get(entry.effect)
    if end := _needless(entry, snapshot, written):
        return end
    if entry.operation is Operation.WRITE and settings is None:
        return UNWANTED
    return _job(entry, snapshot, connection, settings or {}, link)


def _needless(entry: Entry, snapshot: Snapshot, written: Written | None) -> End | None:
    writes = entry.operation is Operation.WRITE
    if writes and written and written.version == entry.version and not entry.forced_since(written.at):
        return STANDS
    if not writes and (written is None or written.version == TAKEN_BACK):
        return NEVER
    if version_of(snapshot.invitation.answer) != entry.version:
        return NEWER
    restricted = snapshot.customer is not None and snapshot.customer.restricted_at is not None
    return RESTRICTED if writes and restricted else None


def _job(entry: Entry, snapshot: Snapshot, connection: Connection, settings: Mapping[str, Any], link: str) -> Job:
    """Another source's ids mean nothing in a system: there its customer is known by their address only."""
    invitation, written = snapshot.invitation, snapshot.effects.written.get(entry.effect)
    known = bool(connection.source) and connection.source == invitation.source
    address = snapshot.customer.address if snapshot.customer and snapshot.addressed else None
    return Job(
        settings,
        mark_of(entry.invitation_id),
        link,
        invitation if known else replace(invitation, objects={}),
        snapshot.customer,
        mail_address=address or "",
        customer_ids=snapshot.customer_ids if known else (),
        written=written if written and written.record else None,
        version=entry.version,
        maybe=entry.attempts > 0 or (written is not None and written.version == UNSURE),
        lost=entry.claimed_at is not None or _unheard(entry, written),
        reason="" if entry.operation is Operation.WRITE else _reason(invitation.answer is None),
    )


def _unheard(entry: Entry, written: Written | None) -> bool:
    """Return whether an earlier entry may have written of which nobody heard; a person may have decided since."""
    return written is not None and written.version == UNSURE and not entry.forced_since(written.at)


def _reason(machine: bool) -> str:  # noqa: FBT001  # of two words about one thing
    return "machine" if machine else "changed"


def job_of_erasure(entry: Entry, settings: Mapping[str, Any] | None) -> Job:
    """Return the job that removes what was written about a person who is erased: their record there is all we know."""
    record = {str(name): str(value) for name, value in entry.content.items()}
    written = Written(entry.connection, entry.action, entry.version or UNSURE, entry.first_due_at, record)
    return Job(
        settings or {},
        mark_of(entry.invitation_id),
        written=written if record else None,
        maybe=not record or entry.attempts > 0,
        lost=entry.claimed_at is not None,
        reason="erased",
    )


def job_of_text(entry: Entry, settings: Mapping[str, Any] | None, link: str) -> Job:
    """Return the job that tells a text; its mark is that of the text, which a repeat of it shares."""
    mark = entry.place.partition("#")[2] or entry.place
    lost = entry.claimed_at is not None
    return Job(settings or {}, mark, link, maybe=entry.attempts > 0, lost=lost, text=entry.content)


def unsure(entry: Entry, action: str, written: Written | None, now: datetime) -> Written:
    """Return what stands for a writing of which nobody heard whether it was made."""
    before = written or Written(entry.connection, action, UNSURE, now)
    return replace(before, version=UNSURE, at=now)


def possible(action: Action | None, operation: Operation) -> bool:
    """Return whether a connector can do this."""
    return action is not None and (operation is not Operation.TELL or action.tell is not None)
