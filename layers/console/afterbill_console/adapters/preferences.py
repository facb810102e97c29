"""Preferences over DynamoDB: an item in the partition of each operator who chose anything."""

from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb.items import decode, encode
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
