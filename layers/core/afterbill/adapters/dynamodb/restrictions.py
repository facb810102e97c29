"""Restrictions over DynamoDB: customers whose data may not be used."""

from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import stamp
from afterbill.adapters.dynamodb.table import InvitationTable


class RestrictionsTable(InvitationTable):
    """Restrictions over DynamoDB."""

    def set_restricted(self, customer_id: str, since: datetime | None) -> bool:
        """One conditional update; its new version makes whoever read the customer before read again."""
        if since is None:
            released = "REMOVE restricted_at ADD #version :one"
            return self.change(keys.customer(customer_id), released, "attribute_exists(restricted_at)", {":one": 1})
        return self.change(
            keys.customer(customer_id),
            "SET restricted_at = :since ADD #version :one",
            "attribute_exists(pk) AND attribute_not_exists(restricted_at)",
            {":since": stamp(since), ":one": 1},
        )
