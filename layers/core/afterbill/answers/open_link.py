"""Open a plain link, as from a QR code or a portal: each opening makes a survey of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.hosted import HostedLink, opened, opened_by_anybody, own_id
from afterbill.answers.in_product import MOST_USER
from afterbill.answers.offer_survey import called, is_user
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.visitors import Visitor
from afterbill.model import links

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import InProductSurveys, LinkKeys, UserKeys
    from afterbill.model.invitation import Invitation

MOST_OPENED = 300
"""Surveys that one network, or one proven user, opens by a link in a minute on each instance.

Five a second: a hall full of people behind one WiFi who scan the code on a slide.
"""
MOST_OF_ALL = 20 * MOST_OPENED
"""Surveys that all networks together open by a link in a minute on each instance: no few of them lock it for others."""


class Outcome(StrEnum):
    """The result of opening a link; `ahead`: a browser prefetches it, `door`: a likely program must press a button."""

    OPENED = "opened"
    AHEAD = "ahead"
    DOOR = "door"
    TOO_MANY = "too_many"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class OpenLinkDeps:
    """The dependencies; `source` is the system that knows the users, `new_id` gives 32 hex digits at random.

    One network or proven user opens a link as often as `throttle` admits, everybody unproven together as `crowd` does.
    """

    table: "InProductSurveys"
    user_keys: "UserKeys"
    link_keys: "LinkKeys"
    source: str
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]
    throttle: RateLimiter = field(default_factory=lambda: RateLimiter(MOST_OPENED))
    crowd: RateLimiter = field(default_factory=lambda: RateLimiter(MOST_OF_ALL))


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
    if (opener.user or opener.hash) and not _is_proven(opener, deps):
        return Opening(Outcome.UNPROVEN)
    if not _admitted(link, opener, deps, now):
        return Opening(Outcome.TOO_MANY)
    invitation = _invitation(link, opener, deps, now)
    deps.table.open(invitation)
    keys = deps.link_keys.current()
    return Opening(Outcome.OPENED, links.sign(links.Purpose.SURVEY, invitation.id, invitation.answer_until, keys))


def _is_proven(opener: Opener, deps: OpenLinkDeps) -> bool:
    return 0 < len(opener.user) <= MOST_USER and is_user(opener.user, opener.hash, deps.user_keys)


def _invitation(link: HostedLink, opener: Opener, deps: OpenLinkDeps, now: datetime) -> "Invitation":
    if not opener.user:
        return opened_by_anybody(link, deps.new_id(), opener.locale, now)
    customer = called(opener.user, deps.source, deps.table)
    if customer and customer.restricted_at:
        customer = None  # what is known of them is used for nothing, not even for the segments of their answer
    return opened(link, own_id(link, opener.user, deps.day_of(now)), customer, opener.locale, now)


def _admitted(link: HostedLink, opener: Opener, deps: OpenLinkDeps, now: datetime) -> bool:
    """Count one opening; a proven user is not locked out by what anybody else does, not even in the same network."""
    at = now.timestamp()
    if opener.user:
        return deps.throttle.admits((link.name, "user", opener.user), at)
    # In this order: openings that are refused to one network do not count against all others.
    one = deps.throttle.admits((link.name, "network", opener.visitor.network), at)
    return one and deps.crowd.admits(link.name, at)
