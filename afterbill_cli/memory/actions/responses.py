"""Responses as actions read them, in memory."""

from dataclasses import dataclass

from afterbill_actions.effects import Effects
from afterbill_actions.ports import Snapshot
from afterbill_actions.responses import addressed, earlier, ids_by_objects
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.items import MemoryItems


@dataclass
class MemoryActionResponses:
    """Responses over the items of MemoryTable."""

    table: MemoryItems
    effects: MemoryEffects

    def snapshot(self, invitation_id: str, *, with_earlier: bool = False) -> Snapshot | None:
        """The response as it stands; None where nothing is left of it."""
        if self.table.alive(invitation_id) is None:
            return None
        invitation = self.table.invitation(invitation_id)
        if invitation is None:
            return None
        customer = self.table.customer(invitation.customer_id)
        begins = f"{invitation.source}#"
        names = sorted(name for name, owner in self.table.aliases.items() if owner == invitation.customer_id != "")
        return Snapshot(
            invitation,
            customer,
            self.effects.held.get(invitation_id, Effects(invitation_id)),
            ids_by_objects(invitation) or tuple(n.removeprefix(begins) for n in names if n.startswith(begins)),
            addressed(invitation, customer),
            earlier(invitation, self.table.invitations.values()) if with_earlier and invitation.customer_id else (),
        )
