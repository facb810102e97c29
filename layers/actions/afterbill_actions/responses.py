"""Rules of what actions may know of a response."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from afterbill.model.anonymous import erased
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation

CUSTOMER = "customer"
"""The kind of object that is the source's own id of the customer."""
_EVER = datetime.min.replace(tzinfo=UTC)


def ids_by_objects(invitation: Invitation) -> Sequence[str]:
    """Return the source's own id of the customer, where what the invitation is about names it."""
    return tuple(filter(None, [invitation.objects.get(CUSTOMER, "")]))


def addressed(invitation: Invitation, customer: Customer | None) -> bool:
    """Return whether its newest mail went to the address that the customer has now."""
    newest = invitation.address_hashes[-1:]
    by_mail = invitation.channel == Channel.MAIL
    return by_mail and customer is not None and bool(customer.address_hash) and newest == (customer.address_hash,)


def earlier(invitation: Invitation, others: Iterable[Invitation]) -> Sequence[Invitation]:
    """Return those of a customer's invitations that answered the same question before this one, the newest first."""
    at = invitation.answered_at or _EVER
    before = [one for one in others if _answers_the_same(one, invitation) and (one.answered_at or _EVER) < at]
    return tuple(sorted(before, key=lambda one: (one.answered_at or _EVER, one.id), reverse=True))


def _answers_the_same(one: Invitation, invitation: Invitation) -> bool:
    theirs = one.customer_id == invitation.customer_id and one.id != invitation.id
    same_kind = one.question == invitation.question and one.test == invitation.test
    return theirs and same_kind and one.answer is not None and not erased(one)
