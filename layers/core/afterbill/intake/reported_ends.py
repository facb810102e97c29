"""Why a subscription or an order ended, as billing systems report it: often in a second event, seconds later."""

from dataclasses import replace
from datetime import datetime, timedelta

from afterbill.model.billing import BillingEvent
from afterbill.model.invitation import Invitation


def with_reported(invitation: Invitation, event: BillingEvent, kept: timedelta, now: datetime) -> Invitation | None:
    """Return the stored fact with what this event reports of its reason; None where that is nothing new.

    The newest word stands, and an older one fills in what it leaves open, so that the order of events does not matter;
    what is told again is the newest word from then on.
    Words are `kept` for this time after the fact: later ones are not taken.
    """
    comment = event.reported_comment if now < invitation.occurred_at + kept else ""
    told = (event.reported_reason, comment)
    stored = (invitation.reported_reason, invitation.reported_comment)
    at = invitation.reported_at
    newer = at is None or (event.occurred_at, told) > (at, stored)
    first, second = (told, stored) if newer else (stored, told)
    reason, words = (one or other for one, other in zip(first, second, strict=True))
    if not any(told) or ((reason, words) == stored and not newer):
        return None
    reported_at = event.occurred_at if newer else at
    return replace(invitation, reported_reason=reason, reported_comment=words, reported_at=reported_at)
