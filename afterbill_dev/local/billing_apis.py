"""The APIs of all billing systems, as far as the local stack needs them: `<inbox>apis/<source>/...`.

GET answers what events/apis/<provider>.json holds under the path, the query left out, POST what stands under
`POST <path>` or the path alone; PUT replaces that answer until the stack goes down. As out there, nothing is answered
without the credentials stored for the source, and tokens are changed at every use. What two providers do beyond
reading stands in `_OWN_ANSWERS`.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from afterbill.connectors import registry
from afterbill.intake.connector import Api, Login
from afterbill_dev.local.forwarding import Answer
from afterbill_dev.paths import ROOT

PREFIX = "/apis/"
SAMPLES = ROOT / "events" / "apis"
JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
OF_TOKENS = frozenset({Login.CLIENT, Login.CONSENT})
LIFETIME_SECONDS = 1800


@dataclass
class Account:
    """One source at its billing system: what opens its API, what that answers, and what has become of its tokens."""

    provider: str
    credentials: Mapping[str, str]
    secret: str = ""
    webhook_id: str = ""
    refresh_token: str = ""
    access_tokens: set[str] = field(default_factory=set)
    answers: dict[str, Any] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)

    @property
    def api(self) -> Api:
        """The description of the provider's API."""
        api = registry.load(self.provider).API
        if api is None:
            raise LookupError(self.provider)
        return api

    @property
    def token_paths(self) -> set[str]:
        """Paths that issue tokens."""
        urls = (self.api.token_url, self.api.sandbox_token_url)
        return {urlsplit(url).path for url in urls if url}


class BillingApis:
    """The APIs of all sources; safe for threads."""

    def __init__(self, accounts: Mapping[str, Mapping[str, Any]]) -> None:
        self._accounts = {name: Account(**described) for name, described in accounts.items()}
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a request for `/apis/<source>/<path>`."""
        name, _, rest = target.removeprefix(PREFIX).partition("/")
        headers = {name.lower(): value for name, value in headers.items()}
        account, path = self._accounts.get(name), "/" + unquote(rest.partition("?")[0])
        if account is None:
            return _answer(HTTPStatus.NOT_FOUND, {"error": f"no source {name} has an API"})
        with self._lock:
            if method == "PUT":
                return _replace_answer(account, path, body)
            if method == "POST" and path in account.token_paths:
                return _sell_token(account, headers, body)
            if not _opens(account, headers):
                return _answer(HTTPStatus.UNAUTHORIZED, {"error": "unauthorized"})
            return _look_up(account, method, path, body)


def _replace_answer(account: Account, path: str, body: bytes) -> Answer:
    try:
        account.answers[path] = json.loads(body)
    except ValueError:
        return _answer(HTTPStatus.BAD_REQUEST, {"error": "the body is not JSON"})
    return Answer(HTTPStatus.NO_CONTENT, (), b"")


def _look_up(account: Account, method: str, path: str, body: bytes) -> Answer:
    counter = _OWN_ANSWERS.get(account.provider)
    content = counter(account, method, path, body) if counter else None
    if content is None:
        content = account.answers.get(path, _sample(account.provider, method, path))
    return _answer(HTTPStatus.NOT_FOUND, {"error": "not_found"}) if content is None else _answer(HTTPStatus.OK, content)


def _sample(provider: str, method: str, path: str) -> object | None:
    file = SAMPLES / f"{provider}.json"
    samples = json.loads(file.read_text()) if file.exists() else {}
    answers = {unquote(asked): answer for asked, answer in samples.items()}
    return answers.get(f"{method} {path}", answers.get(path))


def _opens(account: Account, headers: Mapping[str, str]) -> bool:
    """True when the request shows the credentials of the source."""
    shown, login = headers.get("authorization", ""), account.api.login
    if login in OF_TOKENS:
        return shown.removeprefix("Bearer ") in account.access_tokens
    key = account.credentials["key"]
    if login is Login.KEY_AS_USER:
        return shown == _basic(key, "")
    if login is Login.KEY_IN_HEADER:
        return headers.get(account.api.key_header.lower()) == key
    return shown == f"Bearer {key}"


def _sell_token(account: Account, headers: Mapping[str, str], body: bytes) -> Answer:
    """A new access token, for consent with the next refresh token: the one that was used counts no more."""
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    client = account.credentials["client_id"], account.credentials["client_secret"]
    if headers.get("authorization") != _basic(*client) and (form.get("client_id"), form.get("client_secret")) != client:
        return _answer(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
    bought = {"access_token": secrets.token_hex(16), "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
    if account.api.login is Login.CONSENT:
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") != account.refresh_token:
            return _answer(HTTPStatus.BAD_REQUEST, {"error": "invalid_grant"})
        account.refresh_token = bought["refresh_token"] = secrets.token_hex(16)
    account.access_tokens.add(str(bought["access_token"]))
    return _answer(HTTPStatus.OK, bought)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _answer(status: int, content: Any) -> Answer:  # noqa: ANN401  # any JSON
    return Answer(status, JSON, json.dumps(content).encode())


VERIFY = "/v1/notifications/verify-webhook-signature"
EVENT = b', "webhook_event": '
PAYMENT_LIST = "/invoices/payment_list"
SET_AS_PROCESSED = "/invoices/set_as_processed"


def _paypal(account: Account, method: str, path: str, body: bytes) -> object | None:
    """PayPal vouches for what was signed with the source's secret, and for the configured webhook alone."""
    if (method, path) != ("POST", VERIFY) or path in account.answers:
        return None
    question, _, event = body.partition(EVENT)
    asked = json.loads(question + b"}")
    genuine = base64.b64encode(hashlib.sha256(account.secret.encode() + event[:-1]).digest()).decode()
    sent = asked["transmission_sig"] == genuine and asked["webhook_id"] == account.webhook_id
    return {"verification_status": "SUCCESS" if sent else "FAILURE"}


def _runmyaccounts(account: Account, method: str, path: str, body: bytes) -> object | None:
    """Run my Accounts lists a payment until it is marked as processed; at first there is none."""
    if method == "POST" and path.endswith(SET_AS_PROCESSED):
        account.acknowledged.update(parse_qs(body.decode()).get("id", ()))
        return {}
    if path.endswith(PAYMENT_LIST):
        return _without(account.acknowledged, account.answers.get(path, []))
    return None


def _without(acknowledged: set[str], payments: object) -> object:
    """The list without what was acknowledged, be it wrapped or not."""
    if isinstance(payments, dict):
        return {key: _without(acknowledged, value) for key, value in payments.items()}
    if not isinstance(payments, list):
        return payments
    return [one for one in payments if not (isinstance(one, dict) and str(one.get("id")) in acknowledged)]


_OWN_ANSWERS: Mapping[str, Callable[[Account, str, str, bytes], object | None]] = {
    "paypal": _paypal,
    "runmyaccounts": _runmyaccounts,
}
"""By provider; None leaves the answer to what is stored."""
