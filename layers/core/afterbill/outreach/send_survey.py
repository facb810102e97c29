"""Send a due survey: check everything again, choose the way, claim, hand over once, mark."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Deferral, Invitation, Refusal, SkipReason, State
from afterbill.model.locales import locale_of
from afterbill.model.messages import Accepted, Deferred, QuotaUsedUp, Receipt, Rejected
from afterbill.model.segments import segments_of
from afterbill.model.subscriptions import price_of
from afterbill.outreach.delivery import (
    FIRST,
    DeliveryAttempt,
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
from afterbill.outreach.eligibility import recheck
from afterbill.outreach.fact_segments import declared
from afterbill.outreach.follow_up import follow_up
from afterbill.outreach.next_delivery import restore_next, schedule_next
from afterbill.outreach.ports import AGAIN
from afterbill.outreach.refusals import released, settled


def send_survey(
    invitation_id: str, delivery_number: int, deps: SendDeps, now: datetime, refusal: Refusal | None = None
) -> SendResult:
    """Send at most one message; safe to repeat after a TransientError or a crash anywhere.

    A claim that was refused is given back first.
    """
    if refusal and not settled(invitation_id, delivery_number, refusal, deps, now):
        return SendResult(Outcome.REFUSED)
    invitation = deps.invitations.invitation(invitation_id)
    if delivery_number == AGAIN:
        return _look_again(invitation, deps, now)
    if invitation and delivery_number != FIRST:
        return follow_up(invitation, delivery_number, deps, now)
    return _look_at(invitation, deps, now)


def _look_at(invitation: Invitation | None, deps: SendDeps, now: datetime) -> SendResult:
    """Send the survey itself, or restore what follows it where a message comes again."""
    if invitation and invitation.state is State.SENDING and invitation.channel == Channel.IN_APP:
        return _offered(invitation, deps, now)
    if invitation is None or invitation.state is not State.PENDING:
        if invitation and invitation.delivery_number == FIRST:
            restore_next(invitation, deps, now)
        return SendResult(Outcome.NOT_PENDING)
    if now < invitation.ready_at and not (invitation.held or invitation.until_seen):
        # Timers round to seconds, clocks differ, and who put it off may have died before setting the timer.
        schedule_check(invitation, FIRST, invitation.ready_at, deps, now)
        return SendResult(Outcome.EARLY)
    return _ask(invitation, deps, now)


def _look_again(invitation: Invitation | None, deps: SendDeps, now: datetime) -> SendResult:
    """Send what the sweep queued again, unless its own message was faster: that costs one read, and queues nothing."""
    if invitation is None or invitation.state is not State.PENDING:
        return SendResult(Outcome.NOT_PENDING)
    if now < invitation.ready_at:
        return SendResult(Outcome.EARLY)
    # Its own message goes round meanwhile; where that is lost, the sweep queues it again when sending goes on.
    if reason := deps.status.pause_reason():
        return SendResult(Outcome.HALTED, reason)
    return _ask(invitation, deps, now)


def _ask(invitation: Invitation, deps: SendDeps, now: datetime, *rejected: Channel, why: str = "") -> SendResult:
    """Try the first channel that is not rejected. Only a rejection lets the next one try; `why` is the last one's."""
    verdict, customer, recipient = deps.judge(partial(recheck, rejected=rejected), invitation, now)
    if isinstance(verdict, SkipReason):
        reason = SkipReason.REJECTED if rejected else verdict
        skipped = _skip(invitation, customer, reason, deps, now)
        return SendResult(Outcome.REJECTED, why) if rejected else skipped
    attempt = DeliveryAttempt(invitation, require_customer(customer), FIRST, recipient)
    if isinstance(verdict, Deferral):
        return defer(attempt, verdict, deps, now)
    sent = _send(attempt, verdict, deps, now)
    if sent.outcome is Outcome.QUOTA_USED_UP:
        close_gate(verdict, deps, now)
        return _ask(invitation, deps, now, *rejected, why=why)
    if sent.outcome is not Outcome.REJECTED:
        return sent
    deps.record_opt_out(sent.reason, verdict, attempt.customer, now)
    return _ask(invitation, deps, now, *rejected, verdict, why=sent.reason)


def _skip(
    invitation: Invitation, customer: Customer | None, reason: SkipReason, deps: SendDeps, now: datetime
) -> SendResult:
    waiting = replace(invitation, customer_id=customer.id) if customer else invitation
    deps.invitations.close(replace(waiting, closed_at=now), reason)
    deps.first_skips.tell(invitation, reason, now)
    return SendResult(Outcome.SKIPPED, reason)


def _send(attempt: DeliveryAttempt, channel: Channel, deps: SendDeps, now: datetime) -> SendResult:
    claimed = _claimed(attempt, channel, deps, now)
    delivered = deliver(attempt, claimed, deps, now)
    if isinstance(delivered, SkipReason):
        return _skip(attempt.invitation, attempt.customer, delivered, deps, now)
    if isinstance(delivered, SendResult):
        return delivered
    sent = _conclude(replace(attempt, invitation=claimed), delivered.receipt, deps, now)
    if sent.outcome in {Outcome.THROTTLED, Outcome.PAUSED, Outcome.QUOTA_USED_UP, Outcome.REJECTED}:
        deps.caps.give_back(delivered.caps)
    return sent


def _claimed(attempt: DeliveryAttempt, channel: Channel, deps: SendDeps, now: datetime) -> Invitation:
    customer = attempt.customer
    return replace(
        attempt.invitation,
        customer_id=customer.id,
        locale=locale_of(customer.locale or attempt.invitation.locale, customer.country, deps.policy.almanac.languages),
        zone=deps.policy.place(customer).zone.key,
        state=State.SENDING,
        attempt=deps.new_id(),
        claimed_at=now,
        # One that was called before its time is not held up by it any more, nor is what follows.
        deferred_until=attempt.invitation.deferred_until and min(attempt.invitation.deferred_until, now),
        previously_asked_at=customer.last_asked_at,
        address_hashes=deps.reached(channel, customer),
        recurring=attempt.invitation.recurring or price_of(attempt.invitation.objects, customer.subscriptions),
        segments=segments_of(attempt.invitation.segments, customer, declared(deps.policy)),
    ).by(channel)


def _offered(invitation: Invitation, deps: SendDeps, now: datetime) -> SendResult:
    """Mark a survey inside the product as sent: it lies ready there since its claim, even if the sender crashed."""
    at = invitation.claimed_at or now
    sent = replace(invitation, state=State.SENT, sent_at=at, sent_day=invitation.day(deps.day_of(at)))
    deps.invitations.mark_sent(sent)
    restore_next(sent, deps, now)
    return SendResult(Outcome.SENT)


def _conclude(attempt: DeliveryAttempt, receipt: Receipt, deps: SendDeps, now: datetime) -> SendResult:
    invitation, customer = attempt.invitation, attempt.customer
    if isinstance(receipt, Deferred | QuotaUsedUp | Rejected) and not _released(attempt, receipt, deps, now):
        return SendResult(Outcome.REFUSED, receipt.reason)
    match receipt:
        case Accepted(message_id):
            day = invitation.day(deps.day_of(now))
            sent = replace(invitation, message_id=message_id, sent_at=now, sent_day=day)
            deps.invitations.mark_sent(sent)
            schedule_next(sent, customer, deps, now)
            open_gate(invitation.channel, deps)
            return SendResult(Outcome.TEST_SENT if invitation.test else Outcome.SENT)
        case Deferred(reason, retry_after, paused):
            deps.queue.put(invitation.id, attempt.number, retry_after)
            return SendResult(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case QuotaUsedUp(reason):
            return SendResult(Outcome.QUOTA_USED_UP, reason)
        case Rejected(reason):
            return SendResult(Outcome.REJECTED, reason)
        case unknown:
            deps.invitations.mark_unknown(invitation)
            # It may be confirmed yet, by the mail system's report or an answer.
            schedule_next(invitation, customer, deps, now)
            return SendResult(Outcome.UNKNOWN, unknown.reason)


def _released(attempt: DeliveryAttempt, receipt: Receipt, deps: SendDeps, now: datetime) -> bool:
    """Give the claim back before all else: who got nothing was not asked, and may be asked about the next fact."""
    claimed, recipient = attempt.invitation, attempt.recipient
    undone = claimed
    if isinstance(receipt, Deferred):
        undone = replace(claimed, deferred_until=now + receipt.retry_after, generation=claimed.generation + 1)
    refusal = Refusal(claimed.claim_name, claimed.previously_asked_at, recipient.last_asked_at)
    release = partial(deps.invitations.release, undone, attempt.customer, recipient)
    return released(release, claimed, refusal, deps)
