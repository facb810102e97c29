"""Everything it takes to connect a system that actions write to, in the order it is done."""

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from afterbill.model.errors import ConfigurationError
from afterbill.model.plain_text import one_line
from afterbill.model.suggestions import did_you_mean
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.secrets import FRESH_SECONDS
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector, Open
from afterbill_actions.connectors import registry
from afterbill_actions.exchange import Exchange
from afterbill_actions.outcome import Denied, Done, GoesOn, Later, NeedsPerson, Outcome, TaskKind
from afterbill_actions.trial import TrialDeps, Tried, run_trial
from afterbill_actions.workflow import ActionOf, Configuration, When, Workflow
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources.stack_secrets import SourceSecret, secret
from afterbill_cli.sources.terminal import Terminal
from afterbill_cli.workflows import configured

QUEUE = "ActionsQueueUrl"
_ROTATED = frozenset({"secret"})
"""Of a signing secret the one before signs too, until every receiver knows the new one."""
_TEST = "test_"


@dataclass(frozen=True, slots=True)
class Connecting:
    """The stack and the person at work; `send` takes the place of the network."""

    stack: Deployed
    terminal: Terminal
    replace: bool = False
    send: Exchange | None = None


def connect(at: Connecting, name: str) -> int:
    """Guide through the steps; 0 where the connection works, 1 where something is left to do, and said."""
    configuration = configured.actions(at.stack)
    connection = _chosen(configuration, name)
    connector = registry.load(connection.connector)
    _show(at, [f"{connector.title}, {connection.url or 'its address is its secret'}", *connector.guide, ""])
    stored, began = _secret(at, connection, connector), time.monotonic()
    if connector.secrets and not any(needed <= stored.keys() for needed in connector.secrets):
        _show(at, ["No secret is stored, so nothing is written there: run this again."])
        return 1
    send = at.send or configured.exchange(at.stack)
    outcome = connector.probe(Open(connection, stored, send, datetime.now(UTC)))
    if not isinstance(outcome, Done):
        _show(at, [f"It does not work yet: {_said(outcome)}", _remedy(outcome, connection)])
        return 1
    _show(at, ["The secret is right, and it suffices."])
    if not _tried(at, connection, connector, stored, send):
        return 1
    _go_on(at, connection, began)
    return 0


def _chosen(configuration: Configuration, name: str) -> Connection:
    if name not in configuration.connections:
        there = ", ".join(sorted(configuration.connections)) or "none"
        named = did_you_mean(name, configuration.connections, f"; there are: {there}")
        raise ConfigurationError(f"actions.toml has no such connection: {named}")
    return configuration.connections[name]


# The secret


def _secret(at: Connecting, connection: Connection, connector: Connector) -> Mapping[str, str]:
    """Ask for the secret, store what is given, and return what counts now."""
    if not any(connector.secrets):
        return {}
    book = SourceSecret(secret(at.stack, "ConnectionsSecretArn"))
    old = book.read().get(connection.name)
    before = dict(old) if isinstance(old, Mapping) else {}
    given = _asked(at.terminal, connector)
    if not given:
        _show(at, ["Nothing was given: what is stored stays."])
        return before
    kept = _with_previous(given, before) if not at.replace else given
    book.write(connection.name, dict(kept))
    _show(at, [f"Stored for {connection.name}: {', '.join(sorted(kept))}."])
    return kept


def _asked(terminal: Terminal, connector: Connector) -> Mapping[str, str]:
    """Return the first set of fields that is given whole; an empty answer goes on to the next set."""
    ways = sorted(connector.secrets, key=sorted)
    for number, fields in enumerate(ways, 1):
        otherwise = "ask for another way" if number < len(ways) else "leave as it is"
        given = dict[str, str]()
        for name in sorted(fields):
            if not (text := terminal.ask_secret(f"{name} (empty: {otherwise}): ").strip()):
                break
            given[name] = text
        if given.keys() == fields:
            return given
    return {}


def _with_previous(given: Mapping[str, str], before: Mapping[str, str]) -> Mapping[str, str]:
    older = before.get("secret", "")
    rotates = given.keys() == _ROTATED and older and older != given["secret"]
    return {**given, "previous": older} if rotates else given


# The test


def _tried(
    at: Connecting, connection: Connection, connector: Connector, stored: Mapping[str, str], send: Exchange
) -> bool:
    """Write to the test record by every action, and remove it; what stays there is said."""
    unset = [f"`{key}`" for key in connector.settings.model_fields if key.startswith(_TEST)]
    unset = [key for key in unset if not connection.settings.get(key.strip("`"))]
    if unset:
        where = f"[connections.{connection.name}] of actions.toml"
        _show(at, [f"Nothing was written for a test: set {' and '.join(unset)} in {where} to have that tried too."])
        return True
    defaults = {name: action.settings().model_dump() for name, action in connector.actions.items()}
    actions = [ActionOf(connection.name, name, settings) for name, settings in defaults.items()]
    workflow = Workflow("connect", When(), actions)
    deps = TrialDeps(lambda _name: connector, lambda _name: stored, send, lambda _id: "")
    configuration = Configuration(connections={connection.name: connection})
    results = list(run_trial(workflow, configuration, deps, uuid.uuid4().hex, datetime.now(UTC)))
    for tried in results:
        _show(at, _lines(tried, connection))
    return all(_is_fine(tried) for tried in results)


def _is_fine(tried: Tried) -> bool:
    return isinstance(tried.written, Done) and (tried.removed is None or _is_gone(tried.removed))


def _is_gone(outcome: Outcome) -> bool:
    """Tell whether it is removed, or listed for a person, as some systems have it."""
    listed = isinstance(outcome, NeedsPerson) and outcome.kind is TaskKind.ERASE_BY_HAND
    return isinstance(outcome, Done) or listed


def _lines(tried: Tried, connection: Connection) -> list[str]:
    action = tried.action.action
    if not isinstance(tried.written, Done):
        return [f"{action}: not written: {_said(tried.written)}", _remedy(tried.written, connection)]
    if tried.removed is None or isinstance(tried.removed, Done):
        return [f"{action}: written, and removed again."]
    if _is_gone(tried.removed):
        return [f"{action}: written. To be removed by hand: {_said(tried.removed)}."]
    return [f"{action}: written, and not removed: {_said(tried.removed)}", _remedy(tried.removed, connection)]


# What is said


def _said(outcome: Outcome) -> str:
    reason = "it goes on" if isinstance(outcome, Done | GoesOn) else outcome.reason
    details = outcome.details if isinstance(outcome, NeedsPerson) else {}
    named = ", ".join(f"{name} {value}" for name, value in details.items())
    return f"{reason} ({named})" if named else reason


def _remedy(outcome: Outcome, connection: Connection) -> str:
    again = f"`afterbill connect {connection.name}`"
    page = f"docs/connections/{connection.connector}.md"
    match outcome:
        case Denied():
            return f"Look at the permissions above, make the secret anew there if need be, and run {again} again."
        case Later():
            return f"Look at the address in actions.toml and at the system's own state, and run {again} again."
        case _:
            return f"{page} says what it needs; correct [connections.{connection.name}] and run {again} again."


def _show(at: Connecting, lines: Iterable[str]) -> None:
    for line in lines:
        at.terminal.show(one_line(line))


# Going on


def _go_on(at: Connecting, connection: Connection, began: float) -> None:
    """Let the connection be used again, once every function knows the new secret."""
    table = ConnectionsTable(at.stack.client("dynamodb"), at.stack.output("TableName"))
    if table.state(connection.name).denied:
        at.terminal.sleep(max(0.0, began + FRESH_SECONDS + 1 - time.monotonic()))
        table.reconnect(connection.name)
        if QUEUE in at.stack.outputs:
            SqsWakes(at.stack.client("sqs"), at.stack.outputs[QUEUE]).drain(connection.name)
        _show(at, ["It was shut, as the system refused the secret before: what waited is written now."])
    _show(at, [f"{connection.name} is connected."])
