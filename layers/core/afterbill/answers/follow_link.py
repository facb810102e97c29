"""Follow the short links of text messages, and the personal links that customers hand on."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from afterbill.model import links
from afterbill.model.short_links import GRACE, normalised_code, referral_code

if TYPE_CHECKING:  # this answers HTTP, and starts without what the other ports name
    from collections.abc import Callable

    from afterbill.answers.ports import LinkKeys, Referrals, ShortLinks


@dataclass(frozen=True, slots=True)
class FollowLinkDeps:
    """The dependencies of both kinds of links.

    `referral_url` gives the operator's page for a touchpoint, empty where there is none. `public_url` is the address of
    our pages without a slash at its end; empty: the host of the request.
    """

    short_links: "ShortLinks"
    referrals: "Referrals"
    keys: "LinkKeys"
    referral_url: "Callable[[str], str]"
    public_url: str


def follow_code(text: str, deps: FollowLinkDeps, now: datetime) -> str | None:
    """Return the address of the survey behind a short link; None where there is none, or it closed long ago."""
    code = normalised_code(text)
    link = deps.short_links.code(code) if code else None
    if link is None or now > link.until + GRACE:
        return None
    keys = deps.keys.current()
    return f"{deps.public_url}/s/{links.sign(links.Purpose.SURVEY, link.invitation_id, link.until, keys)}"


def follow_referral(token: str, deps: FollowLinkDeps, now: datetime, *, counts: bool) -> str | None:
    """Return the page a personal link leads to, with the code of its customer; only a visit that `counts` is counted.

    The page is the operator's own, of brand.toml, whatever the request says.
    """
    link = links.read(token, links.Purpose.REFERRAL, deps.keys.current())
    if link is None and deps.keys.refresh():
        link = links.read(token, links.Purpose.REFERRAL, deps.keys.current())
    if link is None or now > link.expires_at:
        return None
    look = deps.referrals.refer if counts else deps.referrals.invitation
    invitation = look(link.invitation_id)
    page = deps.referral_url(invitation.touchpoint) if invitation else ""
    return _with_code(page, referral_code(link.invitation_id, deps.keys.current())) if page else None


def _with_code(page: str, code: str) -> str:
    parts = urlsplit(page)
    query = "&".join(filter(None, [parts.query, urlencode({"ref": code})]))
    return urlunsplit(parts._replace(query=query))
