"""Decide whether a survey may go out at this moment, and by which channel; all is checked again when it is due."""

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.channels import Channel
from afterbill.model.consent import CONSENT_WITHDRAWN_AT, Legal, Need, basis_of, lawful
from afterbill.model.customer import MOST_WHEN_SEEN, Customer, Suppression, Waiting
from afterbill.model.invitation import Deferral, Delivery, Invitation, SkipReason
from afterbill.model.visits import Kind
from afterbill.outreach.policy import (
    LATE_FACT_GRACE,
    Policy,
    Rule,
    Situation,
    adverse_since,
    cooled,
    good_moment,
    held,
    no_farewell,
    timing,
    unreachable,
)
from afterbill.outreach.sending_window import is_open
from afterbill.outreach.survey_tests import recheck_test

_CLAIMED_BEFORE = timedelta(minutes=1)
_LAST_LOOK = timedelta(days=1)
_JUDGED_WITHIN = timedelta(minutes=30)
"""More time than lies between two runs of review_clicks."""
_TURNS = frozenset({SkipReason.COOLDOWN, SkipReason.SUPERSEDED})

Verdict = SkipReason | Deferral | Channel
"""Why not, what for, or by which way."""


def recheck(
    invitation: Invitation,
    situation: Situation,
    policy: Policy,
    now: datetime,
    *,
    rejected: Container[Channel] = (),
) -> Verdict:
    """Return the channel by which a due invitation goes out, else what it waits for or why it is skipped.

    Channels in `rejected` were tried a moment ago, and are not tried again.
    """
    if invitation.test:
        return SkipReason.REJECTED if Channel.MAIL in rejected else recheck_test(invitation, situation, policy, now)
    rule, customer = policy.rules[Touchpoint(invitation.touchpoint)], situation.customer
    closed, channels = _closed(rule, situation), _but(rejected, rule.channels)
    if closed or customer is None:
        return closed or SkipReason.NO_CUSTOMER
    chosen = choose(channels, rule.seen_within, situation, policy, now)
    if isinstance(chosen, SkipReason) and not _may_come(invitation, channels, customer, policy, now):
        return chosen
    if obstacle := _obstacle(invitation, situation, customer, policy, now):
        return obstacle
    if isinstance(chosen, SkipReason):
        return Deferral(now, SkipReason.NOT_SEEN, invitation.patient_until)
    until, why = _turn(invitation, rule, situation, customer, now)
    return _postponed(invitation, customer, policy, Deferral(now, why, until), chosen)


def _obstacle(
    invitation: Invitation, situation: Situation, customer: Customer, policy: Policy, now: datetime
) -> SkipReason | Deferral | None:
    """Return what has happened since that speaks against the survey, whatever the channel."""
    reason = _taken_back_since(invitation, situation) or (
        SkipReason.EXPIRED if now > invitation.patient_until else _no_farewell(invitation, customer, now)
    )
    waits = held(invitation, customer, policy.rules[Touchpoint.CANCELLED].stops, now)
    return reason or (_hold(invitation, now) if waits else None)


def recheck_again(
    invitation: Invitation,
    situation: Situation,
    policy: Policy,
    now: datetime,
    *,
    rejected: Container[Channel] = (),
) -> Verdict:
    """Return the same for what follows a survey that went out: the next channel, or the one reminder by mail."""
    rule, customer, last_at = policy.rules[Touchpoint(invitation.touchpoint)], situation.customer, invitation.last_at
    later = _but(rejected, following(invitation, rule))
    reason = _settled(invitation, rule, later, now) or _closed(rule, situation)
    if reason or customer is None or last_at is None:
        return reason or SkipReason.NO_CUSTOMER
    judged_at = _judged_at(invitation, policy)
    if judged_at and judged_at > now:
        return postponed(invitation, customer, policy, Deferral(now, SkipReason.ANSWERED, judged_at))
    until, why, chosen = now, SkipReason.WINDOW, choose(later, rule.seen_within, situation, policy, now)
    if isinstance(chosen, SkipReason) and _reminds(invitation, rule):
        until, why, chosen = last_at + rule.reminder, chosen, _reminder(invitation, rule, situation, policy, now)
    if isinstance(chosen, SkipReason):
        return chosen
    ended = held(invitation, customer, policy.rules[Touchpoint.CANCELLED].stops, now)
    reason = _taken_back_since(invitation, situation) or (SkipReason.STOPPED if ended else None)
    reason = reason or _no_farewell(invitation, customer, now) or _superseded(invitation, customer)
    return reason or _postponed(invitation, customer, policy, Deferral(now, why, until), chosen)


def _judged_at(invitation: Invitation, policy: Policy) -> datetime | None:
    """Return when the newest click will have been reviewed as a person's or a machine's; None where none waits."""
    clicks = [visit.at for visit in invitation.visits if visit.kind is Kind.SEEN]
    return max(clicks) + policy.integrity.settling + _JUDGED_WITHIN if clicks and not invitation.label else None


def _but(rejected: Container[Channel], channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    return tuple(channel for channel in channels if channel not in rejected)


def _settled(invitation: Invitation, rule: Rule, later: tuple[Channel, ...], now: datetime) -> SkipReason | None:
    """Return why nothing follows, or None; after a bounce another channel still may."""
    if invitation.answer:
        return SkipReason.ANSWERED
    if invitation.dismissed_at:
        return SkipReason.DISMISSED
    if invitation.delivery and invitation.delivery >= (Delivery.COMPLAINED if later else Delivery.BOUNCED):
        return SkipReason.SUPPRESSED
    if now >= invitation.answer_until:
        return SkipReason.EXPIRED
    return None if later or _reminds(invitation, rule) else SkipReason.NOT_ASKED


def _reminds(invitation: Invitation, rule: Rule) -> bool:
    """Only mail has reminders: it alone is forgotten in a pile."""
    return bool(rule.reminder) and invitation.channel == Channel.MAIL and not invitation.test


def _reminder(
    invitation: Invitation, rule: Rule, situation: Situation, policy: Policy, now: datetime
) -> SkipReason | Channel:
    if invitation.delivery and invitation.delivery >= Delivery.BOUNCED:
        return SkipReason.SUPPRESSED
    return choose((Channel.MAIL,), rule.seen_within, situation, policy, now)


def _superseded(invitation: Invitation, customer: Customer) -> SkipReason | None:
    """Return SUPERSEDED where the customer was asked about something else more than a minute after this.

    Where no cooldown keeps surveys apart, one that lay in the product until another took its place goes on.
    """
    if invitation.channel == Channel.IN_APP and not (invitation.cooldown or invitation.shown_at):
        return None
    sent_at, asked_at = invitation.sent_at, customer.last_asked_at
    return SkipReason.SUPERSEDED if sent_at and asked_at and asked_at > sent_at + _CLAIMED_BEFORE else None


def follows_at(invitation: Invitation, customer: Customer, policy: Policy, now: datetime) -> datetime | None:
    """Return when to check what follows a delivery at `now`; None where nothing does, or the survey closes before."""
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    if later := following(invitation, rule):
        between = (now + rule.fallback, (invitation.sent_at or now) + invitation.expiry)
        return good_moment(between, timing(rule, later), f"{invitation.id}-{later[0]}", policy, customer)
    return remind_at(invitation, rule, customer, policy, now)


def remind_at(invitation: Invitation, rule: Rule, customer: Customer, policy: Policy, now: datetime) -> datetime | None:
    """Return when to remind somebody asked at `now`; None where there is no reminder, or the survey closes before."""
    if not _reminds(invitation, rule):
        return None
    between = (now + rule.reminder, (invitation.sent_at or now) + invitation.expiry)
    return good_moment(between, rule, f"{invitation.id}-reminder", policy, customer)


def postponed(invitation: Invitation, customer: Customer, policy: Policy, wait: Deferral) -> SkipReason | Deferral:
    """Return the wait with a good moment as its end, or only its reason where that would be too late."""
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    # The channel is chosen anew after a wait for one's turn; all other waits are those of mail or text messages.
    rule = timing(rule, rule.channels) if wait.reason in _TURNS else rule
    latest = invitation.patient_until if invitation.sent_at is None else invitation.answer_until
    moment = good_moment((wait.until, latest), rule, f"{invitation.id}-{invitation.generation}", policy, customer)
    if moment is None and wait.reason is SkipReason.SUPERSEDED:
        # The better one may still fall away: one more look, as late as it may be.
        between = (max(latest - _LAST_LOOK, wait.at + LATE_FACT_GRACE), latest)
        moment = good_moment(between, rule, f"{invitation.id}-{invitation.generation}", policy, customer)
    return Deferral(wait.at, wait.reason, moment) if moment else wait.reason


def _postponed(invitation: Invitation, customer: Customer, policy: Policy, wait: Deferral, chosen: Channel) -> Verdict:
    """Return the channel, or the wait if there is something to wait for, such as an hour of the sending window."""
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    if wait.until > wait.at:
        return postponed(invitation, customer, policy, wait)
    if chosen is Channel.IN_APP or rule.window is None:
        return chosen
    if is_open(rule.window, policy.place(customer), policy.almanac, wait.at):
        return chosen
    return postponed(invitation, customer, policy, Deferral(wait.at, SkipReason.WINDOW, wait.at))


def _closed(rule: Rule, situation: Situation) -> SkipReason | None:
    """Return why no channel is open and waiting does not help, or None."""
    if not rule.ask:
        return SkipReason.NOT_ASKED  # switched off since it was scheduled
    return unreachable(situation, rule.channels)


def _taken_back_since(invitation: Invitation, situation: Situation) -> SkipReason | None:
    customer = situation.customer
    adverse = situation.stopped or (customer and adverse_since(customer, invitation.known_since))
    return SkipReason.STOPPED if invitation.stoppable and adverse else None


def _no_farewell(invitation: Invitation, customer: Customer, now: datetime) -> SkipReason | None:
    ending = invitation.objects.get("subscription") if invitation.touchpoint == Touchpoint.CANCELLED else None
    return no_farewell(invitation.fact, ending, customer, now) if ending else None


def _hold(invitation: Invitation, now: datetime) -> SkipReason | Deferral:
    """Hold the survey back while an announced end may still be taken back, which wakes it; then it is stopped."""
    last_look = invitation.patient_until - LATE_FACT_GRACE
    return SkipReason.STOPPED if now >= last_look else Deferral(now, SkipReason.STOPPED, last_look)


def _may_come(
    invitation: Invitation, channels: tuple[Channel, ...], customer: Customer, policy: Policy, now: datetime
) -> bool:
    """Return whether to wait for the customer to use the product, because no channel can be used without them.

    Only users of one source are known there; whose customers a campaign asks, its invitation does not tell.
    """
    known = invitation.source in {policy.in_product.source, CAMPAIGNS}
    room = invitation.id in customer.when_seen or len(customer.when_seen) < MOST_WHEN_SEEN
    return Channel.IN_APP in channels and known and room and now < invitation.patient_until


def _turn(
    invitation: Invitation, rule: Rule, situation: Situation, customer: Customer, now: datetime
) -> tuple[datetime, SkipReason]:
    """Return from when it is this survey's turn, and why not before: a cooldown, or better surveys of its customer."""
    free_at = cooled(customer, situation.recipient, invitation.cooldown)
    if free_at > now:
        return free_at, SkipReason.COOLDOWN
    better = [
        max(other.due_at, now) + LATE_FACT_GRACE
        for id_, other in customer.waiting.items()
        if id_ != invitation.id and _goes_before(other, invitation, rule, now)
    ]
    return max(better, default=now), SkipReason.SUPERSEDED


def _goes_before(other: Waiting, invitation: Invitation, rule: Rule, now: datetime) -> bool:
    """Return whether `other` has priority and would be kept back by the cooldown that this survey begins."""
    competes = other.until >= now and other.due_at < now + invitation.cooldown
    return competes and other.priority > rule.priority


def choose(
    channels: Iterable[Channel], seen_within: timedelta, situation: Situation, policy: Policy, now: datetime
) -> Channel | SkipReason:
    """Return the first channel that can be used, else the reason of the last mail or SMS channel tried.

    The caller checks objections that close all channels.
    """
    reason = SkipReason.NOT_SEEN
    for channel in channels:
        problem = _problem(channel, seen_within, situation, policy, now)
        if problem is None:
            return channel
        reason = reason if channel is Channel.IN_APP else problem
    return reason


def following(invitation: Invitation, rule: Rule) -> tuple[Channel, ...]:
    """Return the channels that follow, one after the other, while nobody answers.

    None where nothing is to follow, as after a test, or the survey would be closed by then.
    """
    last_at = invitation.last_at
    late = last_at is not None and last_at + rule.fallback >= invitation.answer_until
    if not rule.fallback or late or invitation.test or invitation.channel not in rule.channels:
        return ()
    return rule.channels[rule.channels.index(Channel(invitation.channel)) + 1 :]


def _problem(
    channel: Channel, seen_within: timedelta, situation: Situation, policy: Policy, now: datetime
) -> SkipReason | None:
    customer = situation.customer
    if customer is None:
        return SkipReason.NO_CUSTOMER
    match channel:
        case Channel.IN_APP:
            return _unseen(customer, now - seen_within)
        case Channel.SMS:
            return _number_problem(situation, customer) or unlawful(customer, policy.legal, now)
        case _:
            return _address_problem(situation, customer) or unlawful(customer, policy.legal, now)


def _unseen(customer: Customer, since: datetime) -> SkipReason | None:
    """Return NOT_SEEN for a customer who has not used the product since. It needs no legal basis: nothing is sent."""
    seen = customer.last_seen_at is not None and customer.last_seen_at >= since
    return None if seen else SkipReason.NOT_SEEN


def _number_problem(situation: Situation, customer: Customer) -> SkipReason | None:
    return situation.phone_problem if customer.phone else SkipReason.NO_PHONE


def _address_problem(situation: Situation, customer: Customer) -> SkipReason | None:
    if situation.recipient.suppressed is Suppression.BOUNCED:
        return SkipReason.SUPPRESSED
    return situation.address_problem if customer.address else SkipReason.NO_ADDRESS


def unlawful(customer: Customer, legal: Legal, now: datetime) -> SkipReason | None:
    """Return NO_BASIS where mail and text messages to this customer lack the basis that their country demands."""
    need, withdrawn = legal.need(customer.country), CONSENT_WITHDRAWN_AT in customer.attributes
    if need is Need.NOTHING and not withdrawn:
        return None
    basis = basis_of(customer.attributes, now)
    # Who took a consent back has said no, whatever the country asks for.
    allowed = basis is not None if need is Need.NOTHING else lawful(need, basis)
    return None if allowed else SkipReason.NO_BASIS
