"""Responses by the day they count on, over DynamoDB."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.answers.read_responses import MOST_TOGETHER, Brief, Place

_PAGE = 300
"""Entries of the index in one query."""


class AnsweredTable(InvitationTable):
    """AnsweredResponses over the index of answered days."""

    def answered(self, place: Place, *, newest_first: bool) -> tuple[Sequence[Brief], bool]:
        """Responses of this day from the place on, as one query has them, and whether there are more."""
        page = self.page(place, newest_first=newest_first)
        return [brief_of(item) for item in page["Items"] if keys.is_invitation(item)], "LastEvaluatedKey" in page

    def page(self, place: Place, *, newest_first: bool) -> Any:  # noqa: ANN401  # boto3's
        """One query of the index."""
        day = place.day.isoformat()
        start = keys.invitation(place.id) | encode({keys.ANSWERED_DAY: day, "answered_at": place.at})
        with transient("querying the table"):
            return self.dynamodb.query(
                TableName=self.table,
                IndexName=keys.BY_ANSWERED_DAY,
                KeyConditionExpression=f"{keys.ANSWERED_DAY} = :day",
                ExpressionAttributeValues={":day": {"S": day}},
                ScanIndexForward=not newest_first,
                Limit=_PAGE,
                **({"ExclusiveStartKey": start} if place.id else {}),
            )

    def restricted(self, customer_ids: Sequence[str]) -> Collection[str]:
        """Those of at most 100 customers whose data are used for nothing: one call."""
        items = self.read([keys.customer(id_) for id_ in customer_ids])
        return {keys.customer_id(item) for item in items.values() if "restricted_at" in item}

    def usable(self, customer_ids: Sequence[str]) -> Collection[str]:
        """Those who are there and not restricted: one call for a hundred."""
        found: set[str] = set()
        for start in range(0, len(customer_ids), MOST_TOGETHER):
            items = self.read([keys.customer(id_) for id_ in customer_ids[start : start + MOST_TOGETHER]])
            found |= {keys.customer_id(item) for item in items.values() if "restricted_at" not in item}
        return found


def brief_of(item: Mapping[str, Any]) -> Brief:
    """What the index has of it."""
    plain = decode(item)
    rating, segments = plain.get("rating"), dict(plain.get("segments", {}))
    reason = {"reason": str(plain["answer_reason"])} if "answer_reason" in plain else {}
    return Brief(
        keys.invitation_id(dict(item)),
        str(plain["answered_at"]),
        None if rating is None else int(rating),
        segments | reason,
        "unconfirmed" not in plain,
    )
