"""ANY /s/{token} and /u/{token}: the pages a customer meets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill import config, gateway
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.responses import ResponsesTable
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.domain.errors import TransientError
from afterbill.domain.wording import negotiate_locale
from afterbill.observability import Metric, count, logger
from afterbill.services import record_response as service
from afterbill.services.record_response import RATINGS, Outcome, Problem, Responded, Responding
from afterbill.web import pages
from afterbill.web.pages import Asked, Draft, Page, Pages

_MAX_BODY_BYTES = 250_000
"""A comment of the longest kind in the widest spelling a form has."""

_PROBLEMS = {
    Problem.RATING: pages.Problem.NO_RATING,
    Problem.COMMENT: pages.Problem.LONG_COMMENT,
    Problem.FORM: pages.Problem.UNREADABLE,
}
_METRICS = {Outcome.RECORDED: Metric.RESPONSES_RECORDED, Outcome.UNSUBSCRIBED: Metric.UNSUBSCRIBED}

_keys = SecretKeys(Secret(client("secretsmanager"), config.setting("KEYS_SECRET"), monotonic))
_brand, _catalogs = config.brand(), config.catalogs()
_pages = Pages(_brand, _catalogs, config.templates() / "web")
_NOTICES = {
    Outcome.CLOSED: _pages.closed,
    Outcome.ASKED: _pages.unsubscribe,
    Outcome.UNSUBSCRIBED: _pages.unsubscribed,
}
_responding = Responding(
    responses=ResponsesTable(client("dynamodb"), config.setting("TABLE")),
    keys=_keys,
    day_of=config.day_of(),
    hash_address=_keys.hash_address,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A page for people; programs that sent JSON get JSON."""
    request = gateway.request_of(event)
    browser = negotiate_locale(request.headers.get("accept-language"), _catalogs, _brand.default_locale)
    if request.method not in {"GET", "HEAD", "POST"}:
        return _html(_pages.method_not_allowed(browser))
    if len(request.body) > _MAX_BODY_BYTES:
        return _html(_pages.too_large(browser))
    fields = gateway.fields_of(request)
    try:
        responded = _respond(request, fields)
    except TransientError as error:
        logger.error("page not served", error=str(error))
        return _html(_pages.unavailable(browser))
    logger.info("link used", outcome=responded.outcome, method=request.method)
    if metric := _METRICS.get(responded.outcome):
        count(metric)
    page = _page(responded, request, fields or {}, browser)
    if gateway.is_json(request) and request.method == "POST":
        return gateway.json_response(page.status, {"outcome": responded.outcome, "problem": responded.problem})
    return _html(page)


def _respond(request: gateway.Request, fields: Mapping[str, str] | None) -> Responded:
    token, now = request.parameters.get("token", ""), datetime.now(UTC)
    match request.method == "POST", request.path.rsplit("/", 2)[-2:-1]:
        case True, ["s"]:
            return service.record_response(token, fields, _responding, now)
        case False, ["s"]:
            return service.show_survey(token, _responding, now)
        case True, ["u"]:
            return service.unsubscribe(token, _responding, now)
        case _:
            return service.show_unsubscribe(token, _responding, now)


def _page(responded: Responded, request: gateway.Request, fields: Mapping[str, str], browser: str) -> Page:
    invitation = responded.invitation
    locale = (invitation.locale if invitation else "") or browser
    asked = Asked(locale, invitation.touchpoint, invitation.stage) if invitation else Asked(locale)
    recorded = invitation.answer if invitation else None
    match responded.outcome:
        case Outcome.SHOWN:
            return _pages.survey(asked, RATINGS.get(request.query.get("rating", "")), recorded)
        case Outcome.RECORDED if recorded:
            return _pages.thanks(asked, recorded)
        case Outcome.INVALID if responded.problem:
            draft = Draft(RATINGS.get(fields.get("rating", "")), fields.get("comment", ""), "contact_ok" in fields)
            return _pages.bad_request(asked, draft, _PROBLEMS[responded.problem], recorded)
        case outcome:
            return _NOTICES.get(outcome, _pages.not_found)(locale)


def _html(page: Page) -> dict[str, Any]:
    return gateway.response(page.status, page.html, page.headers)
