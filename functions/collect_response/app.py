"""ANY /v1/responses and /v1/openapi.json: answers that other systems collected, and the document of the API."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from time import monotonic
from typing import Any

from pydantic import ValidationError

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.answers.api import document, problems, values
from afterbill.answers.api.bodies import AnswerBody
from afterbill.answers.api.problems import Problem
from afterbill.answers.api_keys import ApiKey, Scope
from afterbill.answers.collect_response import CollectDeps, Kept, Outcome, Refusal, authorise, collect_response
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.runtime import http
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_REFUSALS = {
    Refusal.NO_KEY: problems.NO_KEY,
    Refusal.WRONG_KEY: problems.WRONG_KEY,
    Refusal.WRONG_SCOPE: problems.WRONG_SCOPE,
}
_IDEMPOTENCY_KEY = re.compile(values.IDEMPOTENCY_KEY)
_table, _dynamodb = config.setting("TABLE"), http_client("dynamodb")
_keys = ApiKeysTable(_dynamodb, _table, monotonic)
_reasons = frozenset(chain.from_iterable(config.reasons().values()))
_throttle = RateLimiter(most=200, seconds=10)
_secrets = http_secret_keys(config.setting("KEYS_SECRET"))
_collector = CollectDeps(
    table=ExternalResponsesTable(_dynamodb, _table, kept=config.retention().responses),
    hash_address=_secrets.hash_address,
    hash_alias=_secrets.hash_alias,
    day_of=config.day_of(),
    stage_of=config.stage_of,
    declared=config.declared_segments(),
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """JSON for programs; every refusal is a problem of RFC 9457."""
    begin_request()
    request = http.request_of(event)
    try:
        answer = _document(request) if request.path.endswith("/openapi.json") else _collect(request)
    except (TransientError, UnreadableError) as error:
        logger.error("answer not kept", error=str(error))
        answer = _refuse(problems.UNAVAILABLE)
    return answer


def _document(request: http.Request) -> dict[str, Any]:
    if request.method not in {"GET", "HEAD"}:
        return _refuse(problems.NOT_ALLOWED, {"Allow": "GET, HEAD"})
    headers = {"Content-Type": "application/json", "Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return http.response(200, document(), headers)


def _collect(request: http.Request) -> dict[str, Any]:
    if request.method != "POST":
        return _refuse(problems.NOT_ALLOWED, {"Allow": "GET, POST"})
    key = authorise(request.headers.get("authorization", ""), Scope.RESPONSES_WRITE, _keys)
    if isinstance(key, Refusal):
        return _refuse(_REFUSALS[key])
    if not _throttle.admits(key.id, monotonic()):
        return _refuse(problems.TOO_MANY)
    problem = _unfit(request)
    return _refuse(problem) if problem else _keep(request, key)


def _keep(request: http.Request, key: ApiKey) -> dict[str, Any]:
    now = datetime.now(UTC)
    try:
        context = {"now": now, "reasons": _reasons}
        reported = AnswerBody.model_validate(problems.loads(request.body), context=context).reported()
    except ValidationError as error:
        return _refuse(problems.INVALID, faults=problems.faults_of(error))
    except ValueError:
        return _refuse(problems.NO_JSON)
    return _kept(collect_response(reported, key, request.headers["idempotency-key"], _collector, now), key.id)


def _unfit(request: http.Request) -> Problem | None:
    """The problem of a request whose body is not read, None where it fits."""
    if not http.is_json(request):
        return problems.NOT_JSON_TYPE
    if len(request.body) > problems.MOST_BYTES:
        return problems.TOO_LARGE
    named = _IDEMPOTENCY_KEY.fullmatch(request.headers.get("idempotency-key", ""))
    return None if named else problems.NO_IDEMPOTENCY_KEY


def _kept(kept: Kept, key_id: str) -> dict[str, Any]:
    logger.info("answer told", outcome=kept.outcome, id=kept.id, key=key_id)
    if kept.outcome is Outcome.REUSED:
        return _refuse(problems.REUSED)
    if kept.outcome is Outcome.RECORDED:
        count(Metric.RESPONSES_RECORDED)
    return http.json_response(201 if kept.outcome is Outcome.RECORDED else 200, asdict(kept))


def _refuse(
    problem: Problem, headers: dict[str, str] | None = None, faults: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    logger.info("call refused", problem=problem.code)
    sent = {"Content-Type": problems.TYPE, **problem.headers, **(headers or {})}
    return http.json_response(problem.status, problem.body(faults or ()), sent)
