"""Decide about test surveys: they go to the operator's own addresses, and no rule about customers applies to them."""

from dataclasses import replace
from datetime import datetime, timedelta

from afterbill.model.addresses import mailbox
from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Recipient
from afterbill.model.invitation import NO_DAY, Invitation, SkipReason
from afterbill.model.survey_tests import EXPIRY, PATIENCE, SEND_TEST
from afterbill.outreach.policy import Policy, Schedule, Situation, not_wanted, planned, unreachable


def may_test(source: str, address: str | None, policy: Policy) -> bool:
    """Return whether tests of this source are sent to this address: those of events to `recipients` only."""
    return bool(address) and (source == SEND_TEST or mailbox(address or "") in policy.test.recipients)


def decide_about_test(
    event: BillingEvent, customer: Customer, recipient: Recipient, policy: Policy, now: datetime
) -> Invitation:
    """Return the test survey about a fact: due after the delay of tests, or closed at once."""
    rule = policy.rules[Touchpoint(event.touchpoint or "")]
    delay = timedelta(0) if event.source == SEND_TEST else policy.test.delay
    reason = not_wanted(event, rule) or unreachable(Situation(customer, recipient=recipient), (Channel.MAIL,))
    test = planned(event, policy, customer, reason or Schedule(now + delay), now).by(Channel.MAIL)
    return replace(test, answered_day=NO_DAY, expiry=EXPIRY, patience=PATIENCE, cooldown=timedelta(0), stoppable=False)


def recheck_test(invitation: Invitation, situation: Situation, policy: Policy, now: datetime) -> SkipReason | Channel:
    """Return MAIL for a due test survey, else why it is not sent: by no other channel, and never later."""
    customer = situation.customer
    if customer is None:
        return SkipReason.NO_CUSTOMER
    if reason := unreachable(situation, (Channel.MAIL,)):
        return reason
    if not may_test(invitation.source, customer.address, policy):
        return SkipReason.TEST_MODE
    if not policy.rules[Touchpoint(invitation.touchpoint)].ask:
        return SkipReason.NOT_ASKED
    # A role's address is fine here: the operator named it.
    if situation.address_problem is SkipReason.BAD_ADDRESS:
        return SkipReason.BAD_ADDRESS
    return SkipReason.EXPIRED if now > invitation.patient_until else Channel.MAIL
