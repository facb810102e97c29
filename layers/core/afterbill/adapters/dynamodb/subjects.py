"""The people a privacy request means, by whatever name they are asked for."""

from collections.abc import Sequence

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.table import InvitationTable


class SubjectsTable(InvitationTable):
    """Subjects over DynamoDB."""

    def everybody_at(self, address_hash: str) -> Sequence[str]:
        """Ids of all customers with this address, and of who stands for it in a test survey; two queries."""
        return [
            keys.customer_id(dict(item))
            for place in (keys.holders(address_hash), keys.testers(address_hash))
            for item in query(
                self.dynamodb,
                TableName=self.table,
                IndexName=keys.BY_CUSTOMER,
                KeyConditionExpression=f"{keys.CUSTOMER_ID} = :place",
                ExpressionAttributeValues=encode({":place": place}),
                ProjectionExpression=keys.PK,
            )
        ]
