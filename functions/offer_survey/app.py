"""ANY /in-product/{name} and /q/{link}: surveys inside the operator's product, and plain links."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.in_product import InProductSurveysTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.answers import offer_survey as service
from afterbill.answers.offer_survey import Fields, OfferDeps, Offered, Outcome
from afterbill.answers.open_link import Opener, OpenLinkDeps, open_link
from afterbill.answers.open_link import Outcome as Opened
from afterbill.content.web.form import FormSettings
from afterbill.content.web.in_product.cross_origin import permitted, preflight
from afterbill.content.web.in_product.door import DOOR_HEADERS, door, notice
from afterbill.content.web.in_product.messages import MESSAGES
from afterbill.content.web.in_product.script import NAME, script
from afterbill.content.web.in_product.survey import Surveys
from afterbill.content.wording import Wording, Words, choose_locale, negotiate_locale
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.runtime import http
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

if TYPE_CHECKING:
    from afterbill.adapters.aws.send_queue import SqsSendQueue

_MAX_BODY_BYTES = 250_000
_LATER = {"Retry-After": "60"}

_STATUS = {
    Outcome.INVALID: 400,
    Outcome.UNPROVEN: 401,
    Outcome.NOT_FOUND: 404,
    Outcome.CLOSED: 410,
    Outcome.TOO_MANY: 429,
}
_NOTICES: Mapping[Opened, tuple[int, str, Mapping[str, str]]] = {
    Opened.AHEAD: (503, "unavailable", {}),  # a browser that only looked ahead asks again once somebody goes there
    Opened.TOO_MANY: (429, "too_many", _LATER),
    Opened.UNPROVEN: (404, "not_found", {}),
}
_ACTIONS: Mapping[str, Callable[[Fields, OfferDeps, datetime], Offered]] = {
    "survey": service.find_survey,
    "shown": service.show_survey,
    "answer": service.answer_survey,
    "dismissal": service.dismiss_survey,
}

_FIRST = 1
_AFTER_THE_WRITE = timedelta(seconds=2)
"""A survey that waited for its customer is checked once it is stored that they were seen."""


_send_queue_url = config.setting("SEND_QUEUE_URL")


@cache
def _send_queue() -> "SqsSendQueue":
    """Connect to the send queue when a survey goes there first: few requests have one."""
    from afterbill.adapters.aws.send_queue import SqsSendQueue  # noqa: PLC0415  # see above

    return SqsSendQueue(http_client("sqs"), _send_queue_url)


_keys = http_secret_keys(config.setting("KEYS_SECRET"))
_brand, _catalogs, _reasons = config.brand(), config.catalogs(), config.reasons()
_words = Words(_brand, _catalogs)
_surveys = Surveys(_words, _brand, FormSettings(_reasons))
_in_product, _links = config.in_product(), config.hosted_links()
_visitors = config.visitors(_keys.hash_network)
_dynamodb, _table_name = http_client("dynamodb"), config.setting("TABLE")
_retention = config.retention()
_table = InProductSurveysTable(_dynamodb, _table_name, kept=_retention.responses)
_offering = OfferDeps(
    table=_table,
    responses=ResponsesTable(_dynamodb, _table_name),
    keys=_keys,
    source=_in_product.source,
    day_of=config.day_of(),
    look_again=lambda id_: _send_queue().put(id_, _FIRST, _AFTER_THE_WRITE),
    reasons=frozenset(slug for slugs in _reasons.values() for slug in slugs),
    kept=_retention.customers,
)
_opening = OpenLinkDeps(_table, _keys, _keys, _in_product.source, _offering.day_of, lambda: uuid4().hex)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """JSON for the script, which is sent from here as well; plain links redirect to the answer page."""
    begin_request()
    request = http.request_of(event)
    name = request.path.rsplit("/", 1)[-1]
    if "link" in request.parameters:
        return _led(request, name)
    if name == NAME:
        return _script(request)
    granted = permitted(request.headers.get("origin", ""), _in_product.origins)
    if granted is None:
        return _wrong(403, "origin", {"Vary": "Origin"})
    return _offered(request, name, granted)


def _script(request: http.Request) -> dict[str, Any]:
    if request.method not in {"GET", "HEAD"}:
        return _wrong(405, "method", {"Allow": "GET, HEAD"})
    if script().cached(request.headers.get("if-none-match", "")):
        return http.response(304, "", script().headers)
    return http.response(200, script().text, script().headers)


def _offered(request: http.Request, name: str, granted: Mapping[str, str]) -> dict[str, Any]:
    if refused := _refused(request, name, granted):
        return refused
    fields = http.fields_of(request)
    try:
        offered = _ACTIONS[name](fields, _offering, datetime.now(UTC))
    except (TransientError, UnreadableError) as error:
        logger.error("survey not offered", error=str(error))
        return _wrong(503, "unavailable", {**granted, **_LATER})
    logger.info("survey in the product", action=name, outcome=offered.outcome, problem=offered.problem)
    if offered.outcome in _STATUS:
        waiting = _LATER if offered.outcome is Outcome.TOO_MANY else {}
        return _wrong(_STATUS[offered.outcome], offered.problem or offered.outcome, {**granted, **waiting})
    if offered.outcome is Outcome.RECORDED:
        count(Metric.RESPONSES_RECORDED)
    return http.json_response(200, _body(offered, fields or {}, request), granted)


def _refused(request: http.Request, name: str, granted: Mapping[str, str]) -> dict[str, Any] | None:
    """Answer a request that is not looked at further, and the browser's preflight; None for all others."""
    if name not in _ACTIONS:
        return _wrong(404, "address", granted)
    if request.method == "OPTIONS":
        return http.response(204, "", preflight(granted))
    if request.method != "POST":
        return _wrong(405, "method", {**granted, "Allow": "POST, OPTIONS"})
    if not http.is_json(request):
        return _wrong(415, "type", granted)
    return _wrong(413, "too_large", granted) if len(request.body) > _MAX_BODY_BYTES else None


def _body(offered: Offered, fields: Mapping[str, str], request: http.Request) -> dict[str, Any]:
    if offered.outcome is Outcome.SHOWN:
        return {"show": offered.show}
    if offered.outcome is not Outcome.OFFERED:
        return {"outcome": offered.outcome}
    invitation = offered.invitation
    if invitation is None:
        return {"survey": None, "soon": True} if offered.soon else {"survey": None}
    locale = choose_locale(fields.get("locale"), _catalogs, invitation.locale) or _browser(request)
    return {"survey": _surveys.document(offered.survey, invitation, locale)}


def _led(request: http.Request, name: str) -> dict[str, Any]:
    words = _words(choose_locale(request.query.get("locale"), _catalogs, "") or _browser(request))
    link = _links.get(name)
    if link is None:
        return _notice(404, words, "not_found")
    if request.method not in {"GET", "HEAD", "POST"}:
        return _notice(405, words, "method_not_allowed", {"Allow": "GET, HEAD, POST"})
    try:
        opening = open_link(link, _opener(request, words), _opening, datetime.now(UTC))
    except (TransientError, UnreadableError) as error:
        logger.error("link not opened", error=str(error))
        return _notice(503, words, "unavailable", _LATER)
    if opening.outcome is Opened.DOOR:
        asking = _words(words.language, link.touchpoint, link.stage, link.question)
        return http.response(200, door(asking), DOOR_HEADERS)
    if opening.outcome is not Opened.OPENED:
        status, text, headers = _NOTICES[opening.outcome]
        return _notice(status, words, text, headers)
    logger.info("plain link opened", link=link.name)
    return http.response(303, "", {"Location": f"../s/{opening.token}", "Cache-Control": "no-store"})


def _opener(request: http.Request, words: Wording) -> Opener:
    visitor = _visitors(request.method, request.headers, request.address)
    user, hash_ = request.query.get("user", ""), request.query.get("hash", "")
    return Opener(words.language, user, hash_, visitor, pressed=request.method == "POST")


def _notice(status: int, words: Wording, name: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return http.response(status, notice(words, name), {**DOOR_HEADERS, **(headers or {})})


def _browser(request: http.Request) -> str:
    return negotiate_locale(request.headers.get("accept-language"), _catalogs, _brand.default_locale)


def _wrong(status: int, problem: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return http.json_response(status, {"problem": problem, "message": MESSAGES[problem]}, headers)
