"""Surveys inside the product and plain links, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.in_product import unseen
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryInProduct:
    """InProductTable over the table in memory."""

    table: MemoryTable

    def customer_called(self, alias: str) -> Customer | None:
        """The customer a source knows by this name."""
        return self.table.customer(self.table.aliases.get(alias, ""))

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        return self.table.invitation(invitation_id)

    def seen(self, customer: Customer, now: datetime) -> None:
        """The customer uses the product."""
        known = self.table.people.get(customer.id)
        if known and not known.merged_into and unseen(known, now):
            self.table.people[known.id] = replace(known, last_seen_at=now, version=known.version + 1)

    def show(self, invitation_id: str, now: datetime) -> bool:
        """It is shown now, to the first who asks."""
        stored = self.table.invitations.get(invitation_id)
        if stored is None or stored.state is not State.SENT or not stored.answerable(now):
            return False
        if stored.shown_at or stored.dismissed_at or stored.answer:
            return False
        self.table.invitations[invitation_id] = replace(stored, shown_at=now)
        return True

    def dismiss(self, invitation_id: str, now: datetime) -> None:
        """It is not wanted."""
        stored = self.table.invitations.get(invitation_id)
        if stored and not stored.dismissed_at and not stored.answer:
            self.table.invitations[invitation_id] = replace(stored, dismissed_at=now)

    def open(self, invitation: Invitation) -> None:
        """Keep an invitation that a plain link made."""
        self.table.invitations.setdefault(invitation.id, invitation)


@dataclass
class MemoryUserKeys:
    """`upcoming` secrets become known at the next refresh, as after a rotation."""

    known: Sequence[str] = ("a secret of the operator's backend",)
    upcoming: Sequence[str] = field(default=())

    def in_product(self) -> Sequence[str]:
        """Those known now."""
        return self.known

    def survey_key(self) -> bytes:
        """Always the same."""
        return b"a key for surveys of users"

    def refresh(self) -> bool:
        """Done only where something is new."""
        news, self.known, self.upcoming = bool(self.upcoming), (*self.upcoming, *self.known), ()
        return news
