"""Show the survey page and record what a person answers; a link opened by GET or HEAD changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.domain import links
from afterbill.domain.invitation import COMMENT_LENGTH, Answer, Invitation

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.ports import LinkKeys, Responses

_MAX_REASON = 200
RATINGS = {str(rating): rating for rating in range(11)}
"""The only spellings of a rating that count: `07`, ` 7`, `7.0` and other digits are not ratings."""


class Outcome(StrEnum):
    """What a link led to."""

    SHOWN = "shown"
    RECORDED = "recorded"
    INVALID = "invalid"
    CLOSED = "closed"
    NOT_FOUND = "not_found"
    ASKED = "asked"
    UNSUBSCRIBED = "unsubscribed"


class Problem(StrEnum):
    """What of an answer could not be accepted."""

    RATING = "rating"
    COMMENT = "comment"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Responding:
    """What answering needs; `day_of` gives the operator's local day of an instant."""

    responses: "Responses"
    keys: "LinkKeys"
    day_of: Callable[[datetime], str]
    hash_address: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Responded:
    """The outcome and the invitation, None where the link belongs to none."""

    outcome: Outcome
    invitation: Invitation | None = None
    problem: Problem | None = None


def show_survey(token: str, responding: Responding, now: datetime) -> Responded:
    """Read only."""
    link = _read(token, links.Purpose.SURVEY, responding)
    invitation = responding.responses.invitation(link.invitation_id) if link else None
    if link is None or invitation is None:
        return Responded(Outcome.NOT_FOUND)
    open_ = now <= link.expires_at and invitation.answerable(now)
    return Responded(Outcome.SHOWN if open_ else Outcome.CLOSED, invitation)


def record_response(token: str, fields: Mapping[str, str] | None, responding: Responding, now: datetime) -> Responded:
    """One write; the same link may change its answer until it closes. `fields` is None where none could be read."""
    answer = parse_answer(fields)
    if isinstance(answer, Problem):
        shown = show_survey(token, responding, now)
        refused = shown.outcome is Outcome.SHOWN
        return Responded(Outcome.INVALID, shown.invitation, answer) if refused else shown
    link = _read(token, links.Purpose.SURVEY, responding)
    if link is None:
        return Responded(Outcome.NOT_FOUND)
    if now > link.expires_at:
        return show_survey(token, responding, now)
    recorded = responding.responses.record(link.invitation_id, answer, now, responding.day_of(now))
    if recorded is None:
        return Responded(Outcome.NOT_FOUND)
    return Responded(Outcome.RECORDED if recorded.stored else Outcome.CLOSED, recorded.invitation)


def parse_answer(fields: Mapping[str, str] | None) -> Answer | Problem:
    """The answer in a form's fields: a rating is never guessed, a comment never cut off."""
    if fields is None:
        return Problem.FORM
    rating = RATINGS.get(fields.get("rating", ""))
    if rating is None:
        return Problem.RATING
    comment = _text(fields, "comment").replace("\r\n", "\n")
    if len(comment) > COMMENT_LENGTH:
        return Problem.COMMENT
    reason = _text(fields, "reason")[:_MAX_REASON]
    return Answer(rating, comment, reason, contact_ok=fields.get("contact_ok", "") in {"on", "true", "1", "yes"})


def _text(fields: Mapping[str, str], name: str) -> str:
    """Half of a surrogate pair, which JSON can carry and nothing can store, becomes a question mark."""
    return fields.get(name, "").strip().encode("utf-8", "replace").decode()


def show_unsubscribe(token: str, responding: Responding, now: datetime) -> Responded:
    """The page that asks; scanners that follow links must not unsubscribe anybody."""
    link = _read(token, links.Purpose.UNSUBSCRIBE, responding)
    invitation = responding.responses.invitation(link.invitation_id) if link else None
    if link is None or invitation is None:
        return Responded(Outcome.NOT_FOUND)
    return Responded(Outcome.ASKED if now <= link.expires_at else Outcome.CLOSED, invitation)


def unsubscribe(token: str, responding: Responding, now: datetime) -> Responded:
    """Never ask this address again; repeats are harmless (RFC 8058 senders may try more than once)."""
    shown = show_unsubscribe(token, responding, now)
    if shown.outcome is not Outcome.ASKED or shown.invitation is None:
        return shown
    customer = responding.responses.customer(shown.invitation.customer_id)
    if customer and customer.address:
        hashed = responding.hash_address(customer.address)
        responding.responses.suppress(hashed, "unsubscribed", now, customer)
    return Responded(Outcome.UNSUBSCRIBED, shown.invitation)


def _read(token: str, purpose: links.Purpose, responding: Responding) -> links.Link | None:
    link = links.read(token, purpose, responding.keys.current())
    if link is None and responding.keys.refresh():
        # Signed a moment ago, by a key that was rotated in since; forged links cannot drive the bill.
        link = links.read(token, purpose, responding.keys.current())
    return link
