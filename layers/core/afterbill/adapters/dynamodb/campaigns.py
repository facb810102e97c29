"""The table as run_campaigns sees it: the groups of customers in an index, one item per campaign."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.model.campaigns import Done


class CampaignsTable:
    """Campaigns over DynamoDB."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401  # a boto3 client
        self.dynamodb = dynamodb
        self.table = table

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group, as the index has them."""
        group = {":bucket": keys.slot_bucket(slot)}
        items = query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_DAY,
            KeyConditionExpression=f"{keys.DAY_BUCKET} = :bucket",
            ExpressionAttributeValues=encode(group),
            ProjectionExpression=keys.PK,
        )
        return (keys.customer_id(dict(item)) for item in items)

    def done(self, campaign: str) -> Done | None:
        """The progress of the campaign, None before its first run."""
        with transient("reading how far a campaign has come"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.campaign(campaign), ConsistentRead=True)
        if "Item" not in response:
            return None
        stored = decode(response["Item"])
        return Done(date.fromisoformat(stored["since"]), date.fromisoformat(stored["day"]), int(stored["slots"]))

    def set_done(self, campaign: str, done: Done) -> None:
        """Store the progress of the campaign."""
        progress = {"since": done.since.isoformat(), "day": done.day.isoformat(), "slots": done.slots}
        with transient("keeping how far a campaign has come"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.campaign(campaign) | encode(progress))
