"""Short links, personal links and unwanted numbers in memory."""

from dataclasses import dataclass, field, replace

from afterbill.model.invitation import Invitation
from afterbill.model.short_links import ShortLink
from afterbill_cli.memory.responses import MemoryResponses


@dataclass
class MemoryCodes(MemoryResponses):
    """Codes, Referrals and Suppressions over plain dictionaries."""

    codes: dict[str, ShortLink] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)

    def keep(self, code: ShortLink) -> bool:
        """Write it down, unless another invitation has it."""
        known = self.codes.get(code.text)
        if known and known.invitation_id != code.invitation_id:
            return False
        self.codes[code.text] = code
        self.holders[code.phone_hash] = code.customer_id
        return True

    def code(self, code: str) -> ShortLink | None:
        """The short link of this code."""
        return self.codes.get(code)

    def holder(self, phone_hash: str) -> str:
        """Whose phone this was."""
        return self.holders.get(phone_hash, "")

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count one visit of its personal link."""
        stored = self.invitations.get(invitation_id)
        if stored:
            self.invitations[invitation_id] = replace(stored, referred=stored.referred + 1)
        return self.invitations.get(invitation_id)

    def suppressed(self, address_hash: str) -> bool:
        """Whether this is never written to again."""
        return address_hash in self.suppressions
