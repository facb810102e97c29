"""Settings of a function and the files an operator edits: read once, failing at start with the missing name.

Import this on any path: it needs the standard library only. surveys.toml is checked as a whole in surveys.py.
"""

import os
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterbill.domain.errors import ConfigurationError
from afterbill.domain.webhooks import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from afterbill.domain.brand import Brand, Catalog

SURVEYS = "surveys.toml"


def setting(name: str) -> str:
    """The environment variable `name`, which the template sets for every function that needs it."""
    value = os.environ.get(name, "")
    if not value:
        message = f"environment variable {name} is missing: infra/template.yaml sets it for this function"
        raise ConfigurationError(message)
    return value


def choice(name: str) -> str:
    """The same for what an operator may leave off: empty then."""
    return os.environ.get(name, "")


@cache
def folder() -> Path:
    """Where the configuration layer lies: the first folder of the import path that holds surveys.toml."""
    for entry in sys.path:
        if Path(entry, SURVEYS).is_file():
            return Path(entry)
    message = f"{SURVEYS} is not on the import path: layers/config must be attached as a layer"
    raise ConfigurationError(message)


@cache
def surveys_table() -> "Mapping[str, Any]":
    """surveys.toml as it stands, unchecked: `make build` and `afterbill policy check` did that."""
    return read_toml(folder() / SURVEYS)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file; ConfigurationError names the file and the line that is wrong."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path.name}: {error}"
        raise ConfigurationError(message) from error


def sources() -> "Mapping[str, Source]":
    """The configured webhook endpoints by name."""
    return {name: Source(name, **table) for name, table in surveys_table().get("sources", {}).items()}


def time_zone() -> "ZoneInfo":
    """The operator's."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # same as with brand()

    return ZoneInfo(surveys_table()["time_zone"])


def day_of() -> "Callable[[datetime], str]":
    """Gives the operator's local day (`2026-11-22`) of an instant."""
    zone = time_zone()
    return lambda at: at.astimezone(zone).date().isoformat()


def brand() -> "Brand":
    """brand.toml."""
    from afterbill.domain.brand import Brand  # noqa: PLC0415  # functions without pages do not pay for it

    try:
        return Brand(**read_toml(folder() / "brand.toml"))
    except TypeError as error:
        message = f"brand.toml: {error}"
        raise ConfigurationError(message) from error


def catalogs() -> "Mapping[str, Catalog]":
    """Every language in locales/, by its tag."""
    return {path.stem: read_toml(path) for path in sorted((folder() / "locales").glob("*.toml"))}
