"""The table in memory: the same promises as DynamoDB behind the same ports, one method one call."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Delivery, Invitation, SkipReason, State
from afterbill.outreach.policy import Situation
from afterbill_cli.memory.codes import MemoryCodes


@dataclass
class MemoryTable(MemoryCodes):
    """Facts, Invitations, Codes, Responses, MailEvents and Sweeps over plain dictionaries."""

    hour: str | None = None

    # Invitations

    def situation(self, invitation: Invitation) -> Situation:
        """The customer and whether the payment was taken back."""
        stopped = any(self.stops.get(link, invitation.id) != invitation.id for link in invitation.links)
        return Situation(self.customer(invitation.customer_id), stopped)

    def claim(self, invitation: Invitation, customer: Customer) -> bool:
        """pending -> sending, and the customer was asked."""
        stored, known = self.invitations.get(invitation.id), self.people.get(customer.id)
        if not stored or not known or stored.state is not State.PENDING or known.version != customer.version:
            return False
        self.invitations[invitation.id] = replace(
            stored,
            state=State.SENDING,
            attempt=invitation.attempt,
            claimed_at=invitation.claimed_at,
            customer_id=customer.id,
            locale=invitation.locale,
            zone=invitation.zone,
            channel=invitation.channel,
            segments=invitation.segments,
        )
        waiting = {id_: one for id_, one in known.waiting.items() if id_ != invitation.id}
        asked = replace(known, last_asked_at=invitation.claimed_at, waiting=waiting)
        self._offer(invitation, asked)
        return True

    def _offer(self, invitation: Invitation, known: Customer) -> None:
        offered = invitation.id if invitation.channel == Channel.IN_APP else known.offered
        self.people[known.id] = replace(known, offered=offered, version=known.version + 1)

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        """Store the wait it carries."""
        stored, known = self.invitations.get(invitation.id), self.people.get(customer.id)
        if not stored or stored.state is not invitation.state or stored.generation != invitation.generation - 1:
            return False
        self.invitations[invitation.id] = replace(
            stored,
            deferred_until=invitation.deferred_until,
            generation=invitation.generation,
            deferrals=invitation.deferrals,
        )
        if known and invitation.id in known.waiting:
            entry = replace(known.waiting[invitation.id], due_at=invitation.ready_at)
            waiting = {**known.waiting, invitation.id: entry}
            self.people[known.id] = replace(known, waiting=waiting, version=known.version + 1)
        return True

    def release(self, invitation: Invitation, customer: Customer) -> None:
        """sending -> pending; the customer was not asked, and waits for it again."""
        if stored := self._mine(invitation):
            self.invitations[invitation.id] = replace(
                stored,
                state=State.PENDING,
                generation=invitation.generation,
                deferred_until=invitation.deferred_until,
                attempt="",
                claimed_at=None,
            )
        known, waits = self.people.get(customer.id), customer.waiting.get(invitation.id)
        if known and known.last_asked_at == invitation.claimed_at:
            again = {invitation.id: replace(waits, due_at=invitation.ready_at)} if waits else {}
            self.people[customer.id] = replace(
                known,
                last_asked_at=invitation.previously_asked_at,
                waiting={**known.waiting, **again},
                version=known.version + 1,
            )

    def mark_sent(self, invitation: Invitation) -> None:
        """sending -> sent."""
        if stored := self._mine(invitation):
            self.invitations[invitation.id] = replace(
                stored,
                state=State.SENT,
                attempt="",
                claimed_at=None,
                message_id=invitation.message_id,
                sent_at=invitation.sent_at,
                sent_day=invitation.sent_day,
                delivery=stored.delivery or Delivery.ACCEPTED,
            )

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown."""
        if stored := self._mine(invitation):
            self.invitations[invitation.id] = replace(stored, state=State.UNKNOWN)

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """-> closed, and the customer no longer waits."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.state is invitation.state:
            self.invitations[invitation.id] = replace(
                stored, state=State.CLOSED, reason=reason, closed_at=invitation.closed_at
            )
        known = self.people.get(invitation.customer_id)
        if known and invitation.id in known.waiting:
            waiting = {id_: one for id_, one in known.waiting.items() if id_ != invitation.id}
            self.people[known.id] = replace(known, waiting=waiting, version=known.version + 1)

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the one reminder."""
        stored = self.invitations.get(invitation.id)
        known = self.people.get(customer.id)
        if not stored or not known or known.version != customer.version:
            return False
        if not _open(stored, invitation) or (stored.delivery or Delivery.ACCEPTED) >= Delivery.BOUNCED:
            return False
        self.people[known.id] = replace(known, version=known.version + 1)
        self.invitations[invitation.id] = replace(
            stored, delivery_number=invitation.delivery_number, reminded_at=invitation.reminded_at
        )
        return True

    def release_reminder(self, invitation: Invitation) -> None:
        """Give it back."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.reminded_at == invitation.reminded_at:
            self.invitations[invitation.id] = replace(
                stored,
                delivery_number=invitation.delivery_number - 1,
                reminded_at=None,
                deferred_until=invitation.deferred_until,
                generation=invitation.generation,
            )

    def claim_follow_up(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the next delivery."""
        stored, known = self.invitations.get(invitation.id), self.people.get(customer.id)
        if not stored or not known or known.version != customer.version:
            return False
        if not _open(stored, invitation) or stored.delivery is Delivery.COMPLAINED:
            return False
        self._offer(invitation, known)
        self.invitations[invitation.id] = replace(
            stored,
            channel=invitation.channel,
            segments=invitation.segments,
            delivery_number=invitation.delivery_number,
            follow_ups=invitation.follow_ups,
            delivery=invitation.delivery,
            delivered_at=invitation.delivered_at,
        )
        return True

    def release_follow_up(self, invitation: Invitation) -> None:
        """Give it back."""
        stored = self.invitations.get(invitation.id)
        over = stored and (stored.reminded_at or stored.answer)
        if stored and stored.delivery_number == invitation.delivery_number + 1 and not over:
            self.invitations[invitation.id] = replace(
                stored,
                channel=invitation.channel,
                segments=invitation.segments,
                delivery_number=invitation.delivery_number,
                follow_ups=invitation.follow_ups,
                delivery=invitation.delivery,
                delivered_at=invitation.delivered_at,
                deferred_until=invitation.deferred_until,
                generation=invitation.generation,
            )

    def _mine(self, invitation: Invitation) -> Invitation | None:
        """The stored invitation while this very attempt is sending it."""
        stored = self.invitations.get(invitation.id)
        mine = stored and stored.state is State.SENDING and stored.attempt == invitation.attempt
        return stored if mine else None

    # Sweeps

    def not_sent(self, hour: str) -> Sequence[str]:
        """Ids of invitations due in that hour that have not gone out."""
        open_ = {State.PENDING, State.SENDING, State.UNKNOWN}
        due = ((one.ready_at.strftime("%Y-%m-%dT%H"), one) for one in self.invitations.values())
        return sorted(one.id for at, one in due if at == hour and one.state in open_)

    def swept_until(self) -> str | None:
        """The hour from which the next sweep starts."""
        return self.hour

    def set_swept_until(self, hour: str) -> None:
        """Remember it."""
        self.hour = hour


def _open(stored: Invitation, claimed: Invitation) -> bool:
    """Whether the next delivery may still be taken, as far as the invitation itself tells."""
    waits = stored.state is State.SENT and not (stored.answer or stored.dismissed_at or stored.reminded_at)
    return waits and stored.delivery_number < claimed.delivery_number
