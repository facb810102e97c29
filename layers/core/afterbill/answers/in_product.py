"""A survey inside the operator's product: who its user is, proven by the operator, and which survey is theirs."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Invitation, State

MOST_USER = 200
"""Characters of the longest id that a user may have."""

SEEN_AGAIN = timedelta(days=1)
"""That somebody uses the product is written no more often than this."""

_ID = 32


def user_hash(user: str, secret: str) -> str:
    """What the operator's backend says of its user: HMAC-SHA256 with the secret as text, in hex."""
    return hmac.new(secret.encode(), user.encode(), hashlib.sha256).hexdigest()


def proven(user: str, said: str, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets made this hash of this user; it takes as long for a wrong one as for a right one."""
    made = [user_hash(user, secret) for secret in secrets]
    return sum(hmac.compare_digest(one.encode(), said.encode()) for one in made) > 0


def survey_id(user: str, invitation_id: str, key: bytes) -> str:
    """The name of an invitation for one user: nobody else can use it, and nothing must be read to know that."""
    return invitation_id + hmac.digest(key, f"{user}|{invitation_id}".encode(), hashlib.sha256).hex()[:_ID]


def invitation_named(user: str, survey: str, key: bytes) -> str | None:
    """The invitation behind such a name; None when it is not this user's."""
    id_ = survey[:_ID]
    return id_ if hmac.compare_digest(survey_id(user, id_, key).encode(), survey.encode()) else None


def waits(invitation: Invitation | None, customer: Customer, now: datetime) -> bool:
    """Whether this invitation can be shown to this customer now; it is shown once, answered or not."""
    objected = customer.deleted or customer.suppressed not in {None, Suppression.BOUNCED}
    return (
        invitation is not None
        and not objected
        and invitation.customer_id in {customer.id, *customer.absorbed}
        and invitation.state is State.SENT
        and invitation.answerable(now)
        and not (invitation.shown_at or invitation.dismissed_at or invitation.answer)
    )


def unseen(customer: Customer, now: datetime) -> bool:
    """Whether it is worth writing that the customer is here."""
    return customer.last_seen_at is None or now - customer.last_seen_at >= SEEN_AGAIN
