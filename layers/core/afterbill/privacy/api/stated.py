"""A privacy request as the API tells it."""

from datetime import UTC, datetime
from typing import Any

from afterbill.model.privacy import PrivacyRequest

_MOMENTS = ("requested_at", "due_at", "settle_at", "done_at")


def kept(request: PrivacyRequest) -> dict[str, Any]:
    """Return what the caller learns when a request is kept: how many people were found, and not who."""
    return {"id": request.id, "kind": request.kind.value, "state": request.state.value, "customers": request.found}


def stated(request: PrivacyRequest) -> dict[str, Any]:
    """Return how far a request has come."""
    moments = {name: getattr(request, name) for name in _MOMENTS}
    told = kept(request) | {name: _moment(at) for name, at in moments.items() if at}
    told |= {"shared": request.shared} if request.shared else {}
    told |= {"changed": request.changed} if request.changed else {}
    return told | ({"removed": dict(request.removed)} if request.removed else {})


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
