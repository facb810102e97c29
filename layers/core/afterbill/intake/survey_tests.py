"""Turn a test event about an operator's own address into a test survey."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from afterbill.intake.ports import FactSnapshot, FactWrites
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer, learn
from afterbill.model.invitation import Invitation, SkipReason
from afterbill.outreach.policy import Policy
from afterbill.outreach.survey_tests import decide_about_test, may_test


def plan_test(
    event: BillingEvent,
    snapshot: FactSnapshot,
    policy: Policy,
    people: tuple[Callable[[str], str], Callable[[], str]],
    now: datetime,
) -> tuple[FactWrites, Invitation] | None:
    """Return the test survey to write; None where the event is not to be asked about, or was before.

    It gets a customer of its own, whom no source, campaign or address leads to: no test teaches anything about anybody.
    A fact that was skipped as a test may come again once `recipients` names its address. `people` are the keyed hash
    of an address and a random id.
    """
    (hash_address, new_id), address, before = people, event.customer.address, snapshot.invitation
    again = before is None or before.reason == SkipReason.TEST_MODE
    if address is None or not again or not may_test(event.source, address, policy):
        return None
    customer = learn(replace(Customer(new_id()), address_hash=hash_address(address)), event)
    test = decide_about_test(event, customer, snapshot.recipient, policy, now)
    writes = FactWrites(
        invitation=test,
        customers=(replace(customer, forget_at=test.kept_until()),),
        event=(event.event_id, event.source) if event.event_id else None,
        about=event.invitation_id,
        customer_id=customer.id,
        forget_at=test.kept_until(),
    )
    return writes, test
