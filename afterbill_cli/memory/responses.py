"""What answers and mail events change, in memory."""

from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.model.customer import Customer, Suppression, survivor_of, weightiest
from afterbill.model.invitation import Answer, Delivery, Invitation, Recorded, State
from afterbill.model.visits import Visit, most, visit_of
from afterbill_cli.memory.facts import MemoryFacts


@dataclass
class MemoryResponses(MemoryFacts):
    """Responses and MailEvents over plain dictionaries."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        return self.invitations.get(invitation_id)

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""
        return survivor_of(customer_id, self.people)

    # Responses

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted."""
        stored = self.invitations.get(invitation_id)
        if stored is None:
            return None
        if not stored.answerable(now) or answer.rating not in stored.scale.ratings:
            return Recorded(stored, stored=False)
        answered = replace(
            stored,
            answer=answer,
            answered_at=stored.answered_at or now,
            answered_day=stored.answered_day or day,
            channel=channel or stored.channel,
            segments={**stored.segments, "channel": channel} if channel else stored.segments,
            label="",
        )
        self.invitations[invitation_id] = answered
        return Recorded(answered, stored=True)

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Keep the visit, unless there are too many for its kind."""
        stored = self.invitations.get(invitation_id)
        if stored is None or len(stored.visits) >= most(visit.kind):
            return stored
        if visit.rating is not None and visit.rating not in stored.scale.ratings:
            return stored
        self.invitations[invitation_id] = replace(stored, visits=(*stored.visits, visit_of(str(visit))))
        return self.invitations[invitation_id]

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again."""
        del now  # when it was is for operators; nothing decides by it
        self.suppressions[address_hash] = weightiest(self.suppressions.get(address_hash), reason) or reason
        known = self.customer(holder.id) if holder else None
        if known and weightiest(known.suppressed, reason) != known.suppressed:
            self.people[known.id] = replace(known, suppressed=reason, version=known.version + 1)

    # MailEvents

    def confirm_sent(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.state in {State.SENDING, State.UNKNOWN}:
            self.invitations[invitation.id] = replace(
                stored, state=State.SENT, attempt="", claimed_at=None, message_id=message_id, sent_at=at, sent_day=day
            )

    def deliver(self, invitation_id: str, delivery: Delivery, delivered_at: datetime | None = None) -> None:
        """Raise the rank, and keep the first moment."""
        stored = self.invitations.get(invitation_id)
        if stored is None:
            return
        missing = delivery is stored.delivery and stored.delivered_at is None and delivered_at is not None
        if stored.delivery is None or delivery > stored.delivery or missing:
            self.invitations[invitation_id] = replace(
                stored, delivery=delivery, delivered_at=stored.delivered_at or delivered_at
            )
