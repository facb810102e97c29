"""The table in memory as the answer API sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill.model.invitation import Invitation
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryCollecting(MemoryTable):
    """Collecting over plain dictionaries."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known."""
        return {alias: self.aliases[alias] for alias in aliases if alias in self.aliases}

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store it, unless one of its id is there."""
        known = self.invitations.setdefault(invitation.id, invitation)
        return None if known is invitation else known
