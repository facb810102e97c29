"""Surveys inside the operator's product: the operator proves who the user is, and each survey is for one user."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State

MOST_USER = 200
"""The most characters in the id of a user."""

SEEN_AGAIN = timedelta(days=1)
"""The least time between two writes of a customer's `last_seen_at`."""

_ID = 32


def user_hash(user: str, secret: str) -> str:
    """Return the hash that the operator's backend makes of a user: HMAC-SHA256 with the secret as text, in hex."""
    return hmac.new(secret.encode(), user.encode(), hashlib.sha256).hexdigest()


def proven(user: str, hash_: str, secrets: Sequence[str]) -> bool:
    """Tell if one of the secrets made this hash of this user; takes as long for a wrong hash as for a right one."""
    expected = [user_hash(user, secret) for secret in secrets]
    return sum(hmac.compare_digest(right.encode(), hash_.encode()) for right in expected) > 0


def survey_id(user: str, invitation_id: str, key: bytes) -> str:
    """Return the name of an invitation for one user: no other user can use it, and checking it reads no table."""
    return invitation_id + hmac.digest(key, f"{user}|{invitation_id}".encode(), hashlib.sha256).hex()[:_ID]


def invitation_named(user: str, survey: str, key: bytes) -> str | None:
    """Return the invitation's id in such a name; None where it is not this user's."""
    id_ = survey[:_ID]
    return id_ if hmac.compare_digest(survey_id(user, id_, key).encode(), survey.encode()) else None


def waits(invitation: Invitation | None, customer: Customer, now: datetime) -> bool:
    """Tell if this invitation can be shown to this customer now; it is shown once, answered or not."""
    objected = customer.deleted or customer.suppressed is not None
    return (
        invitation is not None
        and not objected
        and invitation.customer_id == customer.id
        and invitation.state is State.SENT
        and invitation.answerable(now)
        and not (invitation.shown_at or invitation.dismissed_at or invitation.answer)
    )


def unseen(customer: Customer, now: datetime) -> bool:
    """Tell if the customer was last seen so long ago that it is written again."""
    return customer.last_seen_at is None or now - customer.last_seen_at >= SEEN_AGAIN
