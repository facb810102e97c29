"""GET and HEAD /c/{code} and /r/{token}: short links to surveys, and personal links that customers hand on."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.answers.follow_link import FollowLinkDeps, follow_code, follow_referral
from afterbill.answers.rate_limit import RateLimiter
from afterbill.content.web.pages import Page, Pages
from afterbill.content.wording import negotiate_locale
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.runtime import http
from afterbill.runtime.observability import logger
from afterbill.settings import config

_MOVED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

_keys = http_secret_keys(config.setting("KEYS_SECRET"))
_brand, _catalogs = config.brand(), config.catalogs()
_pages = Pages(_brand, _catalogs, config.templates() / "web")
_visitors = config.visitors()
_throttle = RateLimiter()
_table = ShortLinksTable(http_client("dynamodb"), config.setting("TABLE"))
_following = FollowLinkDeps(
    short_links=_table,
    referrals=_table,
    keys=_keys,
    referral_url=lambda touchpoint: _brand.voice(touchpoint).referral_url,
    public_url=config.choice("PUBLIC_URL").rstrip("/"),
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Redirect, or show a friendly page."""
    begin_request()
    request = http.request_of(event)
    browser = negotiate_locale(request.headers.get("accept-language"), _catalogs, _brand.default_locale)
    if request.method not in {"GET", "HEAD"}:
        return _html(_pages.method_not_allowed(browser), Allow="GET, HEAD")
    kind = "code" if "code" in request.parameters else "token"
    link = request.parameters.get(kind, "")
    if not _throttle.admits(link.lower(), monotonic()):
        return _html(_pages.too_many(browser))
    try:
        address = _followed(kind, link, request)
    except (TransientError, UnreadableError) as error:
        logger.error("link not followed", error=str(error))
        return _html(_pages.unavailable(browser))
    logger.info("link followed", kind=kind, found=bool(address))
    return http.response(303, "", {**_MOVED, "Location": address}) if address else _html(_pages.not_found(browser))


def _followed(kind: str, link: str, request: http.Request) -> str | None:
    """The address to go to, None where the link leads nowhere."""
    now = datetime.now(UTC)
    if kind == "code":
        return follow_code(link, _following, now)
    visitor = _visitors(request.method, request.headers, request.address)
    return follow_referral(link, _following, now, counts=not (visitor.scanner or visitor.probing))


def _html(page: Page, **headers: str) -> dict[str, Any]:
    return http.response(page.status, page.html, {**page.headers, **headers})
