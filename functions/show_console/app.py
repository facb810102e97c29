"""GET and POST /app/...: the pages of the console, for people who are signed in."""

from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from secrets import token_bytes
from typing import Any

import urllib3

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.adapters.aws.secret_keys import http_secret_keys
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.http.http_client import HttpClient
from afterbill.model.errors import TransientError
from afterbill.runtime import http
from afterbill.runtime.observability import logger
from afterbill.settings import config
from afterbill_console.adapters.actions import actions_over
from afterbill_console.adapters.operators import CognitoOperators
from afterbill_console.adapters.people import people_over
from afterbill_console.adapters.preferences import PreferencesTable
from afterbill_console.adapters.sessions import SessionsTable
from afterbill_console.adapters.settings import deployed
from afterbill_console.answer import Answer
from afterbill_console.app import Console
from afterbill_console.cognito_sign_in import CognitoSignIn, Place
from afterbill_console.deps import ConsoleDeps
from afterbill_console.health.deps import StackDeps
from afterbill_console.render import Renderer

_table, _bucket = config.setting("TABLE"), config.setting("ARCHIVE")
_dynamodb, _s3 = http_client("dynamodb"), http_client("s3")
_brand = config.brand()
_hash_contact = http_secret_keys(config.setting("KEYS_SECRET")).hash_address
_retention = config.retention()
_place = Place(
    origin=config.setting("CONSOLE_URL"),
    sign_in=config.setting("SIGN_IN_URL"),
    issuer=config.setting("CONSOLE_ISSUER"),
    client=config.setting("CONSOLE_CLIENT"),
)
_deps = ConsoleDeps(
    sessions=SessionsTable(_dynamodb, _table),
    operators=CognitoOperators(http_client("cognito-idp"), config.setting("CONSOLE_USERS")),
    preferences=PreferencesTable(_dynamodb, _table),
    reports=S3Reports(_s3, _bucket),
    requests=SqsReportRequests(http_client("sqs"), config.setting("REPORT_REQUESTS_URL"), _dynamodb, _table),
    audit=LedgerTable(_dynamodb, config.setting("LEDGER"), _table, _retention.audit),
    people=people_over(_dynamodb, _table, config.source_names(), _hash_contact, _retention),
    actions=actions_over(_dynamodb, _table, http_client("sqs"), config.setting("ACTIONS_QUEUE_URL")),
    stack=StackDeps(S3Reports(_s3, _bucket), deployed),
    rules=config.report_rules(),
    zone=config.time_zone(),
    origin=_place.origin,
    company=config.company(),
    accent={"light": _brand.accent, "dark": _brand.accent_dark},
)
_tokens = HttpClient(urllib3.PoolManager(cert_reqs="CERT_REQUIRED", timeout=urllib3.Timeout(connect=1, read=3)))
"""For the token endpoint: somebody waits."""


def _preferred(operator: str) -> str:
    """Return the language that the operator chose; empty, and a sign-in all the same, where it cannot be read."""
    try:
        return _deps.preferences.load(operator).language
    except TransientError:
        return ""


_sign_in = CognitoSignIn(_place, _deps.sessions, _tokens, Renderer(_deps), token_bytes, logger.info, _preferred)
_console = Console(_deps, _sign_in, lambda error: logger.warning("page not shown", reason=str(error)))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the page; what fails is a page, too."""
    begin_request()
    request = http.request_of(event)
    try:
        answer = _console.respond(request, _cookies(event), datetime.now(UTC))
    except Exception:  # noqa: BLE001  # an operator sees a page of ours, and the alarm counts its status
        logger.exception("page broken")
        answer = _console.broken(request)
    return _response(answer)


def _cookies(event: dict[str, Any]) -> dict[str, str]:
    """Return the cookies; API Gateway has them in a list of their own (payload format 2.0)."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    written = [*(event.get("cookies") or []), headers.get("cookie", "")]
    found: dict[str, str] = {}
    for one in filter(None, written):
        try:
            read = SimpleCookie(one)
        except CookieError:
            continue
        found |= {name: morsel.value for name, morsel in read.items()}
    return found


def _response(answer: Answer) -> dict[str, Any]:
    return {**http.response(answer.status, answer.body, answer.headers), "cookies": list(answer.cookies)}
