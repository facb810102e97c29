"""Open a plain link, as from a QR code or a portal: each opening makes a survey of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from afterbill.answers.hosted import HostedLink, opened, own_id
from afterbill.answers.in_product import MOST_USER
from afterbill.answers.offer_survey import called, is_user
from afterbill.model import links

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from afterbill.answers.ports import InProductSurveys, LinkKeys, UserKeys


@dataclass(frozen=True, slots=True)
class OpenLinkDeps:
    """The dependencies; `source` is the system that knows the users, `new_id` gives 32 hex digits at random."""

    table: "InProductSurveys"
    user_keys: "UserKeys"
    link_keys: "LinkKeys"
    source: str
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Opener:
    """The person who opens a link: unknown, or a user proven as inside the product; `locale` is that of the page."""

    locale: str
    user: str = ""
    hash: str = ""


def open_link(link: HostedLink, opener: Opener, deps: OpenLinkDeps, now: datetime) -> str | None:
    """Return the token of a survey that can be answered for a day; None where the user is not proven."""
    customer, id_ = None, deps.new_id()
    if opener.user or opener.hash:
        if not 0 < len(opener.user) <= MOST_USER or not is_user(opener.user, opener.hash, deps.user_keys):
            return None
        customer = called(opener.user, deps.source, deps.table)
        id_ = own_id(link, opener.user, deps.day_of(now))
    invitation = opened(link, id_, customer, opener.locale, now)
    deps.table.open(invitation)
    return links.sign(links.Purpose.SURVEY, id_, invitation.answer_until, deps.link_keys.current())
