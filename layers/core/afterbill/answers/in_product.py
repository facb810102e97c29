"""Surveys inside the operator's product: the operator proves who the user is, and each survey is for one user."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeGuard

from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State

MOST_USER = 200
"""The most characters in the id of a user."""

SEEN_AGAIN = timedelta(days=1)
"""The least time between two writes of a customer's `last_seen_at`."""

MOST_SHOWINGS = 3
"""The most showings of a survey that nobody answers or dismisses."""

SHOWING = timedelta(days=1)
"""The time for which a window keeps the survey that it shows, also if it dies without a word."""

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
    """Tell if this invitation can be shown to this customer now: in one window at a time, some times at most."""
    return _open(invitation, customer, now) and shows_nowhere(invitation, now)


def shown_elsewhere(invitation: Invitation | None, customer: Customer, now: datetime) -> bool:
    """Tell if only another window keeps it, which may be the page before, whose word that it is gone is on its way."""
    return _open(invitation, customer, now) and _left(invitation) and not shows_nowhere(invitation, now)


def _open(invitation: Invitation | None, customer: Customer, now: datetime) -> TypeGuard[Invitation]:
    closed = customer.deleted or customer.suppressed is not None or customer.restricted_at is not None
    return (
        invitation is not None
        and not closed
        and invitation.customer_id == customer.id
        and invitation.state is State.SENT
        and invitation.answerable(now)
        and not (invitation.dismissed_at or invitation.answer)
    )


def shows_nowhere(invitation: Invitation, now: datetime) -> bool:
    """Tell if no window shows it now, and it was not shown as often as it may be."""
    gone = invitation.shown_until is not None and invitation.shown_until <= now
    return (gone or invitation.shown_at is None) and _left(invitation)


def _left(invitation: Invitation) -> bool:
    """Return True while it may be shown once more."""
    return invitation.showings < MOST_SHOWINGS


def unseen(customer: Customer, now: datetime) -> bool:
    """Tell if it is written that the customer is seen: once a day, and where surveys wait for it."""
    return bool(customer.when_seen) or customer.last_seen_at is None or now - customer.last_seen_at >= SEEN_AGAIN
