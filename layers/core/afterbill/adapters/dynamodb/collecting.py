"""The table as the answer API sees it: one conditional put, and reads of a customer."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item, invitation_of
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.invitation import Invitation


class CollectingTable(TableReader):
    """Collecting over DynamoDB."""

    def known(self, aliases: Sequence[str]) -> dict[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""
        named = {alias: keys.alias(alias) for alias in aliases}
        items = self.read(list(named.values()))
        owners = {alias: items.get(key[keys.PK]["S"]) for alias, key in named.items()}
        return {alias: item["customer_id"]["S"] for alias, item in owners.items() if item}

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """One conditional put; the client's own retry after a lost answer meets its own item."""
        put: Any = {
            "TableName": self.table,
            "Item": invitation_item(invitation),
            "ConditionExpression": f"attribute_not_exists({keys.PK})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            with transient("keeping an answer"):
                self.dynamodb.put_item(**put)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            known: Any = error.response.get("Item")
            return invitation_of(known)
        return None
