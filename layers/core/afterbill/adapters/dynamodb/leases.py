"""The lease of a step of which one run is under way at a time."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode

_FREE = "attribute_not_exists(pk) OR held_until <= :now OR (holder = :holder AND held_until = :until)"
"""Holds while nobody else has the lease."""


class LeaseTable:
    """A lease over DynamoDB, named after its step."""

    dynamodb: Any
    table: str
    step = "compute"

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Take the lease, False while somebody else holds it; a retry after a lost answer meets its own lease."""
        return write_if(
            self.dynamodb.put_item,
            "taking a lease",
            TableName=self.table,
            Item=keys.lease(self.step) | encode({"holder": owner, "held_until": iso(until)}),
            ConditionExpression=_FREE,
            ExpressionAttributeValues=encode({":now": iso(now), ":holder": owner, ":until": iso(until)}),
        ).held

    def release_lease(self, owner: str) -> None:
        """End the lease, unless another has taken over."""
        write_if(
            self.dynamodb.delete_item,
            "releasing a lease",
            TableName=self.table,
            Key=keys.lease(self.step),
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues=encode({":holder": owner}),
        )


def iso(at: datetime) -> str:
    """All of one length, so that they compare as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
