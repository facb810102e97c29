"""Workflows: on which answers they fire, and what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from afterbill.model.questions import Category
from afterbill_actions.connection import Connection
from afterbill_actions.events import EventType

SETTLES_AFTER_SECONDS = 30
"""A confirmed answer fires after this time without another change; people correct themselves within it."""
MOST_VERSIONS = 20
"""Versions of one response that fire; more of them are a workflow that fires on what it wrote."""


class Turn(StrEnum):
    """How the category of a customer changed since their answer before, or this answer since it was first given."""

    BETTER = "better"
    WORSE = "worse"


class Occurrence(StrEnum):
    """The number of a low score of one customer."""

    FIRST = "first"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of a workflow; all that are given have to hold, and of a list one.

    An empty tuple, and None, set no condition. `events` without an entry are all that change a response.
    `recurring_at_least` is in minor units of `currency`, for a month.
    """

    events: tuple[EventType, ...] = ()
    ratings: frozenset[int] = frozenset()
    categories: frozenset[Category] = frozenset()
    questions: frozenset[str] = frozenset()
    touchpoints: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    recurring_at_least: int | None = None
    currency: str = ""
    comment: bool | None = None
    contact: bool | None = None
    confirmed: bool | None = None
    category_change: Turn | None = None
    low_score: Occurrence | None = None


@dataclass(frozen=True, slots=True)
class ActionOf:
    """One action of a workflow: `settings` are those of the connector's action, checked."""

    connection: str
    action: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow of actions.toml."""

    name: str
    when: When
    do: Sequence[ActionOf]


@dataclass(frozen=True, slots=True)
class Configuration:
    """actions.toml as a whole. `notices` are the connections that digests and alerts go to."""

    connections: Mapping[str, Connection] = field(default_factory=dict)
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    events: frozenset[EventType] = frozenset(EventType)
    notices: Sequence[str] = ()
