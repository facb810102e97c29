"""Marks of days of facts in DynamoDB."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode


@dataclass(frozen=True, slots=True)
class ArchiveMarksTable:
    """ArchiveMarks over DynamoDB."""

    dynamodb: Any
    table: str

    def mark_changed(self, period: datetime, days: Collection[date], urgent: Collection[date]) -> None:
        """Add the days to the item of the period: one UpdateItem, and one item to delete when all are done."""
        sets = {name: {day.isoformat() for day in some} for name, some in (("days", days), ("urgent", urgent)) if some}
        with transient("marking days to archive"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=keys.changed(period),
                UpdateExpression="ADD " + ", ".join(f"#{name} :{name}" for name in sets),
                ExpressionAttributeNames={f"#{name}": name for name in sets},
                ExpressionAttributeValues=encode({f":{name}": some for name, some in sets.items()}),
            )
