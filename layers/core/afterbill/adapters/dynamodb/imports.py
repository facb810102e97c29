"""The table as import_customers sees it: reads of up to 100 keys a call, writes as for any other change."""

from collections.abc import Sequence
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import ImportSnapshot
from afterbill.model.customer import Suppression

_MOST_KEYS = 100
"""Keys that BatchGetItem takes."""


class ImportsTable(FactsTable):
    """Imports over DynamoDB."""

    def known(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> ImportSnapshot:
        """All that is stored under these keys, read consistently."""
        named = {name: keys.alias(name) for name in aliases}
        hashed = {one: keys.suppression(one) for one in address_hashes}
        items = self.read([*named.values(), *hashed.values()])
        owners = {name: items.get(key[keys.PK]["S"]) for name, key in named.items()}
        reasons = {one: items.get(key[keys.PK]["S"]) for one, key in hashed.items()}
        return ImportSnapshot(
            {name: item["customer_id"]["S"] for name, item in owners.items() if item},
            {one: Suppression(item["reason"]["S"]) for one, item in reasons.items() if item},
        )

    def read(self, wanted: Sequence["keys.Key"]) -> dict[str, Any]:
        """The items that exist under these keys, by partition key, however many; as few calls as it takes."""
        items: dict[str, Any] = {}
        for start in range(0, len(wanted), _MOST_KEYS):
            items |= super().read(wanted[start : start + _MOST_KEYS])
        return items
