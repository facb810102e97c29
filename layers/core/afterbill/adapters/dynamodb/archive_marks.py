"""Marks of days of facts in DynamoDB."""

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

    def mark_changed(self, period: datetime, day: date, *, urgent: bool) -> None:
        """Set the mark: one UpdateItem."""
        value = ":urgent" if urgent else "if_not_exists(urgent, :urgent)"
        with transient("marking a day to archive"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=keys.changed(period, day),
                UpdateExpression=f"SET urgent = {value}",
                ExpressionAttributeValues=encode({":urgent": urgent}),
            )
