"""Follow up a survey that nobody answers: the next channel, then the one reminder; better never than twice."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from afterbill.model.channels import Channel
from afterbill.model.invitation import Deferral, Delivery, FollowUp, Invitation, Refusal, SkipReason, State
from afterbill.model.messages import Accepted, Deferred, Rejected, Unknown
from afterbill.outreach.delivery import (
    DeliveryAttempt,
    HandedOver,
    Outcome,
    SendDeps,
    SendResult,
    close_gate,
    defer,
    deliver,
    open_gate,
    require_customer,
    schedule_check,
)
from afterbill.outreach.eligibility import following, recheck_again
from afterbill.outreach.next_delivery import restore_next, schedule_next
from afterbill.outreach.refusals import released


def follow_up(invitation: Invitation, number: int, deps: SendDeps, now: datetime) -> SendResult:
    """Send delivery `number` of a survey that went out; safe to repeat after a TransientError or a crash anywhere."""
    last_at = invitation.last_at
    if number == invitation.delivery_number:
        restore_next(invitation, deps, now)
    next_one = invitation.state is State.SENT and number == invitation.delivery_number + 1
    if not next_one or invitation.reminded_at or last_at is None:
        return SendResult(Outcome.NOT_PENDING)
    rule = deps.rule(invitation)
    after = rule.fallback if following(invitation, rule) else rule.reminder
    ready_at = max(last_at + after, invitation.deferred_until or last_at)
    if now < ready_at:
        # Under another name: the schedule that fired may not be deleted yet, and would be taken for this one.
        waiting = invitation.defer(Deferral(now, SkipReason.WINDOW, ready_at))
        schedule_check(waiting, number, ready_at, deps, now)
        return SendResult(Outcome.EARLY)
    return _ask(invitation, number, deps, now)


def _ask(invitation: Invitation, number: int, deps: SendDeps, now: datetime, *rejected: Channel) -> SendResult:
    """Try the next channel that is not rejected, as for the survey itself."""
    verdict, customer, recipient = deps.judge(partial(recheck_again, rejected=rejected), invitation, now)
    if isinstance(verdict, SkipReason):
        return SendResult(Outcome.NOT_REMINDED, verdict)
    attempt = DeliveryAttempt(invitation, require_customer(customer), number, recipient)
    if isinstance(verdict, Deferral):
        return defer(attempt, verdict, deps, now)
    claimed = _claimed(attempt, verdict, deps, now)
    sent = _send(attempt, claimed, deps, now)
    if sent.outcome is Outcome.QUOTA_USED_UP:
        close_gate(verdict, deps, now)
        return _ask(_given_back(attempt, now), number, deps, now, *rejected)
    if sent.outcome is not Outcome.REJECTED or claimed.reminded_at:
        return sent
    deps.record_opt_out(sent.reason, verdict, attempt.customer, now)
    another = _ask(_given_back(attempt, now), number, deps, now, *rejected, verdict)
    return sent if another.outcome is Outcome.NOT_REMINDED else another


def _claimed(attempt: DeliveryAttempt, channel: Channel, deps: SendDeps, now: datetime) -> Invitation:
    """Return the invitation as claimed; by the channel of the last delivery it is the reminder."""
    # The customer may have another address by now: an objection is about every one that was reached.
    reached = dict.fromkeys((*attempt.invitation.address_hashes, *deps.reached(channel, attempt.customer)))
    claimed = replace(attempt.invitation, delivery_number=attempt.number, address_hashes=tuple(reached))
    if channel == claimed.channel:
        return replace(claimed, reminded_at=now)
    earlier = claimed.follow_ups or (FollowUp(claimed.sent_at or now, claimed.channel),)
    return replace(
        claimed,
        follow_ups=(*earlier, FollowUp(now, channel)),
        delivery=Delivery.ACCEPTED,
        delivered_at=None,
    ).by(channel)


def _send(attempt: DeliveryAttempt, claimed: Invitation, deps: SendDeps, now: datetime) -> SendResult:
    delivered = deliver(attempt, claimed, deps, now)
    if isinstance(delivered, SkipReason):
        return SendResult(Outcome.NOT_REMINDED, delivered)
    if isinstance(delivered, SendResult):
        return delivered
    return _conclude(attempt, claimed, delivered, deps, now)


def _conclude(
    attempt: DeliveryAttempt, claimed: Invitation, delivered: HandedOver, deps: SendDeps, now: datetime
) -> SendResult:
    receipt = delivered.receipt
    if isinstance(receipt, Accepted):
        schedule_next(claimed, attempt.customer, deps, now)
        open_gate(claimed.channel, deps)
        return SendResult(Outcome.REMINDED if claimed.reminded_at else Outcome.SENT_ANOTHER_WAY)
    if isinstance(receipt, Unknown):
        schedule_next(claimed, attempt.customer, deps, now)
        return SendResult(Outcome.UNKNOWN, receipt.reason)
    # Released first: nothing went out, and no score and no story may tell of it.
    until = now + receipt.retry_after if isinstance(receipt, Deferred) else now
    # Nobody tries again a reminder that was rejected.
    spent = isinstance(receipt, Rejected) and claimed.reminded_at
    if not spent and not _released(attempt, claimed, until, deps):
        return SendResult(Outcome.REFUSED, receipt.reason)
    deps.caps.give_back(delivered.caps)
    if isinstance(receipt, Deferred):
        deps.queue.put(claimed.id, attempt.number, receipt.retry_after)
        return SendResult(Outcome.PAUSED if receipt.paused else Outcome.THROTTLED, receipt.reason)
    return SendResult(Outcome.REJECTED if isinstance(receipt, Rejected) else Outcome.QUOTA_USED_UP, receipt.reason)


def _released(attempt: DeliveryAttempt, claimed: Invitation, until: datetime, deps: SendDeps) -> bool:
    before = _given_back(attempt, until)
    if claimed.reminded_at:
        undone = replace(claimed, deferred_until=until, generation=before.generation)
        release = partial(deps.invitations.release_reminder, undone)
    else:
        release = partial(deps.invitations.release_follow_up, before)
    refusal = Refusal(claimed.claim_name, delivery=before.delivery, delivered_at=before.delivered_at)
    return released(release, claimed, refusal, deps)


def _given_back(attempt: DeliveryAttempt, until: datetime) -> Invitation:
    """Return the invitation as before the claim, but that it waits until `until`."""
    return replace(attempt.invitation, deferred_until=until, generation=attempt.invitation.generation + 1)
