"""Show the survey page and record what a person answers; GET and HEAD leave a visit, and never an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.parse_answer import RATINGS, Problem, parse_answer
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.visitors import Visitor
from afterbill.model import links
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import RETENTION, Invitation
from afterbill.model.visits import HIDDEN, Kind, Visit

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import LinkKeys, Responses

_YES = frozenset({"1", "true"})
_AGAIN = "again"
"""In the address of a page that ran its script before: a browser loads it again, and nobody clicked its number now."""


class Outcome(StrEnum):
    """The result of using a link."""

    SHOWN = "shown"
    SEEN = "seen"
    RECORDED = "recorded"
    INVALID = "invalid"
    CLOSED = "closed"
    NOT_FOUND = "not_found"
    TOO_MANY = "too_many"
    ASKED = "asked"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class RespondDeps:
    """The dependencies; `day_of` gives the operator's local day of an instant.

    `reasons` are all that can be chosen at any touchpoint. From one network, one link is used as often as `throttle`
    admits, from all together as often as `crowd` does, shown and sent apart. Invitations are `kept` for this long.
    """

    responses: "Responses"
    keys: "LinkKeys"
    day_of: Callable[[datetime], str]
    hash_address: Callable[[str], str]
    reasons: frozenset[str] = frozenset()
    throttle: RateLimiter = field(default_factory=RateLimiter)
    crowd: RateLimiter = field(default_factory=lambda: RateLimiter(most=300))
    kept: timedelta = RETENTION


@dataclass(frozen=True, slots=True)
class Responded:
    """The outcome and the invitation, None where the link belongs to none."""

    outcome: Outcome
    invitation: Invitation | None = None
    problem: Problem | None = None


def show_survey(token: str, query: Mapping[str, str], visitor: Visitor, deps: RespondDeps, now: datetime) -> Responded:
    """Show the survey in one call of the table: a visit that tells something is stored by it, any other only reads."""
    link = _admitted(token, ("shown", visitor.network), deps, now)
    if isinstance(link, Responded):
        return link
    return _shown(link, _visit(query, visitor, now), deps, now)


def report_seen(token: str, fields: Mapping[str, str], visitor: Visitor, deps: RespondDeps, now: datetime) -> Responded:
    """Store that a number, chosen in the mail or on the page, was visible for a moment: a visit, not yet an answer."""
    link = _admitted(token, ("sent", visitor.network), deps, now)
    if isinstance(link, Responded):
        return link
    if fields.get("seen") not in _YES:
        return Responded(Outcome.INVALID, problem=Problem.FORM)
    rating = RATINGS.get(fields.get("rating", ""))
    if rating is None:
        return Responded(Outcome.INVALID, problem=Problem.RATING)
    if now > link.expires_at:
        return Responded(Outcome.CLOSED)
    seen = Visit(now, Kind.SEEN, rating, visitor.network, visitor.family, visitor.scanner)
    invitation = deps.responses.visit(link.invitation_id, seen)
    return Responded(Outcome.SEEN if invitation else Outcome.NOT_FOUND, invitation)


def record_response(
    token: str, fields: Mapping[str, str] | None, deps: RespondDeps, now: datetime, network: str = ""
) -> Responded:
    """Record the answer in one write; the same link may change it until it closes. `fields`: None if unreadable."""
    link = _admitted(token, ("sent", network), deps, now)
    if isinstance(link, Responded):
        return link
    answer = parse_answer(fields, deps.reasons)
    if isinstance(answer, Problem):
        shown = _shown(link, None, deps, now)
        refused = shown.outcome is Outcome.SHOWN
        return Responded(Outcome.INVALID, shown.invitation, answer) if refused else shown
    if now > link.expires_at:
        return _shown(link, None, deps, now)
    recorded = deps.responses.record(link.invitation_id, answer, now, deps.day_of(now))
    if recorded and not recorded.stored and answer.contact_ok and not recorded.invitation.contactable:
        # The page does not ask for it here: somebody sent it by hand, and nobody could be contacted.
        uncontacted = replace(answer, contact_ok=False)
        recorded = deps.responses.record(link.invitation_id, uncontacted, now, deps.day_of(now))
    if recorded is None:
        return Responded(Outcome.NOT_FOUND)
    if not recorded.stored and recorded.invitation.answerable(now):
        return Responded(Outcome.INVALID, recorded.invitation, Problem.RATING)  # of another question's scale
    return Responded(Outcome.RECORDED if recorded.stored else Outcome.CLOSED, recorded.invitation)


def referral_token(invitation: Invitation, deps: RespondDeps) -> str:
    """Return the token behind `/r/` in the personal link that promoters pass on; always the same for an invitation."""
    until = invitation.answer_until + deps.kept
    return links.sign(links.Purpose.REFERRAL, invitation.id, until, deps.keys.current())


def _visit(query: Mapping[str, str], visitor: Visitor, now: datetime) -> Visit | None:
    """Return the visit that this use of a link is; None where it tells nothing about its visitor."""
    rating = query.get("rating", "")
    number = RATINGS.get(rating)
    asked = Kind.AHEAD if visitor.ahead else Kind.PROBED if visitor.probing else Kind.OPENED
    kind = Kind.HIDDEN if rating == HIDDEN else asked
    if kind is Kind.OPENED and (number is None or _AGAIN in query):
        return None
    return Visit(now, kind, number, visitor.network, visitor.family, visitor.scanner)


def _shown(link: links.Link, visit: Visit | None, deps: RespondDeps, now: datetime) -> Responded:
    table, open_ = deps.responses, now <= link.expires_at
    invitation = table.visit(link.invitation_id, visit) if visit and open_ else table.invitation(link.invitation_id)
    if invitation is None:
        return Responded(Outcome.NOT_FOUND)
    return Responded(Outcome.SHOWN if open_ and invitation.answerable(now) else Outcome.CLOSED, invitation)


def _admitted(token: str, used: tuple[str, str], deps: RespondDeps, now: datetime) -> links.Link | Responded:
    """Return the link of a survey, or a refusal if it is wrong or used too often; `used` is use and network."""
    link = _read(token, links.Purpose.SURVEY, deps)
    if link is None:
        return Responded(Outcome.NOT_FOUND)
    (use, network), at = used, now.timestamp()
    # In this order: uses that are refused to one network do not count against all others.
    admitted = deps.throttle.admits((link.invitation_id, use, network), at) and deps.crowd.admits(
        (link.invitation_id, use), at
    )
    return link if admitted else Responded(Outcome.TOO_MANY)


def show_unsubscribe(token: str, deps: RespondDeps, now: datetime) -> Responded:
    """Show the page that asks first: scanners that follow links must not unsubscribe anybody."""
    link = _read(token, links.Purpose.UNSUBSCRIBE, deps)
    invitation = deps.responses.invitation(link.invitation_id) if link else None
    if link is None or invitation is None:
        return Responded(Outcome.NOT_FOUND)
    return Responded(Outcome.ASKED if now <= link.expires_at else Outcome.CLOSED, invitation)


def unsubscribe(token: str, deps: RespondDeps, now: datetime) -> Responded:
    """Never ask at the addresses this survey went to; repeats are harmless (RFC 8058 senders may try more than once).

    The objection is about those, also after the customer was erased or has another address; who still has one of
    them objected as a person, and is asked by no channel.
    """
    shown = show_unsubscribe(token, deps, now)
    if shown.outcome is not Outcome.ASKED or shown.invitation is None:
        return shown
    customer = deps.responses.customer(shown.invitation.customer_id)
    reached = shown.invitation.address_hashes
    holder = customer if customer and _holds(customer, shown.invitation) else None
    for hashed in reached:
        deps.responses.suppress(hashed, Suppression.UNSUBSCRIBED, now, holder)
    return Responded(Outcome.UNSUBSCRIBED, shown.invitation)


def _holds(customer: Customer, invitation: Invitation) -> bool:
    """Return whether the customer can still be reached where this survey went."""
    return not customer.address_hash or customer.address_hash in invitation.address_hashes


def _read(token: str, purpose: links.Purpose, deps: RespondDeps) -> links.Link | None:
    link = links.read(token, purpose, deps.keys.current())
    if link is None and deps.keys.refresh():
        # Signed a moment ago, by a key that was rotated in since; forged links cannot drive the bill.
        link = links.read(token, purpose, deps.keys.current())
    return link
