"""Taps that wait to be judged, and what came of them, in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.ports import Tapped
from afterbill.model.invitation import Invitation


@dataclass
class MemoryTaps:
    """Taps and Settling over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    waiting: dict[str, Tapped] = field(default_factory=dict)

    def await_settling(self, invitation_id: str, now: datetime) -> None:
        """Raise the version, and keep the time."""
        known = self.waiting.get(invitation_id) or Tapped(invitation_id, 0, now)
        self.waiting[invitation_id] = replace(known, version=known.version + 1)

    def unsettled(self) -> Collection[Tapped]:
        """Every mark."""
        return list(self.waiting.values())

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        return self.invitations.get(invitation_id)

    def settle_answer(self, invitation: Invitation) -> bool:
        """Store the unconfirmed answer or the label."""
        stored = self.invitations.get(invitation.id)
        if stored is None or len(stored.visits) != len(invitation.visits):
            return False
        if stored.answer and stored.answer.confirmed:
            return False
        self.invitations[invitation.id] = replace(
            stored,
            label=invitation.label,
            answer=invitation.answer or stored.answer,
            answered_at=stored.answered_at or invitation.answered_at,
            answered_day=stored.answered_day or invitation.answered_day,
        )
        return True

    def settled(self, tapped: Tapped) -> bool:
        """Whether it was still the same."""
        if self.waiting.get(tapped.invitation_id) != tapped:
            return False
        del self.waiting[tapped.invitation_id]
        return True
