"""The table in memory: the same promises as DynamoDB behind the same ports, one method one call."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.domain.billing import OperatorTask
from afterbill.domain.customer import Customer, weightiest
from afterbill.domain.invitation import Answer, Delivery, Invitation, SkipReason, State
from afterbill.domain.policy import Situation
from afterbill.ports import Change, Found, Recorded


@dataclass
class MemoryTable:
    """Facts, Invitations, Responses, MailEvents and Sweeps over plain dictionaries."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    people: dict[str, Customer] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    stops: dict[str, str] = field(default_factory=dict)
    peers: dict[str, frozenset[str]] = field(default_factory=dict)
    suppressions: dict[str, str] = field(default_factory=dict)
    tasks: dict[tuple[str, str, str], tuple[OperatorTask, str]] = field(default_factory=dict)
    hour: str | None = None

    # Facts

    def look_up(
        self, invitation_id: str, aliases: Sequence[str], links: Sequence[str], address_hash: str | None
    ) -> Found:
        """All that is stored under these keys."""
        return Found(
            invitation=self.invitations.get(invitation_id),
            customer_ids={alias: self.aliases[alias] for alias in aliases if alias in self.aliases},
            stopped_by=frozenset(self.stops[link] for link in links if link in self.stops),
            peers=frozenset(peer for link in links for peer in self.peers.get(link, ())),
            suppression=self.suppressions.get(address_hash or "", ""),
        )

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""
        return {id_: self.people[id_] for id_ in ids if id_ in self.people}

    def commit(self, change: Change) -> bool:
        """All or nothing."""
        if change.invitation and change.invitation.id in self.invitations:
            return False
        if any(self._version(one.id) != one.version for one in change.customers):
            return False
        if any(self.aliases.get(alias) not in {before, to} for alias, (to, before) in change.aliases.items()):
            return False
        if bool(change.stops) != bool(change.peers):
            unseen: Collection[str] = self.peers if change.stops else self.stops
            if any(link in unseen for link in (change.stops or change.peers)):
                return False
        if change.invitation:
            self.invitations[change.invitation.id] = change.invitation
        for one in change.customers:
            self.people[one.id] = replace(one, version=one.version + 1)
        self.aliases |= {alias: to for alias, (to, _) in change.aliases.items()}
        self.stops |= change.stops
        self.peers |= dict.fromkeys(change.peers, change.peers)
        return True

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:  # noqa: ARG002  # nothing expires here
        """False for one that is known."""
        key = (task.source, task.kind, task.id)
        return key not in self.tasks and not self.tasks.update({key: (task, address_hash)})

    def _version(self, customer_id: str) -> int:
        known = self.people.get(customer_id)
        return known.version if known else 0

    # Invitations

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        return self.invitations.get(invitation_id)

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""
        known = self.people.get(customer_id)
        return self.customer(known.merged_into) if known and known.merged_into else known

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
            segments=invitation.segments,
        )
        self.people[customer.id] = replace(known, last_asked_at=invitation.claimed_at, version=known.version + 1)
        return True

    def release(self, invitation: Invitation, customer: Customer) -> None:
        """sending -> pending, and the customer was not asked."""
        if stored := self._mine(invitation):
            self.invitations[invitation.id] = replace(
                stored,
                state=State.PENDING,
                generation=invitation.generation,
                deferred_until=invitation.deferred_until,
                attempt="",
                claimed_at=None,
            )
        known = self.people.get(customer.id)
        if known and known.last_asked_at == invitation.claimed_at:
            self.people[customer.id] = replace(
                known, last_asked_at=invitation.previously_asked_at, version=known.version + 1
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
            self.invitations[invitation.id] = replace(stored, state=State.CLOSED, reason=reason)
        known = self.people.get(invitation.customer_id)
        if known and known.pending and known.pending.invitation_id == invitation.id:
            self.people[known.id] = replace(known, pending=None, version=known.version + 1)

    def _mine(self, invitation: Invitation) -> Invitation | None:
        """The stored invitation while this very attempt is sending it."""
        stored = self.invitations.get(invitation.id)
        mine = stored and stored.state is State.SENDING and stored.attempt == invitation.attempt
        return stored if mine else None

    # Responses

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str) -> Recorded | None:
        """Store the answer if it is still accepted."""
        stored = self.invitations.get(invitation_id)
        if stored is None:
            return None
        if not stored.answerable(now):
            return Recorded(stored, stored=False)
        answered = replace(
            stored,
            answer=answer,
            answered_at=stored.answered_at or now,
            answered_day=stored.answered_day or day,
        )
        self.invitations[invitation_id] = answered
        return Recorded(answered, stored=True)

    def suppress(self, address_hash: str, reason: str, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again."""
        del now  # when it was is for operators; nothing decides by it
        self.suppressions[address_hash] = weightiest(self.suppressions.get(address_hash, ""), reason)
        known = self.people.get(holder.id) if holder else None
        if known and weightiest(known.suppressed, reason) != known.suppressed:
            self.people[known.id] = replace(known, suppressed=reason, version=known.version + 1)

    # MailEvents

    def settle(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.state in {State.SENDING, State.UNKNOWN}:
            self.invitations[invitation.id] = replace(
                stored, state=State.SENT, attempt="", claimed_at=None, message_id=message_id, sent_at=at, sent_day=day
            )

    def deliver(self, invitation_id: str, delivery: Delivery) -> None:
        """Raise the rank."""
        stored = self.invitations.get(invitation_id)
        if stored and (stored.delivery is None or delivery > stored.delivery):
            self.invitations[invitation_id] = replace(stored, delivery=delivery)

    # Sweeps

    def unsettled(self, hour: str) -> Sequence[str]:
        """Ids of invitations due in that hour that have not gone out."""
        open_ = {State.PENDING, State.SENDING, State.UNKNOWN}
        due = ((one.due_at.strftime("%Y-%m-%dT%H"), one) for one in self.invitations.values())
        return sorted(one.id for at, one in due if at == hour and one.state in open_)

    def swept_until(self) -> str | None:
        """The hour from which the next sweep starts."""
        return self.hour

    def set_swept_until(self, hour: str) -> None:
        """Remember it."""
        self.hour = hour
