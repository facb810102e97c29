"""What follows a survey that nobody answers: the next channel, then the one reminder; better never than twice."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from afterbill.model.channels import Channel
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Deferral, Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.messages import Accepted, Deferred, Receipt, Rejected
from afterbill.outreach.caps import Cap
from afterbill.outreach.delivery import (
    DeliveryAttempt,
    Outcome,
    SendDeps,
    SendResult,
    caps_returned_on_error,
    defer,
    if_paused,
    require_customer,
    schedule_check,
    take_caps,
)
from afterbill.outreach.eligibility import following, follows_at, recheck_again


@dataclass(frozen=True, slots=True)
class _Claim:
    """A delivery that is claimed, what it is counted under, and the turn as it was before."""

    attempt: DeliveryAttempt
    claimed: Invitation
    caps: tuple[Cap, ...]


def follow_up(invitation: Invitation, number: int, deps: SendDeps, now: datetime) -> SendResult:
    """Send delivery `number` of a survey that went out; safe to repeat after a TransientError or a crash anywhere."""
    last_at = invitation.last_at
    next_one = invitation.state is State.SENT and number == invitation.delivery_number + 1
    if not next_one or invitation.reminded_at or last_at is None:
        return SendResult(Outcome.NOT_PENDING)
    rule = deps.rule(invitation)
    after = rule.fallback if following(invitation, rule) else rule.reminder
    ready_at = max(last_at + after, invitation.deferred_until or last_at)
    if now < ready_at:
        schedule_check(invitation, number, ready_at, deps, now)
        return SendResult(Outcome.EARLY)
    return _ask(invitation, number, deps, now)


def _ask(invitation: Invitation, number: int, deps: SendDeps, now: datetime, *rejected: Channel) -> SendResult:
    """By the next way that is not rejected, as for the survey itself."""
    verdict, customer = deps.judge(partial(recheck_again, rejected=rejected), invitation, now)
    if isinstance(verdict, SkipReason):
        return SendResult(Outcome.NOT_REMINDED, verdict)
    attempt = DeliveryAttempt(invitation, require_customer(customer), number)
    if isinstance(verdict, Deferral):
        return defer(attempt, verdict, deps, now)
    claimed = _claimed(attempt, verdict, now)
    sent = _send(attempt, claimed, deps, now)
    if sent.outcome is not Outcome.REJECTED or claimed.reminded_at:
        return sent
    # Nothing went out: no score and no story may tell of it.
    released = _release(attempt, claimed, now, deps)
    deps.record_opt_out(sent.reason, verdict, attempt.customer, now)
    another = _ask(released, number, deps, now, *rejected, verdict)
    return sent if another.outcome is Outcome.NOT_REMINDED else another


def _claimed(attempt: DeliveryAttempt, channel: Channel, now: datetime) -> Invitation:
    """By the channel it went out by, it is the reminder."""
    one = replace(attempt.invitation, delivery_number=attempt.number)
    if channel == one.channel:
        return replace(one, reminded_at=now)
    before = one.follow_ups or (FollowUp(one.sent_at or now, one.channel),)
    ways = (*before, FollowUp(now, channel))
    return replace(one, follow_ups=ways, delivery=Delivery.ACCEPTED, delivered_at=None).by(channel)


def _send(attempt: DeliveryAttempt, claimed: Invitation, deps: SendDeps, now: datetime) -> SendResult:
    if stopped := if_paused(attempt, deps):
        return stopped
    hand_over = deps.write(claimed, attempt.customer)
    caps = deps.caps_on(claimed, now, quota=0)
    held = take_caps(attempt, caps, deps, now)
    if held:
        return held if isinstance(held, SendResult) else SendResult(Outcome.NOT_REMINDED, held)
    with caps_returned_on_error(caps, deps):
        _claim(attempt, claimed, deps, now)
    return _conclude(_Claim(attempt, claimed, caps), hand_over(), deps, now)


def _claim(attempt: DeliveryAttempt, claimed: Invitation, deps: SendDeps, now: datetime) -> None:
    if claimed.reminded_at:
        taken = deps.invitations.claim_reminder(claimed, attempt.customer)
    else:
        # As for the survey itself, the timer of what follows stands before the claim.
        if moment := follows_at(claimed, attempt.customer, deps.policy, now):
            schedule_check(claimed, attempt.number + 1, moment, deps, now)
        taken = deps.invitations.claim_follow_up(claimed, attempt.customer)
    if not taken:
        raise TransientError(f"invitation {claimed.id} changed under its next delivery: it is looked at again")


def _conclude(claim: _Claim, receipt: Receipt, deps: SendDeps, now: datetime) -> SendResult:
    attempt, claimed = claim.attempt, claim.claimed
    match receipt:
        case Accepted():
            return SendResult(Outcome.REMINDED if claimed.reminded_at else Outcome.SENT_ANOTHER_WAY)
        case Deferred(reason, retry_after, paused):
            _release(attempt, claimed, now + retry_after, deps)
            deps.caps.give_back(claim.caps)
            deps.queue.put(claimed.id, attempt.number, retry_after)
            return SendResult(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case Rejected(reason):
            deps.caps.give_back(claim.caps)
            return SendResult(Outcome.REJECTED, reason)
        case unknown:
            return SendResult(Outcome.UNKNOWN, unknown.reason)


def _release(attempt: DeliveryAttempt, claimed: Invitation, until: datetime, deps: SendDeps) -> Invitation:
    """As it was before but for its moment."""
    generation = attempt.invitation.generation + 1
    released = replace(attempt.invitation, deferred_until=until, generation=generation)
    if claimed.reminded_at:
        deps.invitations.release_reminder(replace(claimed, deferred_until=until, generation=generation))
    else:
        deps.invitations.release_follow_up(released)
    return released
