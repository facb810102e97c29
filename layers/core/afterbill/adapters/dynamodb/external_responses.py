"""Answers from elsewhere, which the answer API stores: one conditional put, and reads of a customer."""

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb.items import encode, invitation_item, invitation_of
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.invitation import Invitation


class ExternalResponsesTable(TableReader):
    """ExternalResponses over DynamoDB."""

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store it in one conditional put, or return what is there: a retry after a lost answer meets its own item."""
        absent, values = self.absent()
        put = write_if(
            self.dynamodb.put_item,
            "keeping an answer",
            TableName=self.table,
            Item=invitation_item(invitation, kept=self.kept),
            ConditionExpression=absent,
            ExpressionAttributeValues=encode(values),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return None if put.held else invitation_of(put.item)
