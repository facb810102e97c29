"""The answer that a customer gave before."""

from collections.abc import Collection
from datetime import datetime

from afterbill.model.anonymous import erased
from afterbill.model.invitation import Invitation


def newest_before(invitation: Invitation, others: Collection[Invitation]) -> Invitation | None:
    """Return the newest answer to the same question among the others that was given before this one."""
    earlier = [(at, one) for one in others if (at := _comparable(one, invitation))]
    return max(earlier, key=lambda pair: (pair[0], pair[1].id))[1] if earlier else None


def _comparable(one: Invitation, invitation: Invitation) -> datetime | None:
    """Return when it was answered, where it is another answer to the same question from before; else None."""
    at, now = one.answered_at, invitation.answered_at
    other = one.id != invitation.id and one.answer and one.question is invitation.question and not one.test
    return at if at and now and other and not erased(one) and at < now else None
