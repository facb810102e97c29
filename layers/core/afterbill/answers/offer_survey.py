"""Offer a survey to the user of the operator's product: once, to the user it is meant for, and to nobody else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.in_product import MOST_USER, invitation_named, proven, survey_id, unseen, waits
from afterbill.answers.parse_answer import Problem, parse_answer
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import InProductSurveys, Responses, UserKeys


class Outcome(StrEnum):
    """What became of a request."""

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
    """What of a request could not be accepted."""

    BODY = "body"
    USER = "user"
    HASH = "hash"
    SURVEY = "survey"
    RATING = "rating"
    COMMENT = "comment"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class OfferDeps:
    """What offering needs; `source` knows the users, `reasons` are all that can be chosen.

    One user asks as often as `throttle` admits.
    """

    table: "InProductSurveys"
    responses: "Responses"
    keys: "UserKeys"
    source: str
    day_of: Callable[[datetime], str]
    reasons: frozenset[str] = frozenset()
    throttle: RateLimiter = field(default_factory=RateLimiter)


@dataclass(frozen=True, slots=True)
class Offered:
    """The outcome: the survey by its name for this user, if one waits; whether to show it; or what is wrong."""

    outcome: Outcome
    survey: str = ""
    invitation: Invitation | None = None
    show: bool = False
    problem: RequestProblem | None = None


Fields = Mapping[str, str] | None
"""Those of a JSON object, spelled out; None where it was none."""


def find_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """The survey that waits for this user, if there is one; the user was seen."""
    user = _user(fields, deps, now)
    if isinstance(user, Offered):
        return user
    customer = called(user, deps.source, deps.table)
    if customer is None:
        return Offered(Outcome.OFFERED)
    if unseen(customer, now):
        deps.table.seen(customer, now)
    waiting = deps.table.invitation(customer.offered) if customer.offered else None
    if waiting is None or not waits(waiting, customer, now):
        return Offered(Outcome.OFFERED)
    return Offered(Outcome.OFFERED, survey_id(user, waiting.id, deps.keys.survey_key()), waiting)


def called(user: str, source: str, table: "InProductSurveys") -> Customer | None:
    """The customer whom `source` knows by this id, as identify_customer names it."""
    return table.customer_called(f"{source}#{user}")


def show_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """Whether to show it: only the first window that asks may."""
    id_ = _survey(fields, deps, now)
    if isinstance(id_, Offered):
        return id_
    return Offered(Outcome.SHOWN, show=deps.table.show(id_, now))


def answer_survey(fields: Fields, deps: OfferDeps, now: datetime) -> Offered:
    """One write, by the same rules as on the page; repeats change the answer until the survey closes."""
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
    """It never comes back; repeats are harmless."""
    id_ = _survey(fields, deps, now)
    if isinstance(id_, Offered):
        return id_
    deps.table.dismiss(id_, now)
    return Offered(Outcome.DISMISSED)


def is_user(user: str, said: str, keys: "UserKeys") -> bool:
    """Whether the operator's backend made this hash; a secret that was rotated in a moment ago counts at once."""
    if proven(user, said, keys.in_product()):
        return True
    return keys.refresh() and proven(user, said, keys.in_product())


def _user(fields: Fields, deps: OfferDeps, now: datetime) -> str | Offered:
    if fields is None:
        return _invalid(RequestProblem.BODY)
    user, said = fields.get("user", ""), fields.get("hash", "")
    if not 0 < len(user) <= MOST_USER:
        return _invalid(RequestProblem.USER)
    if not said:
        return _invalid(RequestProblem.HASH)
    if not is_user(user, said, deps.keys):
        return Offered(Outcome.UNPROVEN)
    return user if deps.throttle.admits(user, now.timestamp()) else Offered(Outcome.TOO_MANY)


def _survey(fields: Fields, deps: OfferDeps, now: datetime) -> str | Offered:
    """The id of the invitation that is meant."""
    user = _user(fields, deps, now)
    if isinstance(user, Offered):
        return user
    survey = (fields or {}).get("survey", "")
    if not survey:
        return _invalid(RequestProblem.SURVEY)
    return invitation_named(user, survey, deps.keys.survey_key()) or Offered(Outcome.NOT_FOUND)


def _invalid(problem: RequestProblem) -> Offered:
    return Offered(Outcome.INVALID, problem=problem)
