"""What follows a survey that nobody answers: the next channel, then the one reminder; better never than twice."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from afterbill.model.channels import Channel
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, Further, Invitation, SkipReason, State, Wait
from afterbill.model.messages import Accepted, Deferred, Receipt, Rejected
from afterbill.outreach.caps import Limit
from afterbill.outreach.choosing import following
from afterbill.outreach.delivery import Outcome, Sending, Sent, Turn, counted, halted, hold_back, named, put_off, wake
from afterbill.outreach.eligibility import follows_at, recheck_again


@dataclass(frozen=True, slots=True)
class _Claim:
    """A delivery that is claimed, what it is counted under, and the turn as it was before."""

    turn: Turn
    claimed: Invitation
    limits: tuple[Limit, ...]


def follow_up(invitation: Invitation, number: int, sending: Sending, now: datetime) -> Sent:
    """Send delivery `number` of a survey that went out; safe to repeat after a TransientError or a crash anywhere."""
    last_at = invitation.last_at
    next_one = invitation.state is State.SENT and number == invitation.delivery_number + 1
    if not next_one or invitation.reminded_at or last_at is None:
        return Sent(Outcome.NOT_PENDING)
    rule = sending.rule(invitation)
    after = rule.fallback if following(invitation, rule) else rule.reminder
    ready_at = max(last_at + after, invitation.deferred_until or last_at)
    if now < ready_at:
        wake(invitation, number, ready_at, sending, now)
        return Sent(Outcome.EARLY)
    return _ask(invitation, number, sending, now)


def _ask(invitation: Invitation, number: int, sending: Sending, now: datetime, *rejected: Channel) -> Sent:
    """By the next way that is not rejected, as for the survey itself."""
    verdict, customer = sending.judge(partial(recheck_again, rejected=rejected), invitation, now)
    if isinstance(verdict, SkipReason):
        return Sent(Outcome.NOT_REMINDED, verdict)
    turn = Turn(invitation, named(customer), number)
    if isinstance(verdict, Wait):
        return put_off(turn, verdict, sending, now)
    claimed = _claimed(turn, verdict, now)
    sent = _send(turn, claimed, sending, now)
    if sent.outcome is not Outcome.REJECTED or claimed.reminded_at:
        return sent
    # Nothing went out: no score and no story may tell of it.
    released = _release(turn, claimed, now, sending)
    sending.heed(sent.reason, verdict, turn.customer, now)
    another = _ask(released, number, sending, now, *rejected, verdict)
    return sent if another.outcome is Outcome.NOT_REMINDED else another


def _claimed(turn: Turn, channel: Channel, now: datetime) -> Invitation:
    """By the channel it went out by, it is the reminder."""
    one = replace(turn.invitation, delivery_number=turn.number)
    if channel == one.channel:
        return replace(one, reminded_at=now)
    before = one.further or (Further(one.sent_at or now, one.channel),)
    ways = (*before, Further(now, channel))
    return replace(one, further=ways, delivery=Delivery.ACCEPTED, delivered_at=None).by(channel)


def _send(turn: Turn, claimed: Invitation, sending: Sending, now: datetime) -> Sent:
    if stopped := halted(turn, sending):
        return stopped
    hand_over = sending.write(claimed, turn.customer)
    limits = sending.limits_on(claimed, now, quota=0)
    held = hold_back(turn, limits, sending, now)
    if held:
        return held if isinstance(held, Sent) else Sent(Outcome.NOT_REMINDED, held)
    with counted(limits, sending):
        _claim(turn, claimed, sending, now)
    return _conclude(_Claim(turn, claimed, limits), hand_over(), sending, now)


def _claim(turn: Turn, claimed: Invitation, sending: Sending, now: datetime) -> None:
    if claimed.reminded_at:
        taken = sending.invitations.claim_reminder(claimed, turn.customer)
    else:
        # As for the survey itself, the timer of what follows stands before the claim.
        if moment := follows_at(claimed, turn.customer, sending.policy, now):
            wake(claimed, turn.number + 1, moment, sending, now)
        taken = sending.invitations.claim_further(claimed, turn.customer)
    if not taken:
        raise TransientError(f"invitation {claimed.id} changed under its next delivery: it is looked at again")


def _conclude(claim: _Claim, receipt: Receipt, sending: Sending, now: datetime) -> Sent:
    turn, claimed = claim.turn, claim.claimed
    match receipt:
        case Accepted():
            return Sent(Outcome.REMINDED if claimed.reminded_at else Outcome.SENT_ANOTHER_WAY)
        case Deferred(reason, retry_after, paused):
            _release(turn, claimed, now + retry_after, sending)
            sending.limits.give_back(claim.limits)
            sending.queue.put(claimed.id, turn.number, retry_after)
            return Sent(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case Rejected(reason):
            sending.limits.give_back(claim.limits)
            return Sent(Outcome.REJECTED, reason)
        case unknown:
            return Sent(Outcome.UNKNOWN, unknown.reason)


def _release(turn: Turn, claimed: Invitation, until: datetime, sending: Sending) -> Invitation:
    """As it was before but for its moment."""
    generation = turn.invitation.generation + 1
    released = replace(turn.invitation, deferred_until=until, generation=generation)
    if claimed.reminded_at:
        sending.invitations.release_reminder(replace(claimed, deferred_until=until, generation=generation))
    else:
        sending.invitations.release_further(released)
    return released
