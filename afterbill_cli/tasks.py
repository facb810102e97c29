"""`afterbill tasks`: list the decisions that need a person, and mark them as done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode
from afterbill.model.billing import CROWDED, SHOP_REDACT, UNMATCHED
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import SkipReason
from afterbill.model.plain_text import one_line
from afterbill_actions.outcome import TaskKind
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json

VERIFIER = "verifier"
_WITHOUT_DEADLINE = frozenset({VERIFIER, UNMATCHED, CROWDED, SkipReason.NO_BASIS, *TaskKind})
_ANSWER_WITHIN = timedelta(days=30)
"""A month to answer a privacy request (GDPR, article 12(3)); Shopify asks for 30 days."""


@dataclass(frozen=True, slots=True)
class Task:
    """One stored task; `details` may hold what must not be shown, `customer_id` is our own id of the customer."""

    source: str
    kind: str
    id: str
    occurred_at: datetime
    customer: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    customer_id: str = ""

    @property
    def due_at(self) -> datetime | None:
        """The deadline of a privacy request; None for anything else."""
        return None if self.kind in _WITHOUT_DEADLINE else self.occurred_at + _ANSWER_WITHIN

    def stated(self) -> dict[str, Any]:
        """Return the JSON object of the task; a verifier is a secret and is left out."""
        fields = {"source": self.source, "kind": self.kind, "id": self.id, "occurred_at": self.occurred_at.isoformat()}
        fields |= {"due_at": self.due_at.isoformat()} if self.due_at else {}
        fields |= {"customer": self.customer} if self.customer else {}
        shown = {} if self.kind == VERIFIER else dict(self.details)
        return fields | ({"details": shown} if shown else {})


@click.group("tasks", invoke_without_command=True)
@options.why
@options.output()
@options.stack
@click.pass_context
def command(context: click.Context, *, why: str, output: Output, choice: StackChoice) -> int:
    """List decisions that need a person."""
    if context.invoked_subcommand:
        return 0
    return show(deployed.connect(choice), as_json=output is Output.JSON, why=why)


@command.command("done")
@click.argument("source")
@click.argument("kind")
@click.argument("id_", metavar="ID")
@options.why
@options.stack
def _done(*, source: str, kind: str, id_: str, why: str, choice: StackChoice) -> int:
    """Mark a task as done; all three words as listed by `afterbill tasks`."""
    return done(deployed.connect(choice), source, kind, id_, why)


def read(stack: Deployed, sources: Sequence[str] = ()) -> list[Task]:
    """The open tasks of these sources, by default of all that are configured and of campaigns; the oldest first."""
    names = sources or (*stack.policy().sources, CAMPAIGNS)
    tasks = [task for name in names for task in _of(stack, name)]
    return sorted(tasks, key=lambda task: (task.occurred_at, task.source, task.kind, task.id))


def show(stack: Deployed, *, as_json: bool, why: str = "") -> int:
    """Print the open tasks."""
    tasks = read(stack)
    of_people = [task for task in tasks if task.customer or task.customer_id]
    if of_people:
        Acts(stack, "tasks", why).note((task.customer_id for task in of_people), found=len(of_people))
    if as_json:
        print_json([task.stated() for task in tasks])
        return 0
    for task in tasks:
        about = f", customer {task.customer}" if task.customer else ""
        print(one_line(f"{task.source} {task.kind} {task.id}{about}: {_to_do(task)}"))
    if not tasks:
        print("Nothing to decide.")
    return 0


def done(stack: Deployed, source: str, kind: str, id_: str, why: str = "") -> int:
    """Mark a task as done, so that it does not come back; AfterbillError where there is no such task."""
    whose = [task.customer_id for task in _of(stack, source) if (task.kind, task.id) == (kind, id_)]
    Acts(stack, "tasks done", why).note(whose, found=len(whose))
    if not mark_done(stack, source, kind, id_):
        raise AfterbillError(f"there is no task {source} {kind} {id_}: `afterbill tasks` lists those there are")
    print(f"{source} {kind} {id_} is done")
    return 0


def mark_done(stack: Deployed, source: str, kind: str, id_: str) -> bool:
    """Mark a task as done; False where it was not open. The item stays, so that a replayed webhook finds it."""
    dynamodb = stack.client("dynamodb")
    try:
        dynamodb.update_item(
            TableName=stack.output("TableName"),
            Key=keys.task(source, kind, id_),
            UpdateExpression="SET done_at = :now REMOVE details, day_bucket, day_at",
            ConditionExpression=f"attribute_exists({keys.PK}) AND attribute_not_exists(done_at)",
            ExpressionAttributeValues={":now": {"S": datetime.now(UTC).isoformat(timespec="seconds")}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def remove(stack: Deployed, task: Task) -> None:
    """Delete a task of a stranger, so that it takes up no room; it may come again."""
    key = keys.task(task.source, task.kind, task.id)
    stack.client("dynamodb").delete_item(TableName=stack.output("TableName"), Key=key)


def _to_do(task: Task) -> str:
    if task.kind == UNMATCHED:
        return f"came {task.occurred_at:%Y-%m-%d} and names no payment: look which one it takes back"
    if task.kind == CROWDED:
        return f"came {task.occurred_at:%Y-%m-%d}: look why this source sends ever new attributes"
    if task.kind == SkipReason.NO_BASIS:
        return (
            f"since {task.occurred_at:%Y-%m-%d} its surveys are skipped where no legal basis is on record: record "
            "consents or notices, or change [legal] if another law lets you ask; docs/legal-basis.md"
        )
    if task.due_at is None:
        return f"`afterbill source confirm {task.source}` confirms it"
    if task.kind == SHOP_REDACT:
        shop = task.details.get("shop", "the shop")
        return (
            f"came {task.occurred_at:%Y-%m-%d}, answer it by {task.due_at:%Y-%m-%d}: if {shop} is the shop of this "
            f"source, remove its customers with `afterbill privacy erase --source {task.source}`"
        )
    return f"came {task.occurred_at:%Y-%m-%d}, answer it by {task.due_at:%Y-%m-%d}"


def _of(stack: Deployed, source: str) -> Iterator[Task]:
    items = query(
        stack.client("dynamodb"),
        TableName=stack.output("TableName"),
        KeyConditionExpression=f"{keys.PK} = :source",
        ExpressionAttributeValues={":source": {"S": keys.tasks(source)}},
    )
    for item in map(decode, items):
        if "done_at" in item:
            continue
        yield Task(
            source,
            item["kind"],
            item["id"],
            datetime.fromisoformat(item["occurred_at"]),
            item.get("customer", ""),
            item.get("details", {}),
            item.get(keys.CUSTOMER_ID, ""),
        )
