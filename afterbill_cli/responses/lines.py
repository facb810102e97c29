"""A response as lines for people."""

import textwrap
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import cast

from afterbill.model.invitation import Answer, Invitation
from afterbill.model.plain_text import harmless, one_line
from afterbill.model.questions import Question
from afterbill.model.segments import ANONYMOUS, REMOVED

_INDENT = "    "
_LONGEST = 1000
"""Characters of a comment that are shown."""


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
