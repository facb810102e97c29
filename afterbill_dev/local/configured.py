"""The configuration of the local stack: an operator's folder at the pace of a laptop, checked before anything stops."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from afterbill.model.errors import AfterbillError
from afterbill.settings.config import SURVEYS, read_toml
from afterbill_actions.adapters.addresses import LOOPBACK
from afterbill_cli import configuration, policy
from afterbill_cli.toml_text import toml_text
from afterbill_dev.local import sources
from afterbill_dev.local.connections import configured as connections
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import CONFIGURATION

SEEN_BY_CUSTOMERS = ("stage", "question", "reasons")
"""The keys that remain of an operator's rule: the local stack has its own rules for whom it asks, and when."""
_LINE = re.compile(r" \(line \d+\)$")
"""Of the file that is written here, which nobody edits."""
_ANYWHERE = "http://127.0.0.1:8480"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wishes given to `make up`: an operator's folder, and a file with more tables for surveys.toml."""

    folder: Path = configuration.SHIPPED
    surveys: Path | None = None

    def files(self) -> list[Path]:
        """Return the files it is made of, of a folder only those that are deployed."""
        deployed = (SURVEYS, configuration.BRAND, "locales/*.toml", "templates/**/*")
        inside = (path for pattern in deployed for path in sorted(self.folder.glob(pattern)) if path.is_file())
        return [*inside, *([self.surveys] if self.surveys else [])]


def check(wanted: Wanted) -> None:
    """Raise a StackError with every mistake there is; nothing that runs is touched."""
    with TemporaryDirectory(prefix="afterbill-") as place:
        write(wanted, sources.make(_ANYWHERE, _ANYWHERE), Path(place) / "config", _ANYWHERE)


def write(wanted: Wanted, known: sources.Sources, into: Path, inbox_url: str) -> None:
    """Write the whole configuration into a folder; a StackError lists its mistakes."""
    os.environ[LOOPBACK] = "1"
    try:
        configuration.complete(wanted.folder, into)
        # Invented answers never reach a real shop, helpdesk or team.
        (into / configuration.ACTIONS).write_text(toml_text(connections.tables(inbox_url)), encoding="utf-8")
        hers = read_toml(into / SURVEYS)
        local = over(read_toml(CONFIGURATION / SURVEYS), sources.tables(known))
        text = toml_text(over(_at_local_pace(hers, local), _more(wanted.surveys)))
        (into / SURVEYS).write_text(text, encoding="utf-8")
        problems = [_LINE.sub("", problem) for problem in policy.problems(into)]
    except AfterbillError as error:
        problems = [str(error)]
    if problems:
        raise StackError("\n".join(["The configuration cannot be deployed:", *problems]))


def over(base: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    """Put tables over others: one of the same name is replaced as a whole, those beside it stay."""
    merged = dict(base)
    for name, table in tables.items():
        merged[name] = {**base[name], **table} if _groups(base.get(name)) and _groups(table) else table
    return merged


def _groups(table: object) -> bool:
    """Return True if a table holds nothing but tables, as `touchpoints` and `sources` do."""
    return isinstance(table, Mapping) and all(isinstance(inside, Mapping) for inside in table.values())


def _at_local_pace(hers: Mapping[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    """Return her tables with the local rules in place of hers, but for what customers see."""
    ours = local["touchpoints"]
    hers_seen = {name: _seen(rule) for name, rule in hers.get("touchpoints", {}).items()}
    rules = {name: {**ours.get(name, {}), **hers_seen.get(name, {})} for name in (*ours, *hers_seen)}
    rest = {name: local[name] for name in local.keys() - {"time_zone", "defaults", "touchpoints", "sources"}}
    return {
        **over(hers, rest),
        "defaults": {**local["defaults"], **_seen(hers.get("defaults", {}))},
        "touchpoints": rules,
        "sources": local["sources"],
    }


def _seen(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: rule[key] for key in SEEN_BY_CUSTOMERS if key in rule}


def _more(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StackError(f"{file}: {reason}") from error
