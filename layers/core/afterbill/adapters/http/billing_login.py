"""The address of a source's API, and the purchase of tokens for it."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from afterbill.adapters.http.http_client import Answer, HttpClient
from afterbill.intake.connector import Api, Token
from afterbill.model.errors import ConfigurationError
from afterbill.model.webhooks import Source

_LIFETIME = 600
"""Seconds that a token is believed to live whose answer does not say."""
_LONGEST_LIFETIME = 86_400
_SUCCESS = 200


class Credentials(Protocol):
    """Credentials that operators stored for the APIs of their sources."""

    def of(self, source: str) -> Mapping[str, str]:
        """`key`, or `client_id` and `client_secret`; empty for a source without any."""


def base_url(source: Source, api: Api) -> str:
    """The address every path is put behind, without a slash at its end."""
    return _filled(source.api_url or (source.sandbox and api.sandbox_url) or api.url, source)


def token_url(source: Source, api: Api) -> str:
    """The address at which tokens are bought; below the source's own address where it has one."""
    url = _filled((source.sandbox and api.sandbox_token_url) or api.token_url, source)
    return base_url(source, api) + urlsplit(url).path if source.api_url else url


def _filled(url: str, source: Source) -> str:
    if "{account}" in url and not source.account:
        raise ConfigurationError(
            f"surveys.toml: sources.{source.name}.account is missing: it is part of the API's address"
        )
    return url.replace("{account}", quote(source.account, safe="")).rstrip("/")


def request_token(
    http: HttpClient, at: tuple[Source, Api], credentials: Mapping[str, str], form: Mapping[str, str], now: datetime
) -> Token | None:
    """Buy a token with the grant in `form`; None when the grant is refused (`invalid_grant`).

    A refresh token that the answer does not replace stays. Raises ConfigurationError when the client is refused.
    """
    source, api = at
    client = credentials["client_id"], credentials["client_secret"]
    headers = {"user-agent": "afterbill", "accept": "application/json"}
    headers["content-type"] = "application/x-www-form-urlencoded"
    if api.client_in_form:
        form = {**form, "client_id": client[0], "client_secret": client[1]}
    else:
        headers["authorization"] = f"Basic {b64encode(':'.join(client).encode()).decode()}"
    answer = http.send("POST", token_url(source, api), headers, urlencode(form).encode())
    fields = _object(answer)
    if fields.get("error") == "invalid_grant":
        return None
    access = fields.get("access_token")
    if answer.status != _SUCCESS or not isinstance(access, str) or not _line(access):
        message = (
            f"source {source.name} gets no token (status {answer.status}): correct its client in the secret `apis`"
        )
        raise ConfigurationError(message)
    refresh = fields.get("refresh_token")
    kept = refresh if isinstance(refresh, str) and refresh else form.get("refresh_token", "")
    return Token(access, kept, now + _lifetime(fields.get("expires_in")))


def _object(answer: Answer) -> Mapping[str, object]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _line(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


def _lifetime(seconds_given: object) -> timedelta:
    """The lifetime of a token; some systems send the number as a text."""
    try:
        seconds = int(str(seconds_given))
    except ValueError:
        seconds = _LIFETIME
    return timedelta(seconds=max(0, min(seconds, _LONGEST_LIFETIME)))
