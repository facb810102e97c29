"""`afterbill actions`: list what is to be written to other systems and what was, retry, drop."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.adapters.dynamodb.items import stamp
from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import one_line
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.operate import OperateDeps, drop, retry
from afterbill_actions.outbox import Entry, EntryState
from afterbill_cli import deployed as stacks
from afterbill_cli import options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.workflows import configured

_PAGE, _NEWEST = 500, 50
"""Entries of one query, and those that are shown of a connection where nothing else is asked for."""
_WAITING = frozenset({EntryState.OPEN, EntryState.PARKED})


@click.group("actions")
def command() -> None:
    """List, retry and drop what is written to other systems."""


@command.command("list")
@click.argument("connection", required=False, default="", metavar="[CONNECTION]")
@click.option("--parked", is_flag=True, help="Only what waits for a person.")
@click.option("--waiting", is_flag=True, help="Only what is not over, parked or not.")
@options.output()
@options.stack
def _list(*, connection: str, parked: bool, waiting: bool, output: Output, choice: StackChoice) -> int:
    """List the newest actions of each connection, or of one: a month of them is kept."""
    wanted = frozenset({EntryState.PARKED}) if parked else _WAITING if waiting else frozenset(EntryState)
    return show(stacks.connect(choice), connection, wanted, output)


@command.command("retry")
@click.argument("connection")
@click.argument("place")
@options.why
@options.stack
def _retry(*, connection: str, place: str, why: str, choice: StackChoice) -> int:
    """Carry an action out again, now; CONNECTION and PLACE as listed."""
    return act(stacks.connect(choice), retry, "retry", (connection, place), why)


@command.command("drop")
@click.argument("connection")
@click.argument("place")
@options.why
@options.stack
def _drop(*, connection: str, place: str, why: str, choice: StackChoice) -> int:
    """Let an action be, for good; CONNECTION and PLACE as listed."""
    return act(stacks.connect(choice), drop, "drop", (connection, place), why)


def show(stack: Deployed, connection: str, wanted: frozenset[EntryState], output: Output) -> int:
    """Print the entries and how it stands with their connections, without anything of a person but ids."""
    names = [connection] if connection else sorted(configured.actions(stack).connections)
    table = _table(stack)
    outbox, connections = OutboxTable(*table), ConnectionsTable(*table)
    found = {name: _found(outbox, name, wanted) for name in names}
    if output is Output.JSON:
        print_json([_stated(entry) for entries in found.values() for entry in entries])
        return 0
    for name, entries in found.items():
        state = connections.state(name)
        stands = f"refused: {state.denied}; afterbill connect {name}" if state.denied else state.failure or "in order"
        click.echo(f"{name}: {one_line(stands)}")
        for entry in entries:
            click.echo(f"  {_line(entry)}")
    return 0


def act(
    stack: Deployed,
    do: Callable[[Entry, OperateDeps, datetime], Entry | None],
    what: str,
    whose: tuple[str, str],
    why: str,
) -> int:
    """Retry or drop the entry at a place of a connection; AfterbillError where there is none, or it cannot be."""
    connection, place = whose
    table = _table(stack)
    outbox = OutboxTable(*table)
    entry = outbox.entry(connection, place)
    if entry is None:
        raise AfterbillError(f"{connection} has no action at {place}: copy both as `afterbill actions list` shows them")
    Acts(stack, f"actions {what}", why).note([entry.customer_id or entry.invitation_id])
    wakes = SqsWakes(stack.client("sqs"), stack.output("ActionsQueueUrl"))
    deps = OperateDeps(outbox, ConnectionsTable(*table), ActionResponsesTable(*table), wakes)
    if do(entry, deps, datetime.now(UTC)) is None:
        raise AfterbillError(f"it cannot be: it is {entry.state}, changed just now, or nothing is left of its response")
    click.echo("It is tried again within a minute." if what == "retry" else "Nothing more is called for it.")
    return 0


def _table(stack: Deployed) -> tuple[Any, str]:
    return stack.client("dynamodb"), stack.output("TableName")


def _found(outbox: OutboxTable, name: str, wanted: frozenset[EntryState]) -> Sequence[Entry]:
    """Return the newest entries in these states; where only some are wanted, all that are kept are looked through."""
    if wanted == frozenset(EntryState):
        return outbox.newest(name, _NEWEST)
    found, before = list[Entry](), ""
    while page := outbox.newest(name, _PAGE, before):
        found += [entry for entry in page if entry.state in wanted]
        before = page[-1].place
    return found


def _line(entry: Entry) -> str:
    told = f": {one_line(entry.reason)}" if entry.reason else ""
    about = entry.invitation_id or "no response"
    return f"{entry.state:<10} {entry.operation} {entry.effect} of {about}{told}\n             {entry.place}"


def _stated(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(entry, name) for name in ("connection", "place", "effect", "version")}
    fields |= {"operation": str(entry.operation), "state": str(entry.state), "invitation": entry.invitation_id}
    fields |= {"attempts": entry.attempts, "reason": entry.reason, "due_at": stamp(entry.due_at)}
    return fields | ({"ended_at": stamp(entry.ended_at)} if entry.ended_at else {})
