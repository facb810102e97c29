"""The billing systems of the local stack: one source for every provider, named like it, with secrets made up anew."""

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.connectors import registry
from afterbill.intake.connector import Api, Login
from afterbill_dev.local.billing_apis import OF_TOKENS, PREFIX

ALWAYS_THERE = frozenset({"stripe", "standard_webhooks"})
"""Sources in config/surveys.toml."""
CLIENT = "runmyaccounts"
"""The client at Run my Accounts."""


@dataclass(frozen=True, slots=True)
class LocalSource:
    """`secret` signs its webhooks, `settings` are its table in surveys.toml, `credentials` open its API."""

    provider: str
    secret: str
    settings: Mapping[str, str | bool]
    credentials: Mapping[str, str] = field(default_factory=dict)
    refresh_token: str = ""

    @property
    def described(self) -> dict[str, Any]:
        """The description of the source in stack.json."""
        named = {key: value for key, value in self.settings.items() if isinstance(value, str)}
        return {**named, "secret": self.secret}

    @property
    def account(self) -> dict[str, Any]:
        """The account of the source at its billing system."""
        return {
            "provider": self.provider,
            "credentials": dict(self.credentials),
            "secret": self.secret,
            "webhook_id": self.settings.get("webhook_id", ""),
            "refresh_token": self.refresh_token,
        }


Sources = Mapping[str, LocalSource]


def make(api_url: str, inbox_url: str) -> Sources:
    """A source for every provider; `api_url` is the stack's own, the APIs of the billing systems lie at the inbox."""
    return {name: _make(name, api_url, inbox_url) for name in registry.PROVIDERS}


def _make(name: str, api_url: str, inbox_url: str) -> LocalSource:
    api = registry.load(name).API
    settings: dict[str, str | bool] = {"provider": name, "test_mode": True}
    if api:
        settings["api_url"] = f"{inbox_url.rstrip('/')}{PREFIX}{name}"
    match name:
        case "square":
            settings["url"] = f"{api_url}/webhooks/{name}"
        case "paypal":
            settings["webhook_id"] = _letters(17).upper()
        case "runmyaccounts":
            settings["account"] = CLIENT
    consent = api is not None and api.login is Login.CONSENT
    return LocalSource(name, _secret(name), settings, _credentials(api), _letters(40) if consent else "")


def _secret(name: str) -> str:
    return _SHAPES.get(name, lambda: _letters(32))()


def _credentials(api: Api | None) -> dict[str, str]:
    if api is None:
        return {}
    if api.login in OF_TOKENS:
        return {"client_id": _letters(16), "client_secret": _letters(32)}
    return {"key": _letters(32)}


def tables(sources: Sources) -> dict[str, dict[str, Any]]:
    """Return the tables of surveys.toml for the sources that are in no file."""
    return {"sources": {name: dict(source.settings) for name, source in sources.items() if name not in ALWAYS_THERE}}


def signing_secrets(sources: Sources) -> dict[str, list[str]]:
    """Return the content of the secret `sources`."""
    return {name: [source.secret] for name, source in sources.items() if name not in _SIGN_NOTHING}


def api_credentials(sources: Sources) -> dict[str, dict[str, str]]:
    """Return the content of the secret `apis`."""
    return {name: dict(source.credentials) for name, source in sources.items() if source.credentials}


def tokens(sources: Sources) -> dict[str, dict[str, str]]:
    """Return the content of the secret `tokens`: consents without an access token yet."""
    return {
        name: {"refresh_token": source.refresh_token, "access_token": "", "expires_at": ""}
        for name, source in sources.items()
        if source.refresh_token
    }


def accounts(sources: Sources) -> dict[str, dict[str, Any]]:
    """Return the accounts at the billing systems that have an API."""
    return {name: source.account for name, source in sources.items() if source.credentials}


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def _pair() -> str:
    return f"{_letters(16).lower()}:{_letters(32)}"


_SHAPES: Mapping[str, Callable[[], str]] = {
    "stripe": lambda: f"whsec_{_letters(32)}",
    "standard_webhooks": lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
    "shopify": lambda: f"shpss_{secrets.token_hex(16)}",
    "square": lambda: _letters(22),
    "xero": lambda: base64.b64encode(secrets.token_bytes(64)).decode(),
    "quickbooks": lambda: str(uuid.uuid4()),
    "paddle": lambda: f"pdl_ntfset_{_letters(32)}",
    "braintree": lambda: f"{_letters(16).lower()}:{secrets.token_hex(16)}",
    "chargebee": _pair,
    "recurly": _pair,
    "zuora": _pair,
}
"""All others take any text."""
_SIGN_NOTHING = frozenset({"paypal", "runmyaccounts"})
"""PayPal vouches for its webhooks itself, Run my Accounts sends none."""
