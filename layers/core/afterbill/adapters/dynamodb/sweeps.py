"""The table as the sweep sees it: what is not sent, by its day, and how far the sweep has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.outreach.ports import Place, SweepProgress, UnsentPage


class SweepsTable(InvitationTable):
    """Sweeps over DynamoDB."""

    def not_sent(self, day: str, since: datetime, until: datetime, after: Place | None = None) -> UnsentPage:
        """One page of the index: what is under this day by its ready moment, and has neither a day nor a reason."""
        start = {"ExclusiveStartKey": _start(after)} if after else {}
        between = {":since": keys.day_at(since), ":until": keys.day_at(until)}
        with transient("querying the table"):
            page = self.dynamodb.query(
                TableName=self.table,
                IndexName=keys.BY_DAY,
                KeyConditionExpression="day_bucket = :bucket AND day_at BETWEEN :since AND :until",
                FilterExpression="attribute_not_exists(sent_day) AND attribute_not_exists(reason)",
                ProjectionExpression=f"{keys.PK}, {keys.DAY_AT}",
                ExpressionAttributeValues=encode({":bucket": keys.day_bucket(day), **between}),
                **start,
            )
        last = page.get("LastEvaluatedKey")
        return UnsentPage([_place(day, item) for item in page["Items"]], _place(day, last) if last else None)

    def sweep_progress(self) -> SweepProgress | None:
        """The progress as the last run stored it, read consistently."""
        with transient("reading the sweep's progress"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.sweep(), ConsistentRead=True)
        if "Item" not in response:
            return None
        with reading(response["Item"]):
            return _progress(decode(response["Item"]))

    def store_sweep_progress(self, progress: SweepProgress) -> None:
        """Store the progress: one PutItem."""
        moments = {"since": progress.since, "until": progress.until, "first_open": progress.first_open}
        stored: dict[str, Any] = {name: stamp(at) for name, at in moments.items() if at}
        if place := progress.place:
            stored["place"] = _listed(place)
        if progress.unreadable:
            stored["unreadable"] = [_listed(place) for place in progress.unreadable]
        with transient("keeping the sweep's progress"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.sweep() | encode(stored))


def _progress(stored: Mapping[str, Any]) -> SweepProgress:
    return SweepProgress(
        datetime.fromisoformat(stored["since"]),
        datetime.fromisoformat(stored["until"]),
        place=_unlisted(stored["place"]) if "place" in stored else None,
        first_open=datetime.fromisoformat(stored["first_open"]) if "first_open" in stored else None,
        unreadable=tuple(_unlisted(place) for place in stored.get("unreadable", ())),
    )


def _listed(place: Place) -> list[str]:
    return [place.day, keys.day_at(place.ready_at), place.id]


def _unlisted(listed: Sequence[str]) -> Place:
    day, ready_at, id_ = listed
    return Place(day, keys.ready_at(ready_at), id_)


def _start(place: Place) -> dict[str, Any]:
    """The key of the index after which a page begins."""
    index = {keys.DAY_BUCKET: keys.day_bucket(place.day), keys.DAY_AT: keys.day_at(place.ready_at)}
    return keys.invitation(place.id) | encode(index)


def _place(day: str, item: Mapping[str, Any]) -> Place:
    return Place(day, keys.ready_at(item[keys.DAY_AT]["S"]), keys.invitation_id(dict(item)))
