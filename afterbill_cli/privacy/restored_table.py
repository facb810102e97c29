"""The table after it was restored; with the retention pass the only place that walks it by a Scan."""

from collections.abc import Iterator
from datetime import datetime

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode, stamp
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.model.customer import Customer
from afterbill.model.privacy import Objection, Standing

_MOST_HOLDERS = 100
"""Customers of one address who object with it; all others are asked nothing either, for their address objects."""


class RestoredItems(ResponsesTable):
    """RestoredTable over DynamoDB."""

    def standing(self) -> Iterator[Standing]:
        """Page by page, keys alone; read consistently, for the table is new."""
        with transient("walking the table"):
            pages = self.dynamodb.get_paginator("scan").paginate(
                TableName=self.table,
                ProjectionExpression=f"{keys.PK}, {keys.CUSTOMER_ID}",
                FilterExpression=f"begins_with({keys.PK}, :customer) OR begins_with({keys.PK}, :invitation) "
                f"OR begins_with({keys.PK}, :alias)",
                ExpressionAttributeValues=encode(
                    {":customer": "CUSTOMER#", ":invitation": "INVITATION#", ":alias": "ALIAS#"}
                ),
                ConsistentRead=True,
            )
            for page in pages:
                yield from map(_standing_of, page["Items"])

    def object_again(self, objection: Objection) -> None:
        """Suppress or lift by its moment, as it was done the first time."""
        if objection.reason is None:
            self._lift(objection.address_hash, objection.at)
            return
        for holder in self._who(objection.address_hash) or [None]:
            self.suppress(objection.address_hash, objection.reason, objection.at, holder)

    def _lift(self, address_hash: str, at: datetime) -> None:
        self.change(
            keys.address(address_hash),
            f"SET lifted_at = :at, {keys.SAID_AT} = :at, {keys.TTL} = :forgotten REMOVE reason, since",
            f"attribute_exists(reason) AND (attribute_not_exists({keys.SAID_AT}) OR {keys.SAID_AT} < :at)",
            {":at": stamp(at), ":forgotten": self.kept_since(at)},
        )

    def _who(self, address_hash: str) -> list[Customer | None]:
        """The customers who have this address, or to whom this number belonged when it was last written to."""
        by_phone = ShortLinksTable(self.dynamodb, self.table).holder(address_hash)
        ids = [*self.holders(address_hash, _MOST_HOLDERS), *filter(None, [by_phone])]
        return list(self.customers(ids[:_MOST_HOLDERS]).values()) if ids else []


def _standing_of(item: "keys.Key") -> Standing:
    owner, (kind, _, name) = item.get(keys.CUSTOMER_ID, {}).get("S", ""), item[keys.PK]["S"].partition("#")
    if kind == "INVITATION":
        return Standing(owner, invitation_id=name)
    return Standing(owner, alias=name) if kind == "ALIAS" else Standing(name)
