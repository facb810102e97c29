"""Tallies of months that were imported, in one partition: there are a few for each month and source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.model.history import MonthTally
from afterbill.model.questions import Question


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """Imported months over DynamoDB."""

    dynamodb: Any
    table: str

    def cut(self, source: str, day: date) -> date:
        """The day from which on responses of a source are kept; set by its first import, and never moved."""
        key, first = keys.history_cut(source), encode({"day": day.isoformat()})
        absent = "attribute_not_exists(pk)"
        put = self.dynamodb.put_item
        if write_if(put, "setting a day", TableName=self.table, Item=key | first, ConditionExpression=absent).held:
            return day
        with transient("reading a day"), reading(key):
            item = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)["Item"]
            return date.fromisoformat(item["day"]["S"])

    def put(self, tally: MonthTally, *, replace: bool = False) -> bool:
        """Store the tally; False, and nothing done, where another file told the same month, unless it is replaced."""
        item = keys.history(tally) | encode({"stage": tally.stage, "ratings": list(tally.ratings), "file": tally.file})
        same: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(pk) OR #file = :file",
            "ExpressionAttributeNames": {"#file": "file"},
            "ExpressionAttributeValues": encode({":file": tally.file}),
        }
        condition = {} if replace else same
        return write_if(self.dynamodb.put_item, "storing a month", TableName=self.table, Item=item, **condition).held

    def of_month(self, month: date) -> Sequence[MonthTally]:
        """The tallies of a month, read consistently; UnreadableError where one cannot be read."""
        found = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression="pk = :all AND begins_with(sk, :month)",
            ExpressionAttributeValues=encode({":all": keys.HISTORY, ":month": f"{month:%Y-%m}#"}),
            ConsistentRead=True,
        )
        return [_tally_of(item) for item in map(dict, found)]


def _tally_of(item: dict[str, Any]) -> MonthTally:
    with reading(item):
        plain = decode(item)
        month, question, source, touchpoint = plain[keys.SK].split("#", 3)
        ratings = tuple(map(int, plain["ratings"]))
        first, asked = date.fromisoformat(f"{month}-01"), known(Question, question)
        return MonthTally(first, asked, source, touchpoint, plain["stage"], ratings, plain["file"])
