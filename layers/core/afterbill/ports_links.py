"""What short and personal links need from the world, under the same promises as in ports.py."""

from typing import Protocol

from afterbill.domain.codes import Code
from afterbill.domain.invitation import Invitation


class Codes(Protocol):
    """Short links, and whose phones they were sent to."""

    def keep(self, code: Code) -> bool:
        """Write it down, or find it as it was written before; False where another invitation has this code."""

    def code(self, code: str) -> Code | None:
        """The short link of this code."""

    def holder(self, phone_hash: str) -> str:
        """Id of the customer whose phone this was when it was last written to; empty where nobody is known."""


class Referrals(Protocol):
    """The invitations whose customers hand a link on."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count one visit of its personal link; the invitation as it stands then: one call."""
