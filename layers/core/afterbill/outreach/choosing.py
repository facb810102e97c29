"""By which way a customer is asked: the first of the touchpoint's channels that can be used, decided when it is due."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from afterbill.model.channels import Channel
from afterbill.model.consent import CONSENT_WITHDRAWN_AT, Legal, Need, basis_of, lawful
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Invitation, SkipReason
from afterbill.outreach.policy import Policy, Rule, Situation


def choose(
    channels: Iterable[Channel], seen_within: timedelta, situation: Situation, policy: Policy, now: datetime
) -> Channel | SkipReason:
    """The first channel that can be used; else why not, as the last of mail and text messages told.

    Nobody may have objected in general: that closes all channels, and is checked before.
    """
    told = SkipReason.NOT_SEEN
    for channel in channels:
        problem = _problem(channel, seen_within, situation, policy, now)
        if problem is None:
            return channel
        told = told if channel is Channel.IN_APP else problem
    return told


def following(invitation: Invitation, rule: Rule) -> tuple[Channel, ...]:
    """The channels that are tried, one after the other, while nobody answers.

    None where nothing is to follow, or the survey would be closed by then.
    """
    last_at = invitation.last_at
    late = last_at is not None and last_at + rule.fallback >= invitation.answer_until
    if not rule.fallback or late or invitation.channel not in rule.channels:
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
            return _number_problem(situation, customer) or _unlawful(customer, policy.legal, now)
        case _:
            return _address_problem(situation, customer) or _unlawful(customer, policy.legal, now)


def _unseen(customer: Customer, since: datetime) -> SkipReason | None:
    """No legal basis is asked for: nothing is sent to somebody who is using the product."""
    seen = customer.last_seen_at is not None and customer.last_seen_at >= since
    return None if seen else SkipReason.NOT_SEEN


def _number_problem(situation: Situation, customer: Customer) -> SkipReason | None:
    return situation.phone_problem if customer.phone else SkipReason.NO_PHONE


def _address_problem(situation: Situation, customer: Customer) -> SkipReason | None:
    if customer.suppressed == Suppression.BOUNCED:
        return SkipReason.SUPPRESSED
    return situation.address_problem if customer.address else SkipReason.NO_ADDRESS


def _unlawful(customer: Customer, legal: Legal, now: datetime) -> SkipReason | None:
    need, withdrawn = legal.need(customer.country), CONSENT_WITHDRAWN_AT in customer.attributes
    if need is Need.NOTHING and not withdrawn:
        return None
    basis = basis_of(customer.attributes, now)
    # Who took a consent back has said no, whatever the country asks for.
    allowed = basis is not None if need is Need.NOTHING else lawful(need, basis)
    return None if allowed else SkipReason.NO_BASIS
