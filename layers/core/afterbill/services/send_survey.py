"""Send a due survey: check everything again, claim, hand over once, mark."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from afterbill.domain.customer import Customer
from afterbill.domain.errors import TransientError
from afterbill.domain.invitation import Invitation, SkipReason, State
from afterbill.domain.mail import Accepted, Mail, Receipt, Refused, Rejected
from afterbill.domain.policy import recheck
from afterbill.domain.segments import segments_of
from afterbill.ports import MAX_DELAY, Invitations, Mailer, SendQueue


class Outcome(StrEnum):
    """What became of one due survey."""

    SENT = "sent"
    SKIPPED = "skipped"
    NOT_PENDING = "not_pending"
    EARLY = "early"
    THROTTLED = "throttled"
    PAUSED = "paused"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs; `compose` is pure, `day_of` gives the operator's local day of an instant."""

    invitations: Invitations
    queue: SendQueue
    mailer: Mailer
    compose: Callable[[Invitation, Customer], Mail]
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome, with the reason where nothing went out."""

    outcome: Outcome
    reason: str = ""


def send_survey(invitation_id: str, delivery_number: int, sending: Sending, now: datetime) -> Sent:
    """Send at most one mail; safe to repeat after a TransientError or a crash anywhere."""
    invitation = sending.invitations.invitation(invitation_id)
    if invitation is None or invitation.state is not State.PENDING or invitation.delivery_number != delivery_number:
        return Sent(Outcome.NOT_PENDING)
    if now < invitation.ready_at:
        return _too_early(invitation, sending, now)
    situation = sending.invitations.situation(invitation)
    customer, reason = situation.customer, recheck(invitation, situation, now)
    if reason or customer is None:
        reason = reason or SkipReason.NO_CUSTOMER
        waiting = replace(invitation, customer_id=customer.id) if customer else invitation
        sending.invitations.close(waiting, reason)
        return Sent(Outcome.SKIPPED, reason)
    claimed = _claimed(invitation, customer, sending, now)
    mail = sending.compose(claimed, customer)
    if not sending.invitations.claim(claimed, customer):
        message = f"invitation {invitation.id} changed while it was claimed: it is looked at again"
        raise TransientError(message)
    return _conclude(claimed, customer, sending.mailer.send(mail), sending, now)


def _too_early(invitation: Invitation, sending: Sending, now: datetime) -> Sent:
    """Timers round to seconds and clocks differ: without another message it would wait for the sweep."""
    remaining = invitation.ready_at - now
    if remaining <= MAX_DELAY:
        sending.queue.put(invitation.id, invitation.delivery_number, remaining)
    return Sent(Outcome.EARLY)


def _claimed(invitation: Invitation, customer: Customer, sending: Sending, now: datetime) -> Invitation:
    return replace(
        invitation,
        customer_id=customer.id,
        locale=customer.locale or invitation.locale,
        state=State.SENDING,
        attempt=sending.new_id(),
        claimed_at=now,
        previously_asked_at=customer.last_asked_at,
        segments=segments_of(invitation.segments, customer),
    )


def _conclude(invitation: Invitation, customer: Customer, receipt: Receipt, sending: Sending, now: datetime) -> Sent:
    match receipt:
        case Accepted(message_id):
            sent = replace(invitation, message_id=message_id, sent_at=now, sent_day=sending.day_of(now))
            sending.invitations.mark_sent(sent)
            return Sent(Outcome.SENT)
        case Refused(reason, retry_after, paused):
            deferred = replace(invitation, deferred_until=now + retry_after, generation=invitation.generation + 1)
            sending.invitations.release(deferred, customer)
            sending.queue.put(invitation.id, invitation.delivery_number, retry_after)
            return Sent(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case Rejected(reason):
            # Released first: who got no mail was not asked, and may be asked about the next fact.
            sending.invitations.release(invitation, customer)
            sending.invitations.close(replace(invitation, state=State.PENDING, attempt=""), SkipReason.REJECTED)
            return Sent(Outcome.REJECTED, reason)
        case unclear:
            sending.invitations.mark_unknown(invitation)
            return Sent(Outcome.UNKNOWN, unclear.reason)
