"""Everything that the pages about actions take from outside."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from afterbill_actions.connection import ConnectionState
from afterbill_actions.operate import OperateDeps
from afterbill_actions.ports import EffectsStore


class ConnectionStates(Protocol):
    """The connections, as whoever looks at all of them needs it."""

    def states(self, names: Collection[str]) -> Mapping[str, ConnectionState]:
        """Return how it stands with each, a new state where nothing was called yet: one call, at most 100."""


@dataclass(frozen=True, slots=True)
class ActionsDeps:
    """The outbox, the connections by name with their connector, and what answers set in motion."""

    names: Mapping[str, str]
    states: ConnectionStates
    operate: OperateDeps
    effects: EffectsStore
