"""Restrictions over DynamoDB: customers whose data may not be used."""

from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import stamp
from afterbill.adapters.dynamodb.people import PeopleTable


class RestrictionsTable(PeopleTable):
    """Restrictions over DynamoDB."""

    def set_restricted(self, customer_id: str, since: datetime | None) -> bool:
        """Two conditional updates; the new version makes whoever read the customer before read again.

        The list names who is restricted before they are, and after they were: it hides too much rather than too little.
        """
        key = keys.customer(customer_id)
        if since is None:
            released = "REMOVE restricted_at ADD #version :one"
            done = self.change(key, released, "attribute_exists(restricted_at)", {":one": 1})
            self.unlist(customer_id)
            return done
        ids = {":ids": {customer_id}, ":id": customer_id}
        self.change(keys.restricted(), "ADD customers :ids", "NOT contains(customers, :id)", ids)
        done = self.change(
            key,
            "SET restricted_at = :since ADD #version :one",
            "attribute_exists(pk) AND attribute_not_exists(restricted_at)",
            {":since": stamp(since), ":one": 1},
        )
        if not done and not self.read([key]):
            self.unlist(customer_id)
        return done
