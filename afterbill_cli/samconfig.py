"""samconfig.toml of an operator's folder: which stack it is, where, and its parameters."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import read_toml

FILE = "samconfig.toml"
USUAL = "default"
"""The environment that SAM CLI takes where none is named."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The entries of the file about one stack; a name or a region that it leaves out is empty."""

    stack_name: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path, environment: str = USUAL) -> StackSettings:
    """Return the settings of an environment; those of a folder without the file are empty."""
    if not (folder / FILE).is_file():
        return StackSettings()
    environments = {name: table for name, table in read_toml(folder / FILE).items() if isinstance(table, Mapping)}
    if environment not in environments:
        raise ConfigurationError(f"{FILE} has no [{environment}.deploy.parameters], only: {', '.join(environments)}")
    shared = environments[environment].get("global", {}).get("parameters", {})
    table = {**shared, **environments[environment].get("deploy", {}).get("parameters", {})}
    written = table.get("parameter_overrides", ())
    pairs = shlex.split(written if isinstance(written, str) else " ".join(written))
    parameters = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
    return StackSettings(table.get("stack_name", ""), table.get("region", ""), parameters)
