"""Send a due survey: check everything again, choose the way, claim, hand over once, mark."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason, State, Wait
from afterbill.model.locales import locale_of
from afterbill.model.messages import Accepted, Deferred, Receipt, Rejected
from afterbill.model.segments import segments_of
from afterbill.outreach.delivery import Outcome, Sending, Sent, Turn, counted, halted, hold_back, named, put_off, wake
from afterbill.outreach.eligibility import follows_at, recheck
from afterbill.outreach.follow_up import follow_up

FIRST = 1
"""The delivery number of the survey itself."""


def send_survey(invitation_id: str, delivery_number: int, sending: Sending, now: datetime) -> Sent:
    """Send at most one message; safe to repeat after a TransientError or a crash anywhere."""
    invitation = sending.invitations.invitation(invitation_id)
    if invitation and delivery_number != FIRST:
        return follow_up(invitation, delivery_number, sending, now)
    if invitation and invitation.state is State.SENDING and invitation.channel == Channel.IN_APP:
        return _offered(invitation, sending, invitation.claimed_at or now)
    if invitation is None or invitation.state is not State.PENDING:
        return Sent(Outcome.NOT_PENDING)
    if now < invitation.ready_at:
        # Timers round to seconds, clocks differ, and who put it off may have died before setting the timer.
        wake(invitation, FIRST, invitation.ready_at, sending, now)
        return Sent(Outcome.EARLY)
    return _ask(invitation, sending, now)


def _ask(invitation: Invitation, sending: Sending, now: datetime, *rejected: Channel, why: str = "") -> Sent:
    """By the first way that is not rejected; nothing but a rejection, `why` is the last, lets the next one try."""
    verdict, customer = sending.judge(partial(recheck, rejected=rejected), invitation, now)
    if isinstance(verdict, SkipReason):
        reason = SkipReason.REJECTED if rejected else verdict
        skipped = _skip(replace(invitation, closed_at=now), customer, reason, sending)
        return Sent(Outcome.REJECTED, why) if rejected else skipped
    turn = Turn(invitation, named(customer), FIRST)
    if isinstance(verdict, Wait):
        return put_off(turn, verdict, sending, now)
    sent = _send(turn, verdict, sending, now)
    if sent.outcome is not Outcome.REJECTED:
        return sent
    sending.heed(sent.reason, verdict, turn.customer, now)
    return _ask(invitation, sending, now, *rejected, verdict, why=sent.reason)


def _skip(invitation: Invitation, customer: Customer | None, reason: SkipReason, sending: Sending) -> Sent:
    waiting = replace(invitation, customer_id=customer.id) if customer else invitation
    sending.invitations.close(waiting, reason)
    return Sent(Outcome.SKIPPED, reason)


def _send(turn: Turn, channel: Channel, sending: Sending, now: datetime) -> Sent:
    if stopped := halted(turn, sending):
        return stopped
    claimed = _claimed(turn, channel, sending, now)
    # Before anything is counted: what cannot be written uses up no limit, however often it is tried.
    hand_over = sending.write(claimed, turn.customer)
    limits = sending.limits_on(claimed, now, quota=sending.rule(turn.invitation).quota)
    held = hold_back(turn, limits, sending, now)
    if isinstance(held, SkipReason):
        return _skip(replace(turn.invitation, closed_at=now), turn.customer, held, sending)
    if held:
        return held
    with counted(limits, sending):
        _claim(claimed, turn.customer, sending, now)
    sent = _conclude(replace(turn, invitation=claimed), hand_over(), sending, now)
    if sent.outcome in {Outcome.THROTTLED, Outcome.PAUSED, Outcome.REJECTED}:
        sending.limits.give_back(limits)
    return sent


def _claim(claimed: Invitation, customer: Customer, sending: Sending, now: datetime) -> None:
    # Before the claim: a crash must not lose what follows, and for a survey that does not go out it comes to nothing.
    if moment := follows_at(claimed, customer, sending.policy, now):
        wake(claimed, FIRST + 1, moment, sending, now)
    if not sending.invitations.claim(claimed, customer):
        message = f"invitation {claimed.id} changed while it was claimed: it is looked at again"
        raise TransientError(message)


def _claimed(turn: Turn, channel: Channel, sending: Sending, now: datetime) -> Invitation:
    customer = turn.customer
    return replace(
        turn.invitation,
        customer_id=customer.id,
        locale=locale_of(customer.locale or turn.invitation.locale, customer.country, sending.policy.almanac.languages),
        zone=sending.policy.place(customer).zone.key,
        state=State.SENDING,
        attempt=sending.new_id(),
        claimed_at=now,
        previously_asked_at=customer.last_asked_at,
        segments=segments_of(turn.invitation.segments, customer),
    ).by(channel)


def _offered(invitation: Invitation, sending: Sending, at: datetime) -> Sent:
    """It lies ready in the product since its claim, whatever became of the sender."""
    sending.invitations.mark_sent(replace(invitation, sent_at=at, sent_day=sending.day_of(at)))
    return Sent(Outcome.SENT)


def _conclude(turn: Turn, receipt: Receipt, sending: Sending, now: datetime) -> Sent:
    invitation, customer = turn.invitation, turn.customer
    match receipt:
        case Accepted(message_id):
            sent = replace(invitation, message_id=message_id, sent_at=now, sent_day=sending.day_of(now))
            sending.invitations.mark_sent(sent)
            return Sent(Outcome.SENT)
        case Deferred(reason, retry_after, paused):
            deferred = replace(invitation, deferred_until=now + retry_after, generation=invitation.generation + 1)
            sending.invitations.release(deferred, customer)
            sending.queue.put(invitation.id, turn.number, retry_after)
            return Sent(Outcome.PAUSED if paused else Outcome.THROTTLED, reason)
        case Rejected(reason):
            # Released first: who got nothing was not asked, and may be asked about the next fact.
            sending.invitations.release(invitation, customer)
            return Sent(Outcome.REJECTED, reason)
        case unknown:
            sending.invitations.mark_unknown(invitation)
            return Sent(Outcome.UNKNOWN, unknown.reason)
