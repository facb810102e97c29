"""Parts shared by Recurly's two formats and its API."""

import hashlib
from datetime import UTC, datetime, timedelta

from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import Json, full_name
from afterbill.model.billing import Touchpoint
from afterbill.model.webhooks import Source

_FIRST, _RECURRING = "purchase", "renewal"
REFUND_IN_XML = "successful_refund_notification"
NO_PAYMENT = frozenset({"authorization", "verify"})
"""What a transaction can be that moves no money."""
NOT_RETURNED = frozenset({"declined", "error", "failed", "void"})
"""States of a refund that gives nothing back."""


_LATE = timedelta(days=1)
"""A failure that is told so long after its attempt is the bank's, of a payment that may have succeeded before."""


def is_late(told_at: datetime, tried_at: datetime | None) -> bool:
    """Tell whether a failure was told days after its attempt; one that was told at once took nothing back.

    The renewal of a subscription is the fact of its payment and is told before a card is declined for it.
    """
    return tried_at is not None and told_at - tried_at >= _LATE


def envelope_of(source: Source, site: str, event_id: str, occurred_at: datetime, *, test: bool = False) -> Envelope:
    """Invoice numbers and account codes are unique in a site; XML does not name it."""
    return Envelope("recurly", source.account or site or source.name, source.name, event_id, occurred_at, test)


def digest_of(body: bytes) -> str:
    """The id of a notification that has none: retries repeat every byte."""
    return hashlib.sha256(body).hexdigest()[:32]


def day(at: datetime) -> str:
    """Return the day in UTC, ISO 8601."""
    return at.astimezone(UTC).date().isoformat()


def payment_of(subscription: str | None, at: datetime, otherwise: str) -> tuple[str, str, str]:
    """The fact of a payment: of a subscription's day where one is named, for that its start and renewal know too."""
    return (subscription, PAYMENT, day(at)) if subscription else (otherwise, PAYMENT, "")


def touchpoint_of(origin: object, subscription: str | None) -> Touchpoint:
    """Return the touchpoint of a paid invoice."""
    if origin == _FIRST and subscription:
        return Touchpoint.SUBSCRIPTION_STARTED
    return Touchpoint.RENEWED if origin == _RECURRING else Touchpoint.PAYMENT_SUCCEEDED


def name_of(account: Json) -> str | None:
    """First and last name; a company is nobody to greet."""
    return full_name(account.get("first_name"), account.get("last_name"))
