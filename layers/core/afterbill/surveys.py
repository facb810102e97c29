"""surveys.toml, checked: every mistake is named by its key before anything is deployed."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from afterbill.config import SURVEYS, folder, read_toml
from afterbill.domain.billing import Touchpoint
from afterbill.domain.errors import ConfigurationError
from afterbill.domain.policy import Policy, Rule, Stops
from afterbill.domain.webhooks import Source
from afterbill.providers import registry

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""Seconds of each unit a duration can be written in, the largest first."""

_MEANINGS = (*Touchpoint, "customer_updated", "customer_deleted")
_LONGEST = timedelta(days=3650)
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_ADDRESS = re.compile(
    r"(?:https://[a-z0-9.-]+|http://(?:127\.0\.0\.1|localhost))(?::\d{1,5})?(?:/[\w.~-]+)*/?", re.ASCII | re.IGNORECASE
)
_PART_OF_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CURRENCY = re.compile(r"[A-Z]{3}|presentment")


def duration(text: object) -> timedelta:
    """`20s`, `90m`, `48h` or `3d`."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    found = timedelta(seconds=UNITS[match[2]] * int(match[1])) if match else None
    if found is None or found > _LONGEST:
        message = f'must be a duration such as "20s", "90m", "48h" or "3d", ten years at most, not {text!r}'
        raise ValueError(message)
    return found


def time_zone(text: object) -> str:
    """An IANA name."""
    try:
        return ZoneInfo(str(text)).key
    except (KeyError, ValueError, OSError) as error:
        message = f'must be a time zone such as "Europe/Berlin", not {text!r}'
        raise ValueError(message) from error


def provider(text: object) -> str:
    """The name of a provider there is."""
    if text not in registry.PROVIDERS:
        message = f"must be one of {', '.join(registry.PROVIDERS)}, not {text!r}"
        raise ValueError(message)
    return str(text)


def meaning(text: object) -> str:
    """What a foreign type can be mapped to: a touchpoint, or a lesson about the customer."""
    if text not in _MEANINGS:
        message = f"must be one of {', '.join(_MEANINGS)}, not {text!r}"
        raise ValueError(message)
    return str(text)


def address(text: object) -> str:
    """Where requests go: an address that cannot mean another one to somebody else."""
    if not isinstance(text, str) or (text and not _ADDRESS.fullmatch(text)) or ".." in text:
        message = (
            f"must be an https:// address without user, query and fragment (http:// on 127.0.0.1 only), not {text!r}"
        )
        raise ValueError(message)
    return text


def word(text: object) -> str:
    """An id or a name that a provider uses."""
    if not isinstance(text, str) or not text.isprintable() or " " in text:
        message = f"must be copied from the provider as one word, not {text!r}"
        raise ValueError(message)
    return text


def currency_code(text: object) -> str:
    """What amounts are in that name no currency; a shop can also say that the customer's own counts."""
    if not isinstance(text, str) or not _CURRENCY.fullmatch(text):
        message = f'must be an ISO 4217 code such as "EUR", or "presentment", not {text!r}'
        raise ValueError(message)
    return text


Duration = Annotated[timedelta, BeforeValidator(duration)]
Stage = Literal["awareness", "consideration", "purchase", "support", "loyalty"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RuleTable(_Table):
    """One touchpoint; what it leaves out stands under [defaults]."""

    ask: bool
    stage: Stage
    delay: Duration
    sampling: Annotated[float, Field(ge=0, le=1, strict=False)]
    priority: Annotated[int, Field(ge=0, le=100)]
    channel: Literal["mail"]
    cooldown: Duration
    expiry: Annotated[Duration, Field(gt=timedelta(0))]
    paid_only: bool
    stops: Annotated[Stops, Field(strict=False)]


class SourceTable(_Table):
    """One webhook endpoint, `/webhooks/<name>`."""

    provider: Annotated[str, BeforeValidator(provider)]
    test_mode: bool = False
    sandbox: bool = False
    url: Annotated[str, BeforeValidator(address)] = Field("", validate_default=True)
    api_url: Annotated[str, BeforeValidator(address)] = ""
    account: Annotated[str, BeforeValidator(word)] = Field("", validate_default=True)
    webhook_id: Annotated[str, BeforeValidator(word)] = Field("", validate_default=True)
    currency: Annotated[str, BeforeValidator(currency_code)] = ""
    fields: dict[str, str] = {}
    types: dict[str, Annotated[str, BeforeValidator(meaning)]] = {}

    @field_validator("url", "account", "webhook_id")
    @classmethod
    def _needed(cls, value: str, known: ValidationInfo) -> str:
        known_provider = known.data.get("provider")
        why = registry.load(known_provider).ABOUT.needs.get(known.field_name or "") if known_provider else None
        if why and not value:
            message = f"is missing: enter {why}"
            raise ValueError(message)
        return value

    @field_validator("account")
    @classmethod
    def _fits_the_address(cls, value: str, known: ValidationInfo) -> str:
        """Where the API's address holds the account, it must be there and stay a part of it."""
        said = known.data
        api = registry.load(said["provider"]).API if "provider" in said and not said.get("api_url") else None
        if api is None or "{account}" not in ((said.get("sandbox") and api.sandbox_url) or api.url):
            return value
        if not _PART_OF_ADDRESS.fullmatch(value) or ".." in value:
            message = f"must be what stands for {{account}} in {api.url}, not {value!r}"
            raise ValueError(message)
        return value


class SurveysFile(_Table):
    """The whole file."""

    time_zone: Annotated[str, BeforeValidator(time_zone)]
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")], SourceTable]
    touchpoints: dict[Annotated[Touchpoint, Field(strict=False)], RuleTable]


def load_policy(path: Path | None = None) -> Policy:
    """The policy in surveys.toml (by default the one on the import path); ConfigurationError lists every mistake."""
    file = path or folder() / SURVEYS
    return policy_of(read_toml(file), file.name)


def policy_of(tables: Mapping[str, Any], name: str = SURVEYS) -> Policy:
    """The policy these tables describe; a touchpoint that is not listed gets the defaults."""
    try:
        checked = SurveysFile.model_validate(_with_defaults(tables))
    except ValidationError as error:
        raise ConfigurationError("\n".join(_mistakes(error, name))) from error
    return Policy(
        time_zone=checked.time_zone,
        rules={touchpoint: Rule(**dict(table)) for touchpoint, table in checked.touchpoints.items()},
        sources={key: Source(key, **dict(table)) for key, table in checked.sources.items()},
    )


def _with_defaults(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Every touchpoint with its defaults filled in; what is no table is left for the check to complain about."""
    defaults: Any = tables.get("defaults", {})
    touchpoints: Any = tables.get("touchpoints", {})
    rest = {key: value for key, value in tables.items() if key != "defaults"}
    if not isinstance(defaults, dict) or not isinstance(touchpoints, dict):
        return rest | {"touchpoints": touchpoints}
    listed: dict[str, Any] = {touchpoint.value: {} for touchpoint in Touchpoint} | touchpoints
    return rest | {
        "touchpoints": {
            key: {**defaults, **table} if isinstance(table, dict) else table for key, table in listed.items()
        }
    }


def _mistakes(error: ValidationError, name: str) -> list[str]:
    found = []
    for one in error.errors(include_url=False):
        key = ".".join(str(part) for part in one["loc"] if part != "[key]")
        found.append(f"{name}: {key}: {one['msg'].removeprefix('Value error, ')}")
    return sorted(set(found))
