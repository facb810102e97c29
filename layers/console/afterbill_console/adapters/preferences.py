"""Preferences over DynamoDB: an item in the partition of each operator who chose anything."""

from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.keys import PK, SK
from afterbill_console.adapters import keys
from afterbill_console.preferences import Alert, Cadence, Choices


@dataclass(frozen=True, slots=True)
class PreferencesTable:
    """Preferences; the item names nobody, for an operator's address stands in the user pool alone."""

    dynamodb: Any
    table: str

    def load(self, operator: str) -> Choices:
        """Get the item: one call."""
        with transient("reading preferences"):
            found = self.dynamodb.get_item(TableName=self.table, Key=keys.preferences(operator), ConsistentRead=True)
        plain = decode(found.get("Item", {}))
        # A choice that this version does not know counts as none.
        digest = plain.get("digest", "")
        return Choices(
            str(plain.get("language", "")),
            Cadence(digest) if digest in set(Cadence) else Cadence.WEEKLY,
            frozenset(alert for alert in Alert if alert in plain["alerts"]) if "alerts" in plain else None,
        )

    def store(self, operator: str, choices: Choices) -> None:
        """Put the whole item."""
        written: dict[str, Any] = {"language": choices.language, "digest": choices.digest.value}
        written |= {} if choices.alerts is None else {"alerts": sorted(alert.value for alert in choices.alerts)}
        with transient("storing preferences"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.preferences(operator) | encode(written))

    def forget(self, operator: str) -> None:
        """Delete each item of the partition that is no session."""
        found = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{PK} = :operator",
            ExpressionAttributeValues=encode({":operator": keys.operator(operator)}),
            ProjectionExpression=f"{PK}, {SK}",
            ConsistentRead=True,
        )
        for one in [item for item in found if not item[SK]["S"].startswith(keys.SESSIONS)]:
            with transient("forgetting preferences"):
                self.dynamodb.delete_item(TableName=self.table, Key={PK: one[PK], SK: one[SK]})
