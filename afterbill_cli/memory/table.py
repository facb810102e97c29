"""The table in memory: the same promises as DynamoDB behind the same ports, one method one call."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from afterbill.answers.in_product import SHOWING, shows_nowhere, unseen
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Recipient, Suppression, weightiest
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, Delivery, Invitation, Recorded, SkipReason, State
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import Visit, with_visit
from afterbill.outreach.policy import Situation, failed_since
from afterbill.outreach.ports import Place, SweepProgress, UnsentPage
from afterbill_cli.memory.items import MemoryItems

_PAGE = 1000
"""Invitations in one page of those that are not sent."""


@dataclass
class MemoryTable(MemoryItems):
    """Every port of the table but those of scores, reviews, campaigns and keys."""

    # Invitations

    def situation(self, invitation: Invitation) -> Situation:
        """The customer, their address, and whether the payment was taken back."""
        stopped = any(self.stops.get(link, invitation.id) != invitation.id for link in invitation.links)
        failed = (self.failed_payments.get(link) for link in invitation.links)
        stopped = stopped or any(failed_since(invitation.touchpoint, invitation.occurred_at, at) for at in failed)
        customer = self.customer(invitation.customer_id)
        return Situation(customer, stopped, recipient=self.recipient(customer.address_hash if customer else ""))

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        """pending -> sending, and customer and address were asked."""
        stored, known = self.invitations.get(invitation.id), self._unchanged(customer)
        if not stored or not known or stored.state is not State.PENDING or not self._as_read(recipient):
            return False
        self._change(
            stored,
            state=State.SENDING,
            attempt=invitation.attempt,
            claimed_at=invitation.claimed_at,
            deferred_until=invitation.deferred_until,
            customer_id=customer.id,
            address_hashes=invitation.address_hashes,
            locale=invitation.locale,
            zone=invitation.zone,
            channel=invitation.channel,
            recurring=invitation.recurring or stored.recurring,
            segments=invitation.segments,
        )
        waiting = {id_: entry for id_, entry in known.waiting.items() if id_ != invitation.id}
        asked = {"last_asked_at": invitation.claimed_at, "waiting": waiting, "when_seen": _uncalled(known, invitation)}
        self._change_customer(known, **asked, **_offer(invitation), **_end(customer))
        if recipient.hash:
            stored_recipient = self.recipient(recipient.hash)
            self.recipients[recipient.hash] = replace(stored_recipient, last_asked_at=invitation.claimed_at)
        return True

    def _as_read(self, recipient: Recipient) -> bool:
        """True if nobody at this address was asked or objected since it was read."""
        known, read = self.recipient(recipient.hash), recipient.last_asked_at
        asked = known.last_asked_at and (read is None or known.last_asked_at > read)
        return not asked and known.suppressed in {None, recipient.suppressed}

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        """Store the wait it carries."""
        stored, known = self.invitations.get(invitation.id), self.people.get(customer.id)
        if not stored or stored.state is not invitation.state or stored.generation != invitation.generation - 1:
            return False
        self._change(stored, deferrals=invitation.deferrals, **_moment(invitation))
        others = {id_: entry for id_, entry in known.waiting.items() if id_ != invitation.id} if known else {}
        if known and invitation.until_seen:
            self._change_customer(known, waiting=others, when_seen=known.when_seen | {invitation.id})
        elif known and invitation.id in known.waiting:
            entry = replace(known.waiting[invitation.id], due_at=invitation.ready_at)
            self._change_customer(known, waiting=others if invitation.held else {**others, invitation.id: entry})
        return True

    def release(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> None:
        """sending or unknown -> pending; nobody was asked, and the customer waits for it again."""
        if self.recipient(recipient.hash).last_asked_at == invitation.claimed_at and recipient.hash:
            stored_recipient = self.recipient(recipient.hash)
            self.recipients[recipient.hash] = replace(stored_recipient, last_asked_at=recipient.last_asked_at)
        if stored := self._mine(invitation, State.SENDING, State.UNKNOWN):
            self._change(stored, state=State.PENDING, attempt="", claimed_at=None, **_moment(invitation))
        known, waits = self.people.get(customer.id), customer.waiting.get(invitation.id)
        if known and known.last_asked_at == invitation.claimed_at:
            again = {invitation.id: replace(waits, due_at=invitation.ready_at)} if waits else {}
            before = invitation.previously_asked_at
            self._change_customer(known, last_asked_at=before, waiting={**known.waiting, **again})

    def mark_sent(self, invitation: Invitation) -> None:
        """sending -> sent."""
        if stored := self._mine(invitation):
            self._change(
                stored,
                state=State.SENT,
                attempt="",
                claimed_at=None,
                deferred_until=None,
                message_id=invitation.message_id,
                sent_at=invitation.sent_at,
                sent_day=invitation.sent_day,
                delivery=stored.delivery or Delivery.ACCEPTED,
            )

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown."""
        if stored := self._mine(invitation):
            self._change(stored, state=State.UNKNOWN)

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """-> closed, and the customer no longer waits."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.state is invitation.state:
            self._change(stored, state=State.CLOSED, reason=reason, closed_at=invitation.closed_at)
        known = self.people.get(invitation.customer_id)
        if known and invitation.id in {*known.waiting, *known.when_seen}:
            waiting = {id_: entry for id_, entry in known.waiting.items() if id_ != invitation.id}
            self._change_customer(known, waiting=waiting, when_seen=_uncalled(known, invitation))

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the one reminder."""
        stored, known = self._open_for(invitation), self._unchanged(customer)
        if not stored or not known or (stored.delivery or Delivery.ACCEPTED) >= Delivery.BOUNCED:
            return False
        self._change_customer(known)
        self._change(stored, **{name: getattr(invitation, name) for name in _REMINDER})
        return True

    def release_reminder(self, invitation: Invitation) -> None:
        """Give the reminder back."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.reminded_at == invitation.reminded_at:
            number = invitation.delivery_number - 1
            self._change(stored, delivery_number=number, reminded_at=None, **_moment(invitation))

    def claim_follow_up(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the next delivery."""
        stored, known = self._open_for(invitation), self._unchanged(customer)
        if not stored or not known or stored.delivery is Delivery.COMPLAINED:
            return False
        self._change_customer(known, **_offer(invitation))
        self._change(stored, **_delivery(invitation))
        return True

    def release_follow_up(self, invitation: Invitation) -> None:
        """Give the delivery back."""
        stored = self.invitations.get(invitation.id)
        over = stored and (stored.reminded_at or stored.answer or stored.generation != invitation.generation - 1)
        if stored and stored.delivery_number == invitation.delivery_number + 1 and not over:
            self._change(stored, **_delivery(invitation), **_moment(invitation))

    def _mine(self, invitation: Invitation, *states: State) -> Invitation | None:
        """The stored invitation while this very attempt is sending it, or has left it in one of `states`."""
        stored = self.invitations.get(invitation.id)
        mine = stored and stored.state in (states or {State.SENDING}) and stored.attempt == invitation.attempt
        return stored if mine else None

    def _open_for(self, claimed: Invitation) -> Invitation | None:
        """The stored invitation while the next delivery may still be taken, as far as it tells itself."""
        stored = self.invitations.get(claimed.id)
        if stored is None or stored.state is not State.SENT or stored.delivery_number >= claimed.delivery_number:
            return None
        return None if stored.answer or stored.dismissed_at or stored.reminded_at else stored

    def _unchanged(self, customer: Customer) -> Customer | None:
        known = self.people.get(customer.id)
        return known if known and known.version == customer.version else None

    # Responses, MailEvents, ExternalResponses

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted."""
        stored = self.invitations.get(invitation_id)
        if stored is None:
            return None
        refused = answer.contact_ok and not stored.contactable
        if refused or not stored.answerable(now) or answer.rating not in stored.scale.ratings:
            return Recorded(stored, stored=False)
        answered = self._change(
            stored,
            answer=answer,
            answered_at=stored.answered_at or now,
            answered_day=stored.answered_day or day,
            channel=channel or stored.channel,
            segments={**stored.segments, "channel": channel} if channel else stored.segments,
            label="",
        )
        return Recorded(answered, stored=True)

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Keep the visit while there is room."""
        stored = self.alive(invitation_id)
        if stored is None:
            return self.invitations.get(invitation_id)
        if visit.rating is not None and visit.rating not in stored.scale.ratings:
            return stored
        return self._change(stored, visits=with_visit(stored.visits, visit))

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> bool:
        """Never write to this address again."""
        lifted_at, recipient = self.lifted.get(address_hash), self.recipient(address_hash)
        if lifted_at is None or lifted_at < now:
            suppressed = weightiest(recipient.suppressed, reason)
            self.recipients[address_hash] = recipient = replace(recipient, suppressed=suppressed)
        known = self.customer(holder.id) if holder else None
        objected = Suppression.BOUNCED not in {reason, recipient.suppressed or Suppression.BOUNCED}
        if known and objected and not known.suppressed:
            self._change_customer(known, suppressed=reason)
        return objected

    def confirm_sent(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent."""
        stored = self.invitations.get(invitation.id)
        if stored and stored.state in {State.SENDING, State.UNKNOWN}:
            sent = {"state": State.SENT, "message_id": message_id, "sent_at": at, "sent_day": day}
            self._change(stored, **sent, attempt="", claimed_at=None, deferred_until=None)

    def deliver(self, invitation_id: str, delivery: Delivery, delivered_at: datetime | None = None) -> None:
        """Raise the rank, and keep the first moment."""
        stored = self.alive(invitation_id)
        if stored is None:
            return
        missing = delivery is stored.delivery and stored.delivered_at is None and delivered_at is not None
        if stored.delivery is None or delivery > stored.delivery or missing:
            self._change(stored, delivery=delivery, delivered_at=stored.delivered_at or delivered_at)

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store it, unless one of its id is there."""
        stored = self.invitations.setdefault(invitation.id, invitation)
        return None if stored is invitation else stored

    # ShortLinks, Referrals, Suppressions

    def keep(self, code: ShortLink) -> bool:
        """Write the short link down, unless another invitation has its code."""
        known = self.codes.get(code.text)
        if known and known.invitation_id != code.invitation_id:
            return False
        self.codes[code.text] = code
        self.phones[code.phone_hash] = code.customer_id
        return True

    def code(self, code: str) -> ShortLink | None:
        """The short link of this code."""
        return self.codes.get(code)

    def holder(self, phone_hash: str) -> str:
        """Id of the customer whose phone this was; empty where nobody is known."""
        return self.phones.get(phone_hash, "")

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count one visit of its personal link."""
        stored = self.alive(invitation_id)
        return self._change(stored, referred=stored.referred + 1) if stored else None

    def suppressed(self, address_hash: str) -> bool:
        """True for an address or number that is never written to again."""
        return self.recipient(address_hash).suppressed is not None

    # InProductSurveys

    def customer_called(self, alias: str) -> Customer | None:
        """The customer a source knows by this name."""
        return self.customer(self.aliases.get(alias, ""))

    def objected(self, address_hash: str) -> bool:
        """True where somebody with this address objected."""
        return self.recipient(address_hash).suppressed not in {None, Suppression.BOUNCED}

    def seen(self, customer: Customer, now: datetime) -> None:
        """Note that the customer uses the product."""
        known = self.people.get(customer.id)
        if known and unseen(known, now) and not (customer.when_seen and known.version != customer.version):
            self._change_customer(known, last_seen_at=now, when_seen=frozenset(), **_end(customer))

    def show(self, invitation_id: str, now: datetime) -> bool:
        """True for one at a time."""
        stored = self.invitations.get(invitation_id)
        if stored is None or stored.state is not State.SENT or not stored.answerable(now):
            return False
        if stored.dismissed_at or stored.answer or not shows_nowhere(stored, now):
            return False
        showings = stored.showings + 1
        self._change(stored, shown_at=stored.shown_at or now, shown_until=now + SHOWING, showings=showings)
        return True

    def hide(self, invitation_id: str, now: datetime) -> None:
        """Another window may show it."""
        stored = self.invitations.get(invitation_id)
        shown = stored and stored.shown_until and stored.shown_until > now
        if stored and shown and not stored.dismissed_at and not stored.answer:
            self._change(stored, shown_until=now)

    def dismiss(self, invitation_id: str, now: datetime) -> None:
        """Never show it again."""
        stored = self.alive(invitation_id)
        if stored and not stored.dismissed_at and not stored.answer:
            self._change(stored, dismissed_at=now)

    def open(self, invitation: Invitation) -> None:
        """Keep an invitation that a plain link made."""
        self.invitations.setdefault(invitation.id, invitation)

    # Sweeps

    def not_sent(self, day: str, since: datetime, until: datetime, after: Place | None = None) -> UnsentPage:
        """One page of the invitations of a day, of UTC here, that have neither gone out nor been closed."""
        ready = (one for one in self.open_on(day) if since <= one.ready_at <= until)
        places = sorted(Place(day, one.ready_at, one.id) for one in ready)
        left = [place for place in places if after is None or place > after]
        return UnsentPage(left[:_PAGE], left[_PAGE - 1] if len(left) > _PAGE else None)

    def open_on(self, day: str) -> Iterator[Invitation]:
        """The invitations ready on a day of UTC that have neither gone out nor been closed."""
        open_ = {State.PENDING, State.SENDING, State.UNKNOWN}
        waiting = (invitation for invitation in self.invitations.values() if invitation.state in open_)
        return (invitation for invitation in waiting if invitation.ready_at.date().isoformat() == day)

    def sweep_progress(self) -> SweepProgress | None:
        """The progress as the last run stored it."""
        if isinstance(self.swept, UnreadableError):
            raise self.swept
        return self.swept

    def store_sweep_progress(self, progress: SweepProgress) -> None:
        """Store the progress."""
        self.swept = progress


def _offer(invitation: Invitation) -> dict[str, str]:
    """The offer to store with the customer."""
    return {"offered": invitation.id} if invitation.channel == Channel.IN_APP else {}


def _end(customer: Customer) -> dict[str, Any]:
    """The end of the customer, as they carry it."""
    return {"active_at": customer.active_at, "kept_until": customer.kept_until} if customer.kept_until else {}


def _uncalled(customer: Customer, invitation: Invitation) -> frozenset[str]:
    """The surveys that wait for the customer to use the product, without this one."""
    return customer.when_seen - {invitation.id}


def _moment(invitation: Invitation) -> dict[str, Any]:
    return {"deferred_until": invitation.deferred_until, "generation": invitation.generation}


_REMINDER = ("delivery_number", "reminded_at", "address_hashes")
"""Fields of the one reminder."""


def _delivery(invitation: Invitation) -> dict[str, Any]:
    """Fields of the delivery by its channel."""
    names = ("channel", "segments", "delivery_number", "follow_ups", "delivery", "delivered_at", "address_hashes")
    return {name: getattr(invitation, name) for name in names}
