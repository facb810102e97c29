"""Responses of the deployed table by the day they count on; the table is never scanned."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, invitation_of
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.insight.periods import Window
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill_cli.responses.selection import Selection

_TOGETHER = 100
"""Items of one batch read, and the most that are held at a time."""


class AnsweredTable(InvitationTable):
    """Responses as operators read them."""

    def responses(self, window: Window, wanted: Selection) -> Iterator[Invitation]:
        """Yield the wanted responses of these days, the newest first, and read on as they are consumed."""
        days = (window.last - timedelta(days=back) for back in range((window.last - window.first).days + 1))
        found = (keys.invitation_id(dict(item)) for day in days for item in self._answered(day) if _may(item, wanted))
        while ids := list(islice(found, _TOGETHER)):
            items = self.read([keys.invitation(id_) for id_ in ids])
            stored = (items.get(keys.invitation(id_)[keys.PK]["S"]) for id_ in ids)
            yield from filter(wanted.takes, (invitation_of(item) for item in stored if item))

    def _answered(self, day: date) -> Iterator[Mapping[str, Any]]:
        return query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_ANSWERED_DAY,
            KeyConditionExpression=f"{keys.ANSWERED_DAY} = :day",
            ExpressionAttributeValues=encode({":day": day.isoformat()}),
            ScanIndexForward=False,
        )


def _may(item: Mapping[str, Any], wanted: Selection) -> bool:
    """Return True if the index gives a reason to read the item; an erased response has no rating any more."""
    if "rating" not in item:
        return False
    segments = decode(item).get("segments", {})
    touchpoint = segments.get("touchpoint", wanted.touchpoint)
    return wanted.counts(segments.get("question", Question.NPS), touchpoint, int(item["rating"]["N"]))
