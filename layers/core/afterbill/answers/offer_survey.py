"""Offer a survey to the user of the operator's product: once, to the user it is meant for, and to nobody else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.in_product import MOST_USER, invitation_named, proven, shown_elsewhere, survey_id, unseen, waits
from afterbill.answers.parse_answer import Problem, parse_answer
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, prolong
from afterbill.model.invitation import Invitation
from afterbill.model.retention import Retention

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import InProductSurveys, Responses, UserKeys


class Outcome(StrEnum):
    """The result of a request."""

    OFFERED = "offered"
    SHOWN = "shown"
    RECORDED = "recorded"
    DISMISSED = "dismissed"
    INVALID = "invalid"
    UNPROVEN = "unproven"
    TOO_MANY = "too_many"
    NOT_FOUND = "not_found"
    CLOSED = "closed"


class RequestProblem(StrEnum):
    """The part of a request that cannot be accepted."""

    BODY = "body"
    USER = "user"
    HASH = "hash"
    SURVEY = "survey"
    RATING = "rating"
    COMMENT = "comment"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class OfferDeps:
    """The dependencies; `source` is the system that knows the users, `reasons` are all that can be chosen.

    `look_again` lets an invitation that waited for its customer be checked, no sooner than in a second or two. One user
    asks as often as `throttle` admits. Who uses the product is `kept` for this long at least.
    """

    table: "InProductSurveys"
    responses: "Responses"
    keys: "UserKeys"
    source: str
    day_of: Callable[[datetime], str]
    look_again: Callable[[str], None]
    reasons: frozenset[str] = frozenset()
    throttle: RateLimiter = field(default_factory=RateLimiter)
    kept: timedelta = Retention().customers


@dataclass(frozen=True, slots=True)
class Offered:
    """The outcome, with the survey by its name for this user if one waits, leave to `show` it, or the problem.

    `soon`: none waits, but in some seconds one may: it waited for this user, or the page before has just left it.
    """

    outcome: Outcome
    survey: str = ""
    invitation: Invitation | None = None
    show: bool = False
    soon: bool = False
    problem: RequestProblem | None = None


Fields = Mapping[str, str] | None
"""The values of a JSON object as texts, by name; None where the body was no object."""


def find_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """Find the survey that waits for this user, and store that the user was seen; what waited for that is checked."""
    user = _user(fields, deps, now)
    if isinstance(user, Offered):
        return user
    customer = called(user, deps.source, deps.table)
    if customer is None or customer.restricted_at:
        return Offered(Outcome.OFFERED)
    if unseen(customer, now):
        # Before the write: what is checked although it failed waits again, and is called by the next page.
        for id_ in sorted(customer.when_seen):
            deps.look_again(id_)
        deps.table.seen(prolong(customer, deps.kept, now), now)
    waiting = deps.table.invitation(customer.offered) if customer.offered else None
    if waiting is None or not waits(waiting, customer, now) or deps.table.objected(customer.address_hash):
        return Offered(Outcome.OFFERED, soon=bool(customer.when_seen) or shown_elsewhere(waiting, customer, now))
    return Offered(Outcome.OFFERED, survey_id(user, waiting.id, deps.keys.survey_key()), waiting)


def called(user: str, source: str, table: "InProductSurveys") -> Customer | None:
    """Return the customer whom `source` knows by this id, as identify_customer names it."""
    return table.customer_called(f"{source}#{user}")


def show_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """Allow the first window that asks to show the survey, and no other until that one says that it is `gone`."""
    id_ = _survey(fields, deps, now)
    if isinstance(id_, Offered):
        return id_
    if fields and fields.get("gone") == "true":
        deps.table.hide(id_, now)
        return Offered(Outcome.SHOWN)
    return Offered(Outcome.SHOWN, show=deps.table.show(id_, now))


def answer_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """Record the answer in one write, by the rules of the page; repeats change it until the survey closes."""
    id_ = _survey(fields, deps, now)
    if isinstance(id_, Offered):
        return id_
    answer = parse_answer(fields, deps.reasons)
    if isinstance(answer, Problem):
        return _invalid(RequestProblem(answer))
    recorded = deps.responses.record(id_, answer, now, deps.day_of(now), Channel.IN_APP)
    if recorded is None:
        return Offered(Outcome.NOT_FOUND)
    if not recorded.stored and recorded.invitation.answerable(now):
        return _invalid(RequestProblem.RATING)  # of another question's scale
    return Offered(Outcome.RECORDED if recorded.stored else Outcome.CLOSED, invitation=recorded.invitation)


def dismiss_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """Never show the survey again; repeats are harmless."""
    id_ = _survey(fields, deps, now)
    if isinstance(id_, Offered):
        return id_
    deps.table.dismiss(id_, now)
    return Offered(Outcome.DISMISSED)


def is_user(user: str, hash_: str, keys: "UserKeys") -> bool:
    """Tell if the operator's backend made this hash; a secret that was added a moment ago counts at once."""
    if proven(user, hash_, keys.in_product()):
        return True
    return keys.refresh() and proven(user, hash_, keys.in_product())


def _user(fields: Fields, deps: OfferDeps, now: datetime) -> str | Offered:
    if fields is None:
        return _invalid(RequestProblem.BODY)
    user, hash_ = fields.get("user", ""), fields.get("hash", "")
    if not 0 < len(user) <= MOST_USER:
        return _invalid(RequestProblem.USER)
    if not hash_:
        return _invalid(RequestProblem.HASH)
    if not is_user(user, hash_, deps.keys):
        return Offered(Outcome.UNPROVEN)
    return user if deps.throttle.admits(user, now.timestamp()) else Offered(Outcome.TOO_MANY)


def _survey(fields: Fields, deps: OfferDeps, now: datetime) -> str | Offered:
    """Return the id of the invitation that the survey names."""
    user = _user(fields, deps, now)
    if isinstance(user, Offered):
        return user
    survey = (fields or {}).get("survey", "")
    if not survey:
        return _invalid(RequestProblem.SURVEY)
    return invitation_named(user, survey, deps.keys.survey_key()) or Offered(Outcome.NOT_FOUND)


def _invalid(problem: RequestProblem) -> Offered:
    return Offered(Outcome.INVALID, problem=problem)
