"""Whether a survey may go out at this very moment: everything is checked again, for much may have happened."""

from datetime import datetime, timedelta

from afterbill.domain.billing import Touchpoint
from afterbill.domain.customer import Customer, Waiting
from afterbill.domain.invitation import Delivery, Invitation, SkipReason, Wait
from afterbill.domain.legal import CONSENT_WITHDRAWN_AT, Legal, Need, basis_of, lawful
from afterbill.domain.policy import SETTLING, Policy, Rule, Situation, adverse_since, cooled, good_moment, unreachable
from afterbill.domain.sending_window import is_open

_CLAIMED_BEFORE = timedelta(minutes=1)
_LAST_LOOK = timedelta(days=1)


def recheck(invitation: Invitation, situation: Situation, policy: Policy, now: datetime) -> SkipReason | Wait | None:
    """Why a due invitation must not go out after all, what it has to wait for, or None."""
    rule, customer = policy.rules[Touchpoint(invitation.touchpoint)], situation.customer
    reason = _forbidden(invitation, situation, policy, now)
    if reason or customer is None:
        return reason
    if now > invitation.patient_until:
        return SkipReason.EXPIRED
    until, why = _turn(invitation, rule, customer, now)
    return _postponed(invitation, rule, customer, policy, Wait(now, why, until))


def recheck_reminder(
    invitation: Invitation, situation: Situation, policy: Policy, now: datetime
) -> SkipReason | Wait | None:
    """The same for the one reminder of a survey that went out."""
    rule, customer, sent_at = policy.rules[Touchpoint(invitation.touchpoint)], situation.customer, invitation.sent_at
    reason = _settled(invitation, rule, now) or _forbidden(invitation, situation, policy, now)
    if reason or customer is None or sent_at is None:
        return reason
    # A minute is more than claim and sending lie apart: who was asked after that was asked about something else.
    if customer.last_asked_at and customer.last_asked_at > sent_at + _CLAIMED_BEFORE:
        return SkipReason.SUPERSEDED
    return _postponed(invitation, rule, customer, policy, Wait(now, SkipReason.WINDOW, now))


def _settled(invitation: Invitation, rule: Rule, now: datetime) -> SkipReason | None:
    if invitation.answer:
        return SkipReason.ANSWERED
    if invitation.delivery and invitation.delivery >= Delivery.BOUNCED:
        return SkipReason.SUPPRESSED
    if now >= invitation.answer_until:
        return SkipReason.EXPIRED
    return None if rule.reminder else SkipReason.NOT_ASKED


def remind_at(invitation: Invitation, rule: Rule, customer: Customer, policy: Policy, now: datetime) -> datetime | None:
    """When somebody asked at `now` is reminded; None where nobody is, or the survey would be closed by then."""
    if not rule.reminder:
        return None
    between = (now + rule.reminder, now + invitation.expiry)
    return good_moment(between, rule, f"{invitation.id}-reminder", policy, customer)


def postponed(invitation: Invitation, customer: Customer, policy: Policy, wait: Wait) -> SkipReason | Wait:
    """The wait, to end at a good moment; its reason alone where that would be too late."""
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    latest = invitation.patient_until if invitation.sent_at is None else invitation.answer_until
    moment = good_moment((wait.until, latest), rule, f"{invitation.id}-{invitation.generation}", policy, customer)
    if moment is None and wait.reason is SkipReason.SUPERSEDED:
        # The better one may still fall away: one more look, as late as it may be.
        between = (max(latest - _LAST_LOOK, wait.at + SETTLING), latest)
        moment = good_moment(between, rule, f"{invitation.id}-{invitation.generation}", policy, customer)
    return Wait(wait.at, wait.reason, moment) if moment else wait.reason


def _postponed(
    invitation: Invitation, rule: Rule, customer: Customer, policy: Policy, wait: Wait
) -> SkipReason | Wait | None:
    """None where there is nothing to wait for, the hour of the day included."""
    if wait.until > wait.at:
        return postponed(invitation, customer, policy, wait)
    if rule.window is None or is_open(rule.window, policy.place(customer), policy.almanac, wait.at):
        return None
    return postponed(invitation, customer, policy, Wait(wait.at, SkipReason.WINDOW, wait.at))


def _forbidden(invitation: Invitation, situation: Situation, policy: Policy, now: datetime) -> SkipReason | None:
    """What no waiting mends."""
    customer = situation.customer
    if not policy.rules[Touchpoint(invitation.touchpoint)].ask:
        return SkipReason.NOT_ASKED  # switched off since it was scheduled
    if customer is None:
        return SkipReason.NO_CUSTOMER
    return (
        unreachable(situation)
        or (None if customer.address else SkipReason.NO_ADDRESS)
        or situation.address_problem
        or _unlawful(customer, policy.legal, now)
        or _taken_back_since(invitation, situation.stopped, customer)
    )


def _unlawful(customer: Customer, legal: Legal, now: datetime) -> SkipReason | None:
    need, withdrawn = legal.need(customer.country), CONSENT_WITHDRAWN_AT in customer.attributes
    if need is Need.NOTHING and not withdrawn:
        return None
    basis = basis_of(customer.attributes, now)
    # Who took a consent back has said no, whatever the country asks for.
    allowed = basis is not None if need is Need.NOTHING else lawful(need, basis)
    return None if allowed else SkipReason.NO_BASIS


def _taken_back_since(invitation: Invitation, stopped: bool, customer: Customer) -> SkipReason | None:  # noqa: FBT001  # as in Situation
    adverse = stopped or adverse_since(customer, invitation.occurred_at)
    return SkipReason.STOPPED if invitation.stoppable and adverse else None


def _turn(invitation: Invitation, rule: Rule, customer: Customer, now: datetime) -> tuple[datetime, SkipReason]:
    """When it is this survey's turn among those of its customer: not in a cooldown, and not before better ones."""
    free_at = cooled(customer, invitation.cooldown)
    if free_at > now:
        return free_at, SkipReason.COOLDOWN
    better = [
        max(other.due_at, now) + SETTLING
        for id_, other in customer.waiting.items()
        if id_ != invitation.id and _goes_before(other, invitation, rule, now)
    ]
    return max(better, default=now), SkipReason.SUPERSEDED


def _goes_before(other: Waiting, invitation: Invitation, rule: Rule, now: datetime) -> bool:
    """Whether `other` says more and would be barred by the cooldown that this one begins."""
    competes = other.until >= now and other.due_at < now + invitation.cooldown
    return competes and other.priority > rule.priority
