"""APIs of billing systems over HTTP: one host each, the one that is configured."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlencode

from afterbill.adapters.http.billing_login import Credentials, base_url, request_token
from afterbill.adapters.http.http_client import Answer, HttpClient
from afterbill.intake.connector import Api, Call, Login, Token
from afterbill.intake.ports import Tokens
from afterbill.model.errors import ConfigurationError, PayloadError
from afterbill.model.exact_json import DECODER
from afterbill.model.webhooks import Source

_OWN_HEADERS = {"user-agent": "afterbill", "accept": "application/json"}
_PATH = re.compile(r"/(?!/)[^\s\\?#\x00-\x1f\x7f]*")
_EARLY = timedelta(minutes=1)
"""A token that ends within this time is renewed before it is used."""
_OFTEN = timedelta(minutes=10)
"""Secrets Manager asks for no more new versions than one in this time."""
_EVER = datetime.min.replace(tzinfo=UTC)
_STALE_TOKEN = 401
_DENIED = frozenset({401, 403})
_GONE = frozenset({404, 410})


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _ignore(_source: str) -> None:
    pass


@dataclass
class HttpApis:
    """BillingApis over HTTP; `consent_lost` hears the name of a source whose refresh token is refused.

    Without `tokens` nobody gave consent to anything.
    """

    credentials: Credentials
    tokens: Tokens | None = None
    consent_lost: Callable[[str], None] = _ignore
    http: HttpClient = field(default_factory=HttpClient)
    now: Callable[[], datetime] = _utc_now
    _granted: dict[str, Token] = field(default_factory=dict)
    _refused: dict[str, str] = field(default_factory=dict, repr=False)
    _renewed_at: dict[str, datetime] = field(default_factory=dict)

    def of(self, source: Source, api: Api) -> Call | None:
        """Calls to the API of this source, None where no credentials for it are stored."""
        credentials = self.credentials.of(source.name)
        complete = all(credentials.get(name) for name in api.login.credentials)
        return _HttpCall(self, source, api, credentials) if complete else None

    def token(self, source: Source, api: Api, credentials: Mapping[str, str], used: Token | None = None) -> Token:
        """A token that should open the API; another one than `used`."""
        if api.login is Login.CLIENT:
            return self._client_token(source, api, credentials, used)
        stored = self.tokens.token(source.name) if self.tokens else None
        if stored is None or self.tokens is None:
            raise self._without_consent(source)
        if not self._stale(stored) and (used is None or stored.access != used.access or self._just_renewed(source)):
            return stored
        renewed = self.tokens.renewed(source.name, stored, lambda old: self._renew(old, source, api, credentials))
        if renewed is None:
            self.consent_lost(source.name)
            raise self._without_consent(source)
        self._renewed_at[source.name] = self.now()
        return renewed

    def _just_renewed(self, source: Source) -> bool:
        """True while another token would do no better; each is a version of the secret, of which there may be few."""
        return self.now() - self._renewed_at.get(source.name, _EVER) < _OFTEN

    def _client_token(self, source: Source, api: Api, credentials: Mapping[str, str], used: Token | None) -> Token:
        token = self._granted.get(source.name)
        if token is None or token == used or self._stale(token):
            form = {"grant_type": "client_credentials"}
            token = request_token(self.http, (source, api), credentials, form, self.now())
            if token is None:
                raise ConfigurationError(_not_opened(source))
            self._granted[source.name] = token
        return token

    def _renew(self, old: Token, source: Source, api: Api, credentials: Mapping[str, str]) -> Token | None:
        if self._refused.get(source.name) == old.refresh:
            return None  # no need to hear it again for every message that waits
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        renewed = request_token(self.http, (source, api), credentials, form, self.now())
        if renewed is None:
            self._refused[source.name] = old.refresh
        return renewed

    def _stale(self, token: Token) -> bool:
        return token.expires_at is None or token.expires_at - _EARLY < self.now()

    def _without_consent(self, source: Source) -> ConfigurationError:
        return ConfigurationError(
            f"source {source.name} has no consent any more: run afterbill source consent {source.name}"
        )


@dataclass(frozen=True)
class _HttpCall:
    """Call over HTTP."""

    apis: HttpApis = field(repr=False)
    source: Source
    api: Api
    credentials: Mapping[str, str] = field(repr=False)

    def __call__(  # noqa: PLR0913  # as Call
        self,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> object | None:
        """The JSON that came back, None where there is no such thing (404, 410); an empty answer is an empty object."""
        url = base_url(self.source, self.api) + _checked(path) + (f"?{urlencode(query)}" if query else "")
        pairs = [*_OWN_HEADERS.items(), *self.api.headers.items(), *(headers or {}).items()]
        plain = {name.lower(): value for name, value in pairs} | ({"content-type": content_type} if body else {})
        if not all(value.isascii() and value.isprintable() for value in plain.values()):
            raise PayloadError(f"{self.source.name} {_shown(path)}: a header would not be one line of ASCII")
        answer = self._send(method, url, plain, body)
        return self._read(answer, f"{self.source.name}: {method} {_shown(path)}")

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        send = self.apis.http.send
        if not self.api.login.buys_tokens:
            return send(method, url, {**headers, **self._key()}, body)
        token = self.apis.token(self.source, self.api, self.credentials)
        answer = send(method, url, {**headers, **_bearer(token.access)}, body)
        # What is forbidden (403) stays so with any token, and each new one uses up the last consent.
        if answer.status == _STALE_TOKEN:
            token = self.apis.token(self.source, self.api, self.credentials, used=token)
            answer = send(method, url, {**headers, **_bearer(token.access)}, body)
        return answer

    def _key(self) -> dict[str, str]:
        key = self.credentials["key"]
        match self.api.login:
            case Login.KEY_AS_USER:
                return {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}
            case Login.KEY_IN_HEADER:
                return {self.api.key_header.lower(): key}
            case _:
                return _bearer(key)

    def _read(self, answer: Answer, asked: str) -> object | None:
        if answer.status in _GONE:
            return None
        if answer.status in _DENIED:
            raise ConfigurationError(f"{asked}: status {answer.status}: {_not_opened(self.source)}")
        if 300 <= answer.status < 400:  # noqa: PLR2004  # redirects, never followed
            raise ConfigurationError(
                f"{asked}: redirected (status {answer.status}): correct api_url or account in surveys.toml"
            )
        if not 200 <= answer.status < 300:  # noqa: PLR2004  # success
            raise PayloadError(f"{asked}: status {answer.status}")
        try:
            return DECODER.decode(answer.body.decode()) if answer.body else {}
        except (ValueError, RecursionError):
            raise PayloadError(f"{asked}: the answer is not JSON in UTF-8") from None


def _checked(path: str) -> str:
    """A path below the configured address and nothing else, whatever id was put into it."""
    if not _PATH.fullmatch(path) or "//" in path or not {".", ".."}.isdisjoint(unquote(path).split("/")):
        raise PayloadError(f"{_shown(path)!r} is no path of an API")
    return path


def _shown(path: str) -> str:
    """The path as an error may tell it: some systems use mail addresses for ids."""
    return "/".join("*" if "@" in unquote(part) else part for part in path.split("/"))[:200]


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _not_opened(source: Source) -> str:
    return f"the API of source {source.name} refuses its credentials: correct them in the secret `apis`"
