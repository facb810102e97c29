"""A response as programs read it: one flat row, from the command line and from the API."""

from datetime import UTC, datetime
from typing import Any, cast

from afterbill.model.invitation import Answer, Invitation
from afterbill.model.segments import ANONYMOUS, REMOVED

COLUMNS = (
    "id",
    "answered_at",
    "day",
    "touchpoint",
    "stage",
    "question",
    "rating",
    "reason",
    "comment",
    "contact_ok",
    "confirmed",
    "anonymous",
    "customer",
    "source",
    "channel",
    "locale",
    "plan",
    "country",
    "removed",
)
"""Of JSON and CSV; they do not change, new ones come at the end."""

_STAYS = frozenset(
    {"day", "touchpoint", "stage", "question", "rating", "reason", "contact_ok", "confirmed", "anonymous", "removed"}
)
"""The columns of an answer of somebody who was removed: its moment is blurred, and its id leads nowhere."""


def row(response: Invitation) -> dict[str, Any]:
    """Return the response by COLUMNS: times in UTC, the comment as it was written, null for what is not known.

    Of somebody who was removed, all but _STAYS is null.
    """
    answer, segments = cast("Answer", response.answer), response.segments
    values = (
        response.id,
        cast("datetime", response.answered_at).astimezone(UTC).isoformat(timespec="seconds"),
        response.answered_day,
        response.touchpoint,
        response.stage,
        response.question.value,
        answer.rating,
        answer.reason or None,
        answer.comment or None,
        answer.contact_ok,
        answer.confirmed,
        ANONYMOUS in segments,
        response.customer_id or None,
        response.source,
        response.channel,
        response.locale or None,
        segments.get("plan"),
        segments.get("country"),
        REMOVED in segments,
    )
    whole = dict(zip(COLUMNS, values, strict=True))
    return {name: value if name in _STAYS else None for name, value in whole.items()} if whole["removed"] else whole
