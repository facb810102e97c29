"""Tasks that actions leave to a person."""

from datetime import datetime

from afterbill.model.billing import CustomerRef, OperatorTask
from afterbill.model.campaigns import CAMPAIGNS
from afterbill_actions.connection import Connection
from afterbill_actions.outbox import Entry, Operation
from afterbill_actions.outcome import NeedsPerson
from afterbill_actions.ports import Snapshot


def task_of(
    entry: Entry, snapshot: Snapshot | None, connection: Connection, found: NeedsPerson, now: datetime
) -> OperatorTask:
    """Return the task that tells why an entry waits for a person, one for each effect and version.

    That of an erasure names the record in the other system, and nobody. What belongs to no source is afterbill's own.
    """
    invitation = snapshot.invitation if snapshot else None
    record = dict(entry.content) if entry.operation is Operation.ERASE else {}
    details = {**record, **found.details, "connection": entry.connection, "action": entry.action}
    details |= {"place": entry.place, "reason": found.reason}
    details |= {"invitation": entry.invitation_id} if invitation else {}
    return OperatorTask(
        source=(invitation.source if invitation else connection.source) or CAMPAIGNS,
        kind=found.kind,
        id=entry.place.partition("#")[2] or entry.place,
        occurred_at=now,
        customer=CustomerRef(own_id=(invitation.customer_id if invitation else None) or None),
        details={name: str(value) for name, value in details.items()},
    )
