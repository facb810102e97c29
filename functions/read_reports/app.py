"""GET /v1/reports/{name} and GET /v1/responses: reports and answers for programs that have a key."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from time import monotonic
from typing import Any

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.exports import S3Exports
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.answers.api import problems
from afterbill.answers.api.problems import Problem
from afterbill.answers.api_keys import ApiKey, Scope
from afterbill.answers.collect_response import Refusal, authorise
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.read_responses import ReadDeps, ResponsesPage, cursor_of, read_page
from afterbill.answers.response_rows import row
from afterbill.answers.responses_query import Wanted, wanted_in
from afterbill.insight.ports import Asking
from afterbill.insight.reports.query import report_in
from afterbill.insight.reports.reading import customers_in, naming, read_report
from afterbill.insight.reports.registry import NAMES
from afterbill.insight.reports.requested import ReportRequest
from afterbill.insight.reports.tables import tables
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import MOST_NAMED, Act
from afterbill.model.query import QueryError
from afterbill.model.retention import as_kept
from afterbill.model.spreadsheet import csv_text
from afterbill.runtime import http
from afterbill.runtime.observability import logger
from afterbill.settings import config

_MOST_BYTES = 5_500_000
"""The largest body that is sent itself: Lambda sends 6 MB, with all that stands around a body."""
_SOON = {"Retry-After": "5"}

_REFUSALS = {Refusal.NO_KEY: problems.NO_KEY, Refusal.WRONG_KEY: problems.WRONG_KEY}
_table, _dynamodb, _s3 = config.setting("TABLE"), http_client("dynamodb"), http_client("s3")
_bucket = config.setting("ARCHIVE")
_keys = ApiKeysTable(_dynamodb, _table, monotonic)
_throttle = RateLimiter(most=100, seconds=10)
"""For each key and instance."""
_files, _exports = S3Reports(_s3, _bucket), S3Exports(_s3, _bucket)
_requests = SqsReportRequests(http_client("sqs"), config.setting("REPORT_REQUESTS_URL"), _dynamodb, _table)
_audit = LedgerTable(_dynamodb, config.setting("LEDGER"), _table, config.retention().audit)
_answered = AnsweredTable(_dynamodb, _table)
_rules = config.report_rules()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """JSON or CSV for programs; every refusal is a problem of RFC 9457."""
    begin_request()
    request = http.request_of(event)
    try:
        return _answer(request, datetime.now(UTC))
    except QueryError as error:
        return _refuse(problems.QUERY, [{"field": name, "message": message} for name, message in error.faults])
    except (TransientError, UnreadableError) as error:
        logger.error("nothing read", error=str(error))
        return _refuse(problems.UNAVAILABLE)


def _answer(request: http.Request, now: datetime) -> dict[str, Any]:
    if request.method not in {"GET", "HEAD"}:
        return _refuse(problems.NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
    name = request.parameters.get("name", "")
    scope = Scope.REPORTS_READ if name else Scope.RESPONSES_READ
    key = authorise(request.headers.get("authorization", ""), scope, _keys)
    if isinstance(key, Refusal):
        return _refuse(_REFUSALS.get(key, problems.NO_REPORTS if name else problems.NO_RESPONSES))
    if not _throttle.admits(key.id, monotonic()):
        return _refuse(problems.TOO_MANY)
    return _report(name, request, key, now) if name else _responses(request, key, now)


# Reports


def _report(name: str, request: http.Request, key: ApiKey, now: datetime) -> dict[str, Any]:
    if name not in NAMES:
        return _refuse(problems.UNKNOWN_REPORT)
    wanted, form = report_in(name, http.pairs_of(request), _rules, _today(now))
    document = read_report(wanted, _files, now)
    logger.info("report told", report=name, id=wanted.id, found=document is not None, key=key.id)
    if document is None:
        return _ask(wanted, request, now)
    named = customers_in(document)
    if named:
        usable = _answered.usable(named)
        document, named = naming(document, usable), sorted(usable)
    kind, body = _written(document, form)
    tag = http.tag_of(body)
    if http.is_known(request, tag):
        return http.unchanged(tag)
    if len(body.encode()) > _MOST_BYTES:
        _note(f"export {name}", named, key, now, always=True)
        link = _exports.put(body.encode(), kind, f"{name}.{form}")
        return http.json_response(303, {"location": link}, {"Location": link})
    _note(f"report {name}", named, key, now)
    return http.tagged(body, tag, kind)


def _ask(wanted: ReportRequest, request: http.Request, now: datetime) -> dict[str, Any]:
    if _requests.ask(wanted, now) is Asking.LIMITED:
        return _refuse(problems.TOO_MANY_REPORTS)
    place = f"{request.path}?{request.raw_query}".rstrip("?")
    told = {"report": wanted.name, "state": "computing", "retry_after_seconds": int(_SOON["Retry-After"])}
    return http.json_response(202, told, {"Location": place, **_SOON})


def _written(document: Mapping[str, Any], form: str) -> tuple[str, str]:
    if form == "json":
        return "application/json", _json(document)
    rows = next((table for table in tables(document) if table.name == "rows"), None)
    return "text/csv; charset=utf-8", csv_text(rows.columns, rows.rows) if rows else ""


# Responses


def _responses(request: http.Request, key: ApiKey, now: datetime) -> dict[str, Any]:
    wanted = wanted_in(http.pairs_of(request), _today(now))
    shown = partial(as_kept, periods=config.retention(), now=now)
    page = read_page(wanted.place, wanted.days, wanted.selection, wanted.limit, ReadDeps(_answered, shown))
    for error in page.unreadable:
        logger.warning("response not shown", error=str(error))
    body = _json(_stated(page, wanted))
    tag = http.tag_of(body)
    known = http.is_known(request, tag)
    logger.info("responses told", responses=len(page.responses), known=known, key=key.id)
    if known:
        return http.unchanged(tag)
    _note("responses", [one.customer_id or one.id for one in page.responses], key, now)
    return http.tagged(body, tag)


def _stated(page: ResponsesPage, wanted: Wanted) -> dict[str, Any]:
    return {
        "responses": [row(one) for one in page.responses],
        "left_out": page.left_out,
        "next": cursor_of(page.next, wanted.days, wanted.filters) if page.next else None,
    }


def _note(what: str, whose: Sequence[str], key: ApiKey, now: datetime, *, always: bool = False) -> None:
    """Note who is shown, in acts that name as many as one may; where nobody is, only if `always`."""
    for start in range(0, max(len(whose), int(always)), MOST_NAMED):
        _audit.note(Act(now, f"key:{key.id}", what).about(whose[start : start + MOST_NAMED]))


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _today(now: datetime) -> date:
    return now.astimezone(config.time_zone()).date()


def _refuse(
    problem: Problem, faults: Sequence[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    logger.info("call refused", problem=problem.code)
    sent = {"Content-Type": problems.TYPE, **problem.headers, **(headers or {})}
    return http.json_response(problem.status, problem.body(faults), sent)
