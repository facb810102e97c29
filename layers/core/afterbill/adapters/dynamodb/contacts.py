"""The standing of addresses and numbers, by their keyed hashes, for the export about a person."""

from collections.abc import Collection, Mapping
from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import recipient_of
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.privacy.export import Contact


class ContactsTable(TableReader):
    """Contacts over DynamoDB."""

    def contacts(self, hashes: Collection[str]) -> Mapping[str, Contact]:
        """Return those that are known among at most 100 hashes: one call, none for no hash."""
        items = self.read([keys.address(hashed) for hashed in sorted(hashes)])
        return {keys.address_hash(partition): _contact(partition, item) for partition, item in items.items()}


def _contact(partition: str, item: Mapping[str, Mapping[str, str]]) -> Contact:
    since = item.get("since", {}).get("S")
    recipient = recipient_of(keys.address_hash(partition), item)
    return Contact(recipient, datetime.fromisoformat(since) if since else None)
