"""ANY /v1/privacy/requests and /v1/privacy/requests/{id}: what is stored of a person, asked for by other systems."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.subjects import SubjectsTable
from afterbill.answers.api import problems, values
from afterbill.answers.api.problems import Problem
from afterbill.answers.api_keys import ApiKey, Scope
from afterbill.answers.collect_response import Refusal, authorise
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import PrivacyRequest, RequestKind
from afterbill.privacy.api import problems as own
from afterbill.privacy.api.bodies import FIELDS, AskBody
from afterbill.privacy.api.stated import kept, stated
from afterbill.privacy.ask import AskDeps, Taken, fetched, take_request
from afterbill.runtime import http
from afterbill.runtime.observability import logger
from afterbill.settings import config

if TYPE_CHECKING:  # an export alone needs it
    from afterbill.privacy.export import Exporter

_REFUSALS = {
    Refusal.NO_KEY: problems.NO_KEY,
    Refusal.WRONG_KEY: problems.WRONG_KEY,
    Refusal.WRONG_SCOPE: own.WRONG_SCOPE,
}
_ERASURES = frozenset({RequestKind.ERASE, RequestKind.ERASE_SOURCE})
_IDEMPOTENCY_KEY = re.compile(values.IDEMPOTENCY_KEY)
_ID = re.compile(values.OUR_ID)
_recovery_days, _log_days = config.setting("RECOVERY_DAYS"), config.setting("LOG_DAYS")
_evidence_days = config.setting("EVIDENCE_DAYS")
_table, _dynamodb = config.setting("TABLE"), http_client("dynamodb")
_keys = ApiKeysTable(_dynamodb, _table, monotonic)
_secret = http_secret_keys(config.setting("KEYS_SECRET"))
_requests = PrivacyRequestsTable(_dynamodb, _table)
_throttle = RateLimiter(most=60, seconds=60)
"""For each key and instance: people ask for their data one by one."""
_asking = AskDeps(
    subjects=SubjectsTable(_dynamodb, _table),
    requests=_requests,
    audit=LedgerTable(_dynamodb, config.setting("LEDGER"), _table, config.retention().audit),
    hash_address=_secret.hash_address,
    hash_alias=_secret.hash_alias,
    sources=config.source_names,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """JSON for programs; every refusal is a problem of RFC 9457."""
    begin_request()
    request = http.request_of(event)
    try:
        return _answer(request)
    except (TransientError, UnreadableError) as error:
        logger.error("privacy request not served", error=str(error))
        return _refuse(problems.UNAVAILABLE)


def _answer(request: http.Request) -> dict[str, Any]:
    id_ = request.parameters.get("id", "")
    allowed = "GET" if id_ else "POST"
    if request.method != allowed:
        return _refuse(problems.NOT_ALLOWED, {"Allow": allowed})
    key = authorise(request.headers.get("authorization", ""), Scope.PRIVACY_MANAGE, _keys)
    if isinstance(key, Refusal):
        return _refuse(_REFUSALS[key])
    if not _throttle.admits(key.id, monotonic()):
        return _refuse(problems.TOO_MANY)
    return _show(id_, key) if id_ else _take(request, key)


def _take(request: http.Request, key: ApiKey) -> dict[str, Any]:
    if problem := _unfit(request):
        return _refuse(problem)
    try:
        ask = AskBody.model_validate(problems.loads(request.body)).ask()
    except ValidationError as error:
        return _refuse(own.INVALID, faults=problems.faults_of(error, FIELDS))
    except ValueError:
        return _refuse(problems.NO_JSON)
    return _taken(take_request(ask, _name(key), request.headers["idempotency-key"], _asking, datetime.now(UTC)), key)


def _unfit(request: http.Request) -> Problem | None:
    """The problem of a request whose body is not read, None where it fits."""
    if not http.is_json(request):
        return problems.NOT_JSON_TYPE
    if len(request.body) > problems.MOST_BYTES:
        return problems.TOO_LARGE
    named = _IDEMPOTENCY_KEY.fullmatch(request.headers.get("idempotency-key", ""))
    return None if named else own.NO_IDEMPOTENCY_KEY


def _taken(taken: Taken, key: ApiKey) -> dict[str, Any]:
    request = taken.request
    logger.info("privacy request told", id=request.id, kind=request.kind, repeated=taken.repeated, key=key.id)
    if taken.reused:
        return _refuse(own.REUSED)
    headers = {"Location": f"/v1/privacy/requests/{request.id}"}
    return http.json_response(200 if taken.repeated else 202, kept(request), headers)


def _show(id_: str, key: ApiKey) -> dict[str, Any]:
    request = _requests.request(id_) if _ID.fullmatch(id_) else None
    if request is None:
        return _refuse(own.UNKNOWN)
    logger.info("privacy request shown", id=request.id, kind=request.kind, state=request.state, key=key.id)
    if request.kind is RequestKind.EXPORT:
        return _show_export(request, key)
    done_at = request.done_at if request.kind in _ERASURES else None
    return http.json_response(200, stated(request) | (_receipt(request, done_at) if done_at else {}))


def _show_export(request: PrivacyRequest, key: ApiKey) -> dict[str, Any]:
    """The document is made before the request counts as fetched, and shown only once that is noted."""
    now = datetime.now(UTC)
    document = _exporter().export(request, now)
    return http.json_response(200, stated(fetched(request, _name(key), _asking, now)) | {"export": document})


@cache
def _exporter() -> "Exporter":
    """Made for the first export: no other call needs the rules, or all that belongs to a person."""
    from afterbill.adapters.dynamodb.contacts import ContactsTable  # noqa: PLC0415  # as above
    from afterbill.adapters.dynamodb.people import PeopleTable  # noqa: PLC0415  # as above
    from afterbill.adapters.phones import number_hashes  # noqa: PLC0415  # as above
    from afterbill.connectors import registry  # noqa: PLC0415  # as above
    from afterbill.privacy.export import Exporter, Keeper  # noqa: PLC0415  # as above
    from afterbill.settings.surveys import load_policy  # noqa: PLC0415  # as above
    from afterbill_actions.adapters.effects import EffectsTable  # noqa: PLC0415  # as above
    from afterbill_actions.connectors.registry import load  # noqa: PLC0415  # as above
    from afterbill_actions.held_elsewhere import HeldElsewhere  # noqa: PLC0415  # as above
    from afterbill_actions.settings import load_actions  # noqa: PLC0415  # as above

    policy, brand = load_policy(), config.brand()
    asked = frozenset(name for name, source in policy.sources.items() if registry.load(source.provider).API)
    days = int(_evidence_days)
    keeper = Keeper(brand.company, brand.reply_to, policy.time_zone, policy.retention, asked, days)
    elsewhere = HeldElsewhere(EffectsTable(_dynamodb, _table), load_actions().connections, load)
    people, contacts = PeopleTable(_dynamodb, _table), ContactsTable(_dynamodb, _table).contacts
    return Exporter(people, _requests, contacts, number_hashes(_secret.hash_address), keeper, elsewhere)


def _receipt(request: PrivacyRequest, done_at: datetime) -> dict[str, str]:
    """The receipt of an erasure that is done: it says what is left, and when it ends, as the stack is set up."""
    from afterbill.privacy.receipt import receipt  # noqa: PLC0415  # few calls need one
    from afterbill.privacy.remains import Periods, kept_longest, remains  # noqa: PLC0415  # as above
    from afterbill.settings.surveys import load_policy  # noqa: PLC0415  # as above

    policy, days = load_policy(), (_recovery_days, _log_days, _evidence_days)
    recovery, logs, copies = (timedelta(days=int(text)) for text in days)
    periods = Periods(kept_longest(policy), policy.retention.audit, recovery, logs, copies)
    left, stack = remains(request, periods, done_at), config.setting("POWERTOOLS_SERVICE_NAME")
    return {"receipt": receipt(request, stack, done_at, left, _secret.receipt_key())}


def _name(key: ApiKey) -> str:
    return f"key:{key.id}"


def _refuse(
    problem: Problem, headers: dict[str, str] | None = None, faults: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    logger.info("call refused", problem=problem.code)
    sent = {"Content-Type": problems.TYPE, **problem.headers, **(headers or {})}
    return http.json_response(problem.status, problem.body(faults or ()), sent)
