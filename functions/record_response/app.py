"""ANY /s/{token} and /u/{token}: the pages a customer meets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.secret_keys import secret_keys
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.answers import record_response as service
from afterbill.answers.parse_answer import RATINGS, Problem
from afterbill.answers.record_response import Outcome, RespondDeps, Responded
from afterbill.content.web import pages
from afterbill.content.web.form import FormSettings
from afterbill.content.web.pages import Draft, Page, Pages, SurveyContext
from afterbill.content.wording import negotiate_locale
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation
from afterbill.runtime import http
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_MAX_BODY_BYTES = 250_000
"""A comment of the longest kind in the widest spelling a form has."""

_PROBLEMS = {
    Problem.RATING: pages.Problem.NO_RATING,
    Problem.COMMENT: pages.Problem.LONG_COMMENT,
    Problem.REASON: pages.Problem.UNKNOWN_REASON,
    Problem.FORM: pages.Problem.UNREADABLE,
}
_METRICS = {Outcome.RECORDED: Metric.RESPONSES_RECORDED, Outcome.UNSUBSCRIBED: Metric.UNSUBSCRIBED}

_public_url = config.choice("PUBLIC_URL").rstrip("/")
_keys = secret_keys(config.setting("KEYS_SECRET"))
_brand, _catalogs, _reasons = config.brand(), config.catalogs(), config.reasons()
_visitors = config.visitors(_keys.hash_network)
_pages = Pages(_brand, _catalogs, config.templates() / "web", FormSettings(_reasons, config.integrity().visible))
_NOTICES = {
    Outcome.CLOSED: _pages.closed,
    Outcome.TOO_MANY: _pages.too_many,
    Outcome.ASKED: _pages.unsubscribe,
    Outcome.UNSUBSCRIBED: _pages.unsubscribed,
}
_responding = RespondDeps(
    responses=ResponsesTable(client("dynamodb"), config.setting("TABLE")),
    keys=_keys,
    day_of=config.day_of(),
    hash_address=_keys.hash_address,
    reasons=frozenset(slug for slugs in _reasons.values() for slug in slugs),
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A page for people; programs that sent JSON get JSON."""
    request = http.request_of(event)
    browser = negotiate_locale(request.headers.get("accept-language"), _catalogs, _brand.default_locale)
    if refused := _refused(request, browser):
        return _sent(refused, request, {"outcome": Outcome.INVALID, "problem": Problem.FORM})
    fields = http.fields_of(request)
    try:
        responded = _respond(request, fields)
    except TransientError as error:
        logger.error("page not served", error=str(error))
        return _sent(_pages.unavailable(browser), request, {"outcome": "unavailable", "problem": None})
    logger.info("link used", outcome=responded.outcome, method=request.method)
    if metric := _METRICS.get(responded.outcome):
        count(metric)
    if responded.outcome is Outcome.SEEN:
        return http.response(204, "", {"Cache-Control": "no-store"})
    page = _page(responded, request, fields or {}, browser)
    return _sent(page, request, {"outcome": responded.outcome, "problem": responded.problem})


def _refused(request: http.Request, browser: str) -> Page | None:
    """The page that refuses a request unread, else None. One-click unsubscribes may send what RFC 8058 allows."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return _pages.method_not_allowed(browser)
    if len(request.body) > _MAX_BODY_BYTES:
        return _pages.too_large(browser)
    readable = http.is_form(request) or http.is_json(request)
    if request.method == "POST" and _kind(request) == "s" and not readable:
        return _pages.unsupported(browser)
    return None


def _respond(request: http.Request, fields: Mapping[str, str] | None) -> Responded:
    token, now, visitor = request.parameters.get("token", ""), datetime.now(UTC), _visitors(*_sender(request))
    match request.method == "POST", _kind(request):
        case True, "s" if fields and "seen" in fields:
            return service.report_seen(token, fields, visitor, _responding, now)
        case True, "s":
            return service.record_response(token, fields, _responding, now, visitor.network)
        case False, "s":
            return service.show_survey(token, request.query, visitor, _responding, now)
        case True, "u":
            return service.unsubscribe(token, _responding, now)
        case _:
            return service.show_unsubscribe(token, _responding, now)


def _kind(request: http.Request) -> str:
    """`s` or `u`, whatever stage or mapping stands before it in the path."""
    return "".join(request.path.rsplit("/", 2)[-2:-1])


def _sender(request: http.Request) -> tuple[str, Mapping[str, str], str]:
    return request.method, request.headers, request.address


def _page(responded: Responded, request: http.Request, fields: Mapping[str, str], browser: str) -> Page:
    invitation = responded.invitation
    locale = (invitation.locale if invitation else "") or browser
    asked, recorded = SurveyContext(locale), None
    if invitation:
        asked = SurveyContext(locale, invitation.touchpoint, invitation.stage, invitation.question)
        recorded = invitation.answer
    match responded.outcome:
        case Outcome.SHOWN:
            return _pages.survey(asked, RATINGS.get(request.query.get("rating", "")), recorded)
        case Outcome.RECORDED if invitation and recorded:
            return _pages.thanks(asked, recorded, fields.get("go", ""), _referral(invitation, request))
        case Outcome.INVALID if responded.problem:
            rating = RATINGS.get(fields.get("rating", ""))
            draft = Draft(rating, fields.get("comment", ""), "contact_ok" in fields, fields.get("reason", ""))
            return _pages.bad_request(asked, draft, _PROBLEMS[responded.problem], recorded)
        case outcome:
            return _NOTICES.get(outcome, _pages.not_found)(locale)


def _referral(invitation: Invitation, request: http.Request) -> str:
    """The personal link of somebody who recommends the brand, where it has a page for those who follow it."""
    if not _brand.voice(invitation.touchpoint).referral_url:
        return ""
    base = _public_url or f"https://{request.host}"
    return f"{base}/r/{service.referral_token(invitation, _responding)}"


def _sent(page: Page, request: http.Request, outcome: Mapping[str, Any]) -> dict[str, Any]:
    if http.is_json(request) and request.method == "POST":
        more = {name: page.headers[name] for name in ("Accept-Post", "Retry-After") if name in page.headers}
        return http.json_response(page.status, outcome, more)
    return http.response(page.status, page.html, page.headers)
