"""actions.toml, checked: connections and workflows; every mistake is named by its key before anything is deployed.

A folder without the file has no actions.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import SURVEYS, folder, parse_toml, read_text, read_toml
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector
from afterbill_actions.connectors import registry
from afterbill_actions.settings.fitting import Fitting
from afterbill_actions.settings.mistakes import mistakes
from afterbill_actions.settings.tables import ActionsFile, ConnectionTable, DoTable, WhenTable, WorkflowTable
from afterbill_actions.workflow import ActionOf, Configuration, When, Workflow

ACTIONS = "actions.toml"

Load = Callable[[str], Connector]


def load_actions(path: Path | None = None, load: Load = registry.load) -> Configuration:
    """Return what an actions.toml says, by default the one on the import path; ConfigurationError lists every mistake.

    The surveys.toml beside it says which sources there are.
    """
    file = path or folder() / ACTIONS
    if not file.is_file():
        return Configuration()
    text = read_text(file)
    return actions_of(parse_toml(text, file.name), _sources(file.with_name(SURVEYS)), load, text)


def _sources(surveys: Path) -> Collection[str]:
    """Return the names of the sources; what is wrong with their file is told by its own check."""
    sources = read_toml(surveys).get("sources", {})
    return frozenset(sources if isinstance(sources, dict) else ())


def actions_of(
    tables: Mapping[str, Any], sources: Collection[str], load: Load = registry.load, text: str = ""
) -> Configuration:
    """Return what these tables say; mistakes tell their lines where the `text` of the file is given."""
    file, found = _checked(tables, sources, load)
    if file is None or found:
        raise ConfigurationError("\n".join(mistakes(found, tables, ACTIONS, text)))
    connections = {name: _connection(name, table, load) for name, table in file.connections.items()}
    return Configuration(
        connections=connections,
        workflows={name: _workflow(name, table, connections, load) for name, table in file.workflows.items()},
        events=file.events.publish,
        notices=file.notices.to,
    )


def _checked(
    tables: Mapping[str, Any], sources: Collection[str], load: Load
) -> tuple[ActionsFile | None, list[ErrorDetails]]:
    try:
        file = ActionsFile.model_validate(tables)
    except ValidationError as error:
        return None, error.errors(include_url=False)
    return file, list(Fitting(file, sources, load).misfits())


def _connection(name: str, table: ConnectionTable, load: Load) -> Connection:
    connector = load(table.connector)
    settings = connector.settings.model_validate(table.further).model_dump()
    url = table.url or (connector.url(settings, {}) if connector.url else "")
    per_minute = table.per_minute or connector.per_minute
    return Connection(name, table.connector, url, per_minute, table.source, settings, connector.exclusive)


def _workflow(name: str, table: WorkflowTable, connections: Mapping[str, Connection], load: Load) -> Workflow:
    do = [_action(one, load(connections[one.connection].connector)) for one in table.do]
    return Workflow(name, _when(table.when), do)


def _action(table: DoTable, connector: Connector) -> ActionOf:
    settings = connector.actions[table.action].settings.model_validate(table.further).model_dump()
    return ActionOf(table.connection, table.action, settings)


def _when(table: WhenTable) -> When:
    conditions = dict(table)
    recurring = conditions.pop("recurring_at_least")
    amount = {"recurring_at_least": recurring.amount, "currency": recurring.currency} if recurring else {}
    return When(**{**conditions, **amount})
