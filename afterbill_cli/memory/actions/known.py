"""Known over the items of MemoryTable: a customer's answers before, as events compare them."""

from collections.abc import Collection
from dataclasses import dataclass

from afterbill.model.invitation import Invitation
from afterbill_actions.earlier import newest_before
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryKnown:
    """Known over a table in memory."""

    table: MemoryTable

    def restricted(self) -> Collection[str]:
        """Those who are restricted."""
        return {one.id for one in self.table.people.values() if one.restricted_at}

    def earlier(self, invitation: Invitation) -> Invitation | None:
        """Their answer before."""
        own = [one for one in self.table.invitations.values() if one.customer_id == invitation.customer_id]
        return newest_before(invitation, own)
