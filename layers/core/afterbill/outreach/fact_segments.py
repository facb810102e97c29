"""The segments of a fact as it is captured: those of scores, and those that an operator declares for reports."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer
from afterbill.model.questions import Question
from afterbill.model.segments import ACCOUNT, PAYMENT_METHOD, segments_of

if TYPE_CHECKING:  # the policy uses this module
    from afterbill.outreach.policy import Policy, Rule


def declared(policy: "Policy") -> Mapping[str, str]:
    """Return the segments that surveys.toml declares, each with its attribute; the account is one of them."""
    account = {ACCOUNT: policy.reports_account} if policy.reports_account else {}
    return {**policy.segments, **account}


def fact_segments(
    event: BillingEvent, rule: "Rule", customer: Customer | None, declared: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the segments of a new fact; where the customer says nothing, the attributes of the event count."""
    told = event.customer.attributes
    fact = {
        **{name: told.get(attribute) for name, attribute in declared.items()},
        "source": event.source,
        "touchpoint": str(event.touchpoint),
        "stage": rule.stage,
        "channel": rule.channels[0],
        "question": None if rule.question is Question.NPS else rule.question,
        "plan": event.plan,
        PAYMENT_METHOD: event.payment_method,
    }
    return segments_of(fact, customer, declared)
