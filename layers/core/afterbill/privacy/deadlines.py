"""The state of a request towards its deadline."""

from datetime import datetime, timedelta

from afterbill.model.privacy import PrivacyRequest, RequestState

NOTICE = timedelta(days=7)
"""So long before its deadline a request that is not done is due soon: somebody has to have the time to answer."""


def due_soon(request: PrivacyRequest, now: datetime) -> bool:
    """Return whether it is not done and its deadline is near, or past: the alarm counts these."""
    return request.state is not RequestState.DONE and request.due_at - NOTICE <= now


def overdue(request: PrivacyRequest, now: datetime) -> bool:
    """Return whether it is not done although its deadline is past."""
    return request.state is not RequestState.DONE and request.due_at < now
