"""What actions.toml wants of events, read without the checks: those were made when it was built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from afterbill.settings.config import folder, read_toml
from afterbill_actions.events import ABOUT_NO_RESPONSE, EventType

_FILE = "actions.toml"


@dataclass(frozen=True, slots=True)
class Publishing:
    """The events that go onto the bus, the names of all workflows, and the events about no answer that they name."""

    types: Collection[EventType] = frozenset(EventType)
    workflows: Collection[str] = frozenset()
    asked: Collection[EventType] = frozenset()


def publishing() -> Publishing:
    """Return what the file on the import path wants; a folder without one has no workflow, and publishes all."""
    file = folder() / _FILE
    return publishing_of(read_toml(file)) if file.is_file() else Publishing()


def publishing_of(tables: Mapping[str, Any]) -> Publishing:
    """Return what these tables want."""
    workflows = tables.get("workflows", {})
    named = {EventType(name) for one in workflows.values() for name in one.get("when", {}).get("events", ())}
    types = tables.get("events", {}).get("publish", list(EventType))
    return Publishing(frozenset(map(EventType, types)), frozenset(workflows), ABOUT_NO_RESPONSE & named)
