"""Invitations whose clicks wait for review, and the reviews, in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.ports import ReviewMark
from afterbill.model.invitation import Invitation


@dataclass
class MemoryReviews:
    """ReviewMarks and ClickReviews over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    waiting: dict[str, ReviewMark] = field(default_factory=dict)

    def mark_for_review(self, invitation_id: str, now: datetime) -> None:
        """Raise the version, and keep the time."""
        known = self.waiting.get(invitation_id) or ReviewMark(invitation_id, 0, now)
        self.waiting[invitation_id] = replace(known, version=known.version + 1)

    def marks(self) -> Collection[ReviewMark]:
        """Every mark."""
        return list(self.waiting.values())

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        return self.invitations.get(invitation_id)

    def store_review(self, invitation: Invitation) -> bool:
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

    def clear(self, tapped: ReviewMark) -> bool:
        """Whether it was still the same."""
        if self.waiting.get(tapped.invitation_id) != tapped:
            return False
        del self.waiting[tapped.invitation_id]
        return True
