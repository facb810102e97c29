"""What actions.toml wants of events, read without the checks: those were made when it was built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from afterbill.settings.config import folder, read_toml
from afterbill_actions.events import ABOUT_NO_RESPONSE, EventType

ACTIONS = "actions.toml"


@dataclass(frozen=True, slots=True)
class Publishing:
    """The events that go onto the bus, all connections and workflows, and the events they name about no answer."""

    types: Collection[EventType] = frozenset(EventType)
    connections: Collection[str] = frozenset()
    workflows: Collection[str] = frozenset()
    asked: Collection[EventType] = frozenset()


def publishing() -> Publishing:
    """Return what the file on the import path wants; a folder without one has no workflow, and publishes all."""
    file = folder() / ACTIONS
    return publishing_of(read_toml(file)) if file.is_file() else Publishing()


def publishing_of(tables: Mapping[str, Any]) -> Publishing:
    """Return what these tables want."""
    workflows = tables.get("workflows", {})
    named = {EventType(name) for one in workflows.values() for name in one.get("when", {}).get("events", ())}
    types = tables.get("events", {}).get("publish", list(EventType))
    connections = frozenset(tables.get("connections", {}))
    return Publishing(frozenset(map(EventType, types)), connections, frozenset(workflows), ABOUT_NO_RESPONSE & named)
