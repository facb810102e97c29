"""Tasks of operators as pages see them, over DynamoDB."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.model.privacy import DEADLINE
from afterbill_console.people.ports import MOST_TASKS, VERIFIER, WITHOUT_DEADLINE, Task


@dataclass(frozen=True, slots=True)
class TasksOfOperators:
    """Tasks over the table."""

    table: PeopleTable

    def open_tasks(self) -> Sequence[Task]:
        """One Query of the index that has them in their order, and one BatchGetItem."""
        with transient("querying the table"):
            page = self.table.dynamodb.query(
                TableName=self.table.table,
                IndexName=keys.BY_DAY,
                KeyConditionExpression=f"{keys.DAY_BUCKET} = :tasks",
                ExpressionAttributeValues=encode({":tasks": keys.TASKS}),
                Limit=MOST_TASKS,
            )
        read = self.table.read_all({keys.PK: item[keys.PK], keys.SK: item[keys.SK]} for item in page["Items"])
        tasks = [task_of(item) for item in read if self.table.current(item) and "done_at" not in item]
        return sorted(tasks, key=lambda task: (task.occurred_at, task.source, task.kind, task.id))

    def task(self, source: str, kind: str, id_: str) -> Task | None:
        """One GetItem."""
        item = self.table.item(keys.task(source, kind, id_))
        return task_of(item) if item else None

    def finish(self, source: str, kind: str, id_: str, at: datetime) -> bool:
        """One conditional update. The item stays, so that a replayed webhook finds it."""
        return self.table.change(
            keys.task(source, kind, id_),
            f"SET done_at = :at REMOVE details, {keys.DAY_BUCKET}, {keys.DAY_AT}",
            f"attribute_exists({keys.PK}) AND attribute_not_exists(done_at)",
            {":at": stamp(at)},
        )


def task_of(item: Mapping[str, Any]) -> Task:
    """Return the task that an item holds, without the secret of a verifier."""
    plain = decode(item)
    occurred_at, kind, done_at = datetime.fromisoformat(plain["occurred_at"]), plain["kind"], plain.get("done_at")
    return Task(
        plain["source"],
        kind,
        plain["id"],
        occurred_at,
        None if kind in WITHOUT_DEADLINE else occurred_at + DEADLINE,
        plain.get("customer", ""),
        plain.get(keys.CUSTOMER_ID, ""),
        datetime.fromisoformat(done_at) if done_at else None,
        {} if kind == VERIFIER else plain.get("details", {}),
    )
