"""The timer of what follows a delivery: set after the message is handed over, and again where a crash came between."""

from datetime import datetime, timedelta

from afterbill.model.customer import Customer
from afterbill.model.invitation import ASKED, Invitation, State
from afterbill.outreach.delivery import SendDeps, scheduled
from afterbill.outreach.eligibility import follows_at
from afterbill.outreach.ports import MAX_DELAY

_SENDER_GONE_AFTER = timedelta(minutes=1)
"""A sender ends within a minute; until then it sets the timer itself, or gives its claim back."""


def schedule_next(invitation: Invitation, customer: Customer, deps: SendDeps, now: datetime) -> None:
    """Set the timer of the delivery after the last one, if any follows; harmless to repeat, and the first one stands.

    If Scheduler does not answer, a message of the last delivery comes back to `restore_next`.
    """
    last_at = invitation.last_at
    over = invitation.reminded_at or invitation.answer or invitation.dismissed_at
    if over or last_at is None:
        return
    if moment := follows_at(invitation, customer, deps.policy, last_at):
        last = invitation.delivery_number
        if not scheduled(invitation, last + 1, moment, deps, now):
            deps.queue.put(invitation.id, last, MAX_DELAY)


def restore_next(invitation: Invitation, deps: SendDeps, now: datetime) -> None:
    """Set that timer once more for a message that comes again: its sender may have died, or Scheduler been down."""
    claimed_at = invitation.claimed_at
    at_work = invitation.state is State.SENDING and claimed_at and now < claimed_at + _SENDER_GONE_AFTER
    if invitation.state not in ASKED or at_work:
        return
    if customer := deps.invitations.situation(invitation).customer:
        schedule_next(invitation, customer, deps, now)
