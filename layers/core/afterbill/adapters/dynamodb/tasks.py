"""Tasks for operators, in DynamoDB."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.billing import OperatorTask


class TasksTable(TableReader):
    """Tasks over DynamoDB."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Store what a person has to decide; False where the task is stored already, done or not."""
        fields = {"source": task.source, "kind": task.kind, "id": task.id, "address_hash": address_hash}
        fields |= {"customer": task.customer.id or "", "occurred_at": task.occurred_at.isoformat()}
        kept = {name: value for name, value in fields.items() if value} | keys.of(task.customer.own_id or "")
        kept |= {keys.DAY_BUCKET: keys.TASKS, keys.DAY_AT: keys.day_at(task.occurred_at)}
        item = encode({**kept, "details": dict(task.details), keys.TTL: int((now + task.lives).timestamp())})
        # Of DynamoDB's own cleaning up it is only known that it takes days.
        expired = f"attribute_not_exists({keys.PK}) OR {keys.TTL} <= :now"
        put = self.put_if(expired, keys.task(task.source, task.kind, task.id) | item, {":now": int(now.timestamp())})
        return write_if(self.dynamodb.put_item, "keeping a task", **put).held

    def tasks_waiting(self, source: str, kind: str, now: datetime) -> int:
        """The number of tasks of a source and kind that wait for a decision; a page of a megabyte holds thousands."""
        with transient("counting tasks"):
            page = self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression=f"{keys.PK} = :source AND begins_with({keys.SK}, :kind)",
                FilterExpression=f"attribute_not_exists(done_at) AND {keys.TTL} > :now",
                ExpressionAttributeValues=encode(
                    {":source": keys.tasks(source), ":kind": f"{kind}#", ":now": int(now.timestamp())}
                ),
                Select="COUNT",
            )
        return int(page["Count"])

    def put_if(self, condition: str, item: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: ANN401  # an item
        """The parameters of a conditional put."""
        put = {"TableName": self.table, "Item": item, "ConditionExpression": condition}
        return put | ({"ExpressionAttributeValues": encode(values)} if values else {})
