"""The stores of the pages about actions, over DynamoDB."""

from collections.abc import Collection, Mapping
from typing import Any

from afterbill.adapters.dynamodb.keys import PK
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import folder, read_toml
from afterbill_actions.adapters import outbox_keys
from afterbill_actions.adapters.connections import ConnectionsTable, state_of
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.connection import ConnectionState
from afterbill_actions.operate import OperateDeps
from afterbill_console.actions import ActionsDeps

_FILE = "actions.toml"


class ConnectionStatesTable(TableReader):
    """ConnectionStates over the table."""

    def states(self, names: Collection[str]) -> Mapping[str, ConnectionState]:
        """One BatchGetItem."""
        wanted = {name: outbox_keys.connection(name) for name in names}
        items = self.read(list(wanted.values()), consistent=False)
        return {name: state_of(name, items.get(key[PK]["S"], {})) for name, key in wanted.items()}


def configured() -> Mapping[str, str]:
    """Return the connector of each connection of actions.toml, unchecked: `make build` did that."""
    try:
        tables = read_toml(folder() / _FILE)
    except ConfigurationError:
        return {}
    return {name: str(table["connector"]) for name, table in tables.get("connections", {}).items()}


def actions_over(dynamodb: Any, table: str, sqs: Any, queue_url: str) -> ActionsDeps:  # noqa: ANN401  # boto3 clients
    """Return the stores."""
    operate = OperateDeps(
        outbox=OutboxTable(dynamodb, table),
        connections=ConnectionsTable(dynamodb, table),
        responses=ActionResponsesTable(dynamodb, table),
        wakes=SqsWakes(sqs, queue_url),
    )
    return ActionsDeps(configured(), ConnectionStatesTable(dynamodb, table), operate, EffectsTable(dynamodb, table))
