"""ANY /s/{token} and /u/{token}: the pages a customer meets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.answers import record_response as service
from afterbill.answers.parse_answer import Problem
from afterbill.answers.record_response import Outcome, RespondDeps, Responded
from afterbill.content.web.answer_page import respond
from afterbill.content.web.form import FormSettings
from afterbill.content.web.pages import Page, Pages
from afterbill.content.wording import negotiate_locale
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.runtime import http
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_MAX_BODY_BYTES = 250_000
"""A comment of the longest kind in the widest spelling a form has."""

_METRICS = {Outcome.RECORDED: Metric.RESPONSES_RECORDED, Outcome.UNSUBSCRIBED: Metric.UNSUBSCRIBED}

_public_url = config.choice("PUBLIC_URL").rstrip("/")
_keys = http_secret_keys(config.setting("KEYS_SECRET"))
_brand, _catalogs, _reasons = config.brand(), config.catalogs(), config.reasons()
_visitors = config.visitors(_keys.hash_network)
_pages = Pages(_brand, _catalogs, config.templates() / "web", FormSettings(_reasons, config.integrity().visible))
_responding = RespondDeps(
    responses=ResponsesTable(http_client("dynamodb"), config.setting("TABLE")),
    keys=_keys,
    day_of=config.day_of(),
    hash_address=_keys.hash_address,
    reasons=frozenset(slug for slugs in _reasons.values() for slug in slugs),
    kept=config.retention().responses,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A page for people; programs that sent JSON get JSON."""
    begin_request()
    request = http.request_of(event)
    browser = negotiate_locale(request.headers.get("accept-language"), _catalogs, _brand.default_locale)
    if refused := _refused(request, browser):
        return _sent(refused, request, {"outcome": Outcome.INVALID, "problem": Problem.FORM})
    fields = http.fields_of(request)
    try:
        responded = _use(request, fields)
    except (TransientError, UnreadableError) as error:
        logger.error("page not served", error=str(error))
        return _sent(_pages.unavailable(browser), request, {"outcome": "unavailable", "problem": None})
    logger.info("link used", outcome=responded.outcome, method=request.method)
    if (metric := _METRICS.get(responded.outcome)) and not (responded.invitation and responded.invitation.test):
        count(metric)
    if responded.outcome is Outcome.SEEN:
        return http.response(204, "", {"Cache-Control": "no-store"})
    values = (fields or {}) if request.method == "POST" else request.query
    page = respond(responded, values, _pages, browser, lambda invitation: _referral(invitation, request))
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


def _use(request: http.Request, fields: Mapping[str, str] | None) -> Responded:
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


def _referral(invitation: Invitation, request: http.Request) -> str:
    """Return the personal link that promoters pass on, empty where the brand has no page for those who follow it."""
    if not _brand.voice(invitation.touchpoint).referral_url:
        return ""
    base = _public_url or f"https://{request.host}"
    return f"{base}/r/{service.referral_token(invitation, _responding)}"


def _sent(page: Page, request: http.Request, document: Mapping[str, Any]) -> dict[str, Any]:
    if http.is_json(request) and request.method == "POST":
        more = {name: page.headers[name] for name in ("Accept-Post", "Retry-After") if name in page.headers}
        return http.json_response(page.status, document, more)
    return http.response(page.status, page.html, page.headers)
