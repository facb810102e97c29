"""surveys.toml, checked: every mistake is named by its key before anything is deployed."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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
    fields: dict[str, str] = {}
    types: dict[str, Annotated[str, BeforeValidator(meaning)]] = {}


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
