"""Open a plain link, as from a QR code or a portal: each opening makes a survey of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.hosted import HostedLink, opened, own_id
from afterbill.answers.in_product import MOST_USER
from afterbill.answers.offer_survey import called, is_user
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.visitors import Visitor
from afterbill.model import links

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import InProductSurveys, LinkKeys, UserKeys

MOST_OPENED = 600
"""Surveys that one link opens in a minute on each instance: more than a counter needs, less than a flood."""


class Outcome(StrEnum):
    """The result of opening a link; `ahead`: a browser prefetches it, `door`: a likely program must press a button."""

    OPENED = "opened"
    AHEAD = "ahead"
    DOOR = "door"
    TOO_MANY = "too_many"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class OpenLinkDeps:
    """The dependencies; `source` is the system that knows the users, `new_id` gives 32 hex digits at random."""

    table: "InProductSurveys"
    user_keys: "UserKeys"
    link_keys: "LinkKeys"
    source: str
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]
    throttle: RateLimiter = field(default_factory=lambda: RateLimiter(MOST_OPENED))


@dataclass(frozen=True, slots=True)
class Opener:
    """The person who opens a link: unknown, or a user proven as inside the product; `locale` is that of the page.

    `pressed`: the button on the door was pressed, which programs do not do.
    """

    locale: str
    user: str = ""
    hash: str = ""
    visitor: Visitor = field(default_factory=Visitor)
    pressed: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """The outcome, and the token of a survey that can be answered for a day if one was opened."""

    outcome: Outcome
    token: str = ""


def open_link(link: HostedLink, opener: Opener, deps: OpenLinkDeps, now: datetime) -> Opening:
    """Make a survey for the opener; nothing is made for programs that look at links."""
    visitor = opener.visitor
    if visitor.ahead and not opener.pressed:
        return Opening(Outcome.AHEAD)
    if (visitor.probing or visitor.scanner) and not opener.pressed:
        return Opening(Outcome.DOOR)
    if not deps.throttle.admits(link.name, now.timestamp()):
        return Opening(Outcome.TOO_MANY)
    customer, id_ = None, deps.new_id()
    if opener.user or opener.hash:
        if not 0 < len(opener.user) <= MOST_USER or not is_user(opener.user, opener.hash, deps.user_keys):
            return Opening(Outcome.UNPROVEN)
        customer = called(opener.user, deps.source, deps.table)
        id_ = own_id(link, opener.user, deps.day_of(now))
    invitation = opened(link, id_, customer, opener.locale, now)
    deps.table.open(invitation)
    keys = deps.link_keys.current()
    return Opening(Outcome.OPENED, links.sign(links.Purpose.SURVEY, id_, invitation.answer_until, keys))
