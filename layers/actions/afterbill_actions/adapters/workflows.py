"""Since when workflows are deployed, over DynamoDB: one item, with an attribute for each."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.keys import key

SEEN = key("STATE", "workflows")
_WORKFLOW = "workflow/"
"""The beginning of the name of an attribute that says since when."""


class WorkflowsTable:
    """WorkflowsSeen over DynamoDB; a moment never changes, so a process reads each once."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401  # boto3 clients have no static type
        self._dynamodb, self._table = dynamodb, table
        self._known: dict[str, datetime] = {}

    def seen(self, names: Collection[str], now: datetime) -> Mapping[str, datetime]:
        """One consistent GetItem for names that the process does not know, and one UpdateItem for those that are new.

        Of two processes that see a name first, the faster one counts.
        """
        if set(names) - self._known.keys():
            self._known |= self.since()
        if new := sorted(set(names) - self._known.keys()):
            self._known |= self._store(new, now)
        return {name: self._known[name] for name in names}

    def since(self) -> Mapping[str, datetime]:
        """Return all workflows that were ever seen, and store nothing."""
        with transient("reading since when workflows are deployed"):
            found = self._dynamodb.get_item(TableName=self._table, Key=SEEN, ConsistentRead=True)
        return _moments(found.get("Item", {}))

    def _store(self, names: Collection[str], now: datetime) -> Mapping[str, datetime]:
        marks = {f"#w{number}": f"{_WORKFLOW}{name}" for number, name in enumerate(names)}
        with transient("storing since when workflows are deployed"):
            stored = self._dynamodb.update_item(
                TableName=self._table,
                Key=SEEN,
                UpdateExpression=f"SET {', '.join(f'{mark} = if_not_exists({mark}, :now)' for mark in marks)}",
                ExpressionAttributeNames=marks,
                ExpressionAttributeValues=encode({":now": stamp(now)}),
                ReturnValues="ALL_NEW",
            )
        return _moments(stored["Attributes"])


def _moments(item: Mapping[str, Any]) -> Mapping[str, datetime]:
    plain = decode(item)
    names = (name for name in plain if name.startswith(_WORKFLOW))
    return {name.removeprefix(_WORKFLOW): datetime.fromisoformat(plain[name]) for name in names}
