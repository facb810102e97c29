"""What actions.toml wants of events and notices, read without the checks: those were made when it was built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.settings.config import folder, read_toml
from afterbill_actions.events import ABOUT_NO_RESPONSE, EventType

ACTIONS = "actions.toml"
TELLS: Mapping[str, str] = {"mail": "team", "slack": "message", "teams": "message", "webhooks": "post"}
"""The action by which a connector tells of what is about no response."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """The events that go onto the bus, all connections and workflows, and the events they name about no answer.

    `channels` are the connections that are told of digests and alerts, each with the action that tells.
    """

    types: Collection[EventType] = frozenset(EventType)
    connections: Collection[str] = frozenset()
    workflows: Collection[str] = frozenset()
    asked: Collection[EventType] = frozenset()
    channels: Mapping[str, str] = field(default_factory=dict)


def publishing() -> Publishing:
    """Return what the file on the import path wants; a folder without one has no workflow, and publishes all."""
    file = folder() / ACTIONS
    return publishing_of(read_toml(file)) if file.is_file() else Publishing()


def publishing_of(tables: Mapping[str, Any]) -> Publishing:
    """Return what these tables want."""
    workflows = tables.get("workflows", {})
    named = {EventType(name) for one in workflows.values() for name in one.get("when", {}).get("events", ())}
    types = tables.get("events", {}).get("publish", list(EventType))
    connections = tables.get("connections", {})
    channels = {name: TELLS[connections[name]["connector"]] for name in tables.get("notices", {}).get("to", ())}
    return Publishing(
        types=frozenset(map(EventType, types)),
        connections=frozenset(connections),
        workflows=frozenset(workflows),
        asked=ABOUT_NO_RESPONSE & named,
        channels=channels,
    )
