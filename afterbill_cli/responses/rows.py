"""A response as a row for programs, and as lines for people."""

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any, cast

from afterbill.model.invitation import Answer, Invitation
from afterbill.model.questions import Question
from afterbill.model.segments import ANONYMOUS, REMOVED
from afterbill_cli.plain_text import harmless, one_line

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
_INDENT = "    "
_LONGEST = 1000
"""Characters of a comment that are shown."""


def row(response: Invitation) -> dict[str, Any]:
    """Return the response by COLUMNS: times in UTC, the comment as it was written, null for what is not known.

    Of somebody who was removed, all but _STAYS is null.
    """
    answer, segments = cast("Answer", response.answer), response.segments
    values = (
        response.id,
        _at(response).astimezone(UTC).isoformat(timespec="seconds"),
        response.answered_day,
        response.touchpoint,
        response.stage,
        response.question,
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


def lines(response: Invitation, zone: tzinfo, width: int) -> Iterator[str]:
    """Yield what a person reads about the response: when and what, its comment wrapped at `width`, whose it is."""
    if REMOVED in response.segments:
        yield f"{response.answered_day}        {', '.join(_what(response))}"
        yield f"{_INDENT}of somebody who was removed"
        return
    yield f"{_at(response).astimezone(zone):%Y-%m-%d %H:%M}  {', '.join(_what(response))}"
    yield from wrapped(cast("Answer", response.answer).comment, width, f"`afterbill explain {response.id}` shows all")
    yield f"{_INDENT}{', '.join(_whose(response))}"


def wrapped(comment: str, width: int, longer: str = "") -> Iterator[str]:
    """Yield the comment as indented lines between bars; where it is long and `longer` says where to read on, cut."""
    text = harmless(comment).strip()
    cut = text[:_LONGEST] + f" ... ({len(text)} characters: {longer})" if longer and len(text) > _LONGEST else text
    for paragraph in cut.splitlines():
        for line in textwrap.wrap(paragraph, max(20, width - len(_INDENT) - 2)) or [""]:
            yield f"{_INDENT}| {line}".rstrip()


def _what(response: Invitation) -> Iterator[str]:
    answer = cast("Answer", response.answer)
    yield f"{answer.rating} of {response.scale.highest}"
    yield response.touchpoint if response.question is Question.NPS else f"{response.touchpoint}, {response.question}"
    if answer.reason:
        yield one_line(answer.reason)
    if not answer.confirmed:
        yield "unconfirmed"
    if answer.contact_ok:
        yield "may be contacted"


def _whose(response: Invitation) -> Iterator[str]:
    yield f"response {response.id}"
    if ANONYMOUS in response.segments:
        yield "anonymous"
    else:
        yield f"customer {response.customer_id}" if response.customer_id else "customer not known"
    yield f"{one_line(response.source)} by {response.channel}"
    if response.locale:
        yield one_line(response.locale)


def _at(response: Invitation) -> datetime:
    return cast("datetime", response.answered_at)
