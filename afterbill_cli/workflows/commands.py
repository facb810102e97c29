"""`afterbill workflow`: list, explain, test."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import one_line
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.connectors import registry
from afterbill_actions.exchange import Exchange
from afterbill_actions.explain import entries_about
from afterbill_actions.explain import explain as explained
from afterbill_actions.trial import TrialDeps, run_trial
from afterbill_cli import deployed as stacks
from afterbill_cli import options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.people.lookup import ID, Lookup
from afterbill_cli.workflows import configured, shown


@click.group("workflow")
def command() -> None:
    """List, explain and test what answers set in motion."""


@command.command("list")
@options.output()
@options.stack
def _list(*, output: Output, choice: StackChoice) -> int:
    """List the workflows of actions.toml, and since when each is deployed."""
    return show(stacks.connect(choice), output)


@command.command("explain")
@click.argument("response", metavar="RESPONSE")
@options.why
@options.output()
@options.stack
def _explain(*, response: str, why: str, output: Output, choice: StackChoice) -> int:
    """Show which workflows fire on a response, and why the others do not.

    RESPONSE is its id, as `afterbill responses` lists it, or a link from its mail. What was written to other systems
    and what stands in the outbox follows.
    """
    return explain(stacks.connect(choice), response, output, why)


@command.command("test")
@click.argument("name", metavar="NAME")
@options.output()
@options.stack
def _test(*, name: str, output: Output, choice: StackChoice) -> int:
    """Try the actions of a workflow with a made-up answer.

    Each writes to the test record of its connection, and what it wrote is removed again.
    """
    return try_out(stacks.connect(choice), name, output)


def show(stack: Deployed, output: Output = Output.TABLE) -> int:
    """Print the workflows; always 0."""
    configuration, since = configured.actions(stack), _seen(stack)
    stated = [shown.stated_workflow(one, since.get(one.name)) for one in configuration.workflows.values()]
    if output is Output.JSON:
        print_json(stated)
        return 0
    for one in stated:
        _print(shown.workflow_lines(one))
    if not stated:
        print(f"No workflow. {stack.edited}: actions.toml beside it shows how to write one.")
    return 0


def explain(stack: Deployed, wanted: str, output: Output = Output.TABLE, why: str = "") -> int:
    """Print what workflows make of a response; AfterbillError where nothing is left of it."""
    configuration = configured.actions(stack)
    id_ = wanted if ID.fullmatch(wanted) else Lookup(stack).invitation_in(wanted)
    table = stack.client("dynamodb"), stack.output("TableName")
    snapshot = ActionResponsesTable(*table).snapshot(id_, with_earlier=True) if id_ else None
    if snapshot is None:
        raise AfterbillError(f"nothing is known of a response {wanted!r}: `afterbill responses` lists their ids")
    Acts(stack, "workflow explain", why).note([snapshot.invitation.customer_id or snapshot.invitation.id])
    entries = list(entries_about(OutboxTable(*table), configuration.connections.keys(), snapshot))
    stated = shown.stated_response(explained(snapshot, configuration, _seen(stack)), entries)
    if output is Output.JSON:
        print_json(stated)
    else:
        _print(shown.response_lines(stated))
    return 0


def try_out(stack: Deployed, name: str, output: Output = Output.TABLE, send: Exchange | None = None) -> int:
    """Print what came of each action; 1 where one was not written, or is not gone again."""
    configuration = configured.actions(stack)
    workflow, secrets = configured.workflow(configuration, name), configured.secrets(stack)
    deps = TrialDeps(
        connector=registry.load,
        secret=lambda connection: secrets.get(connection, {}),
        send=send or configured.exchange(stack),
        link=lambda _id: stack.outputs.get("ConsoleUrl", ""),
    )
    tried = []
    for one in run_trial(workflow, configuration, deps, uuid.uuid4().hex, datetime.now(UTC)):
        tried.append(shown.stated_trial(one))
        if output is not Output.JSON:
            _print(shown.trial_lines(tried[-1]))
    if output is Output.JSON:
        print_json(tried)
    return 0 if all(one["succeeded"] for one in tried) else 1


def _seen(stack: Deployed) -> Mapping[str, datetime]:
    return WorkflowsTable(stack.client("dynamodb"), stack.output("TableName")).since()


def _print(lines: Iterable[Any]) -> None:
    for line in lines:
        print(line[: len(line) - len(line.lstrip())] + one_line(line.strip()))
