"""Remind once of a survey that nobody answered; better never than twice."""

from dataclasses import replace
from datetime import datetime

from afterbill.domain.errors import TransientError
from afterbill.domain.invitation import REMINDER, Invitation, SkipReason, State
from afterbill.domain.limits import Limit
from afterbill.domain.mail import Accepted, Receipt, Refused, Rejected
from afterbill.domain.recheck import recheck_reminder
from afterbill.services.sending import Outcome, Sending, Sent, Turn, counted, hold_back, named, put_off, wake


def remind(invitation: Invitation, sending: Sending, now: datetime) -> Sent:
    """Send the reminder of a survey that went out; safe to repeat after a TransientError or a crash anywhere."""
    if invitation.state is not State.SENT or invitation.sent_at is None or invitation.delivery_number >= REMINDER:
        return Sent(Outcome.NOT_PENDING)
    put_off_until = invitation.deferred_until or invitation.sent_at
    ready_at = max(invitation.sent_at + sending.rule(invitation).reminder, put_off_until)
    if now < ready_at:
        wake(invitation, REMINDER, ready_at, sending, now)
        return Sent(Outcome.EARLY)
    situation = sending.situation(invitation)
    verdict, customer = recheck_reminder(invitation, situation, sending.policy, now), situation.customer
    if isinstance(verdict, SkipReason):
        return Sent(Outcome.NOT_REMINDED, verdict)
    turn = Turn(invitation, named(customer), REMINDER)
    return put_off(turn, verdict, sending, now) if verdict else _send(turn, sending, now)


def _send(turn: Turn, sending: Sending, now: datetime) -> Sent:
    claimed = replace(turn.invitation, delivery_number=REMINDER, reminded_at=now)
    mail = sending.compose(claimed, turn.customer)
    limits = sending.limits_on(turn.invitation, now, quota=0)
    held = hold_back(turn, limits, sending, now)
    if held:
        return held if isinstance(held, Sent) else Sent(Outcome.NOT_REMINDED, held)
    with counted(limits, sending):
        if not sending.invitations.claim_reminder(claimed, turn.customer):
            raise TransientError(f"invitation {claimed.id} changed under its reminder: it is looked at again")
    return _conclude(claimed, sending.mailer.send(mail), limits, sending, now)


def _conclude(
    invitation: Invitation, receipt: Receipt, limits: tuple[Limit, ...], sending: Sending, now: datetime
) -> Sent:
    match receipt:
        case Accepted():
            return Sent(Outcome.REMINDED)
        case Refused(reason, retry_after, paused):
            later = replace(invitation, deferred_until=now + retry_after, generation=invitation.generation + 1)
            sending.invitations.release_reminder(later)
            sending.limits.give_back(limits)
            sending.queue.put(invitation.id, REMINDER, retry_after)
            return Sent(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case Rejected(reason):
            sending.limits.give_back(limits)
            return Sent(Outcome.REJECTED, reason)
        case unclear:
            return Sent(Outcome.UNKNOWN, unclear.reason)
