"""Answers from elsewhere, which the answer API stores: one conditional put, and reads of a customer."""

from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item, invitation_of
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.invitation import Invitation


class ExternalResponsesTable(TableReader):
    """Collecting over DynamoDB."""

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
