"""The dependencies of a drain, and what it tells of its work."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector
from afterbill_actions.exchange import Exchange
from afterbill_actions.ports import Connections, EffectsStore, Outbox, Responses, Secrets, Tasks, Wakes
from afterbill_actions.workflow import Configuration


@dataclass(frozen=True, slots=True)
class DrainDeps:
    """The dependencies of a drain.

    `connector` gives the connector of a name, `chance` numbers from 0 to 1, `new_id` an id that nobody else has, `link`
    the address of a response in the console. `kept` lives as long as the process, a dictionary for each connection.
    """

    configuration: Configuration
    connector: Callable[[str], Connector]
    connections: Connections
    outbox: Outbox
    effects: EffectsStore
    responses: Responses
    wakes: Wakes
    tasks: Tasks
    secrets: Secrets
    send: Exchange
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    new_id: Callable[[], str]
    link: Callable[[str], str]
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings_of(self, effect: str) -> Mapping[str, Any] | None:
        """Return the settings of a workflow's action by the name of its effect; None where no workflow has it."""
        name, _, target = effect.partition("/")
        workflow = self.configuration.workflows.get(name)
        actions = workflow.do if workflow else ()
        return next((one.settings for one in actions if f"{one.connection}.{one.action}" == target), None)

    def connection(self, name: str) -> Connection | None:
        """Return the connection of this name."""
        return self.configuration.connections.get(name)


@dataclass(slots=True)
class Drained:
    """The result of a drain: entries by the states they ended in, requests, and why nothing more was done.

    `denied` is true where the system refused the credentials, which it did not before.
    """

    ended: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    denied: bool = False
    reason: str = ""
