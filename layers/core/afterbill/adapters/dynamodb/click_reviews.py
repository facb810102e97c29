"""Invitations whose clicks wait for review, and the reviews, in DynamoDB."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query, write_batches
from afterbill.adapters.dynamodb.items import encode, stamp, visits_attributes
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.answers.ports import ReviewMark
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.visits import REFUSED, codes_of, counted


class ReviewsTable(InvitationTable):
    """ReviewMarks and ClickReviews over DynamoDB."""

    def mark_for_review(self, invitation_ids: Collection[str], at: datetime) -> None:
        """Keep the ids in one item under the moment and the first of them: one UpdateItem.

        Changes of one invitation come from one shard of the stream in turn, so no two marks of a moment share a name;
        if they ever did, they would become one.
        """
        ids = sorted(invitation_ids)
        with transient("marking invitations"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=keys.review(_moment(at), ids[0]),
                UpdateExpression="ADD ids :ids",
                ExpressionAttributeValues=encode({":ids": set(ids)}),
            )

    def marks(self, before: datetime) -> Iterator[ReviewMark | UnreadableError]:
        """The marks of earlier moments, the oldest first, page by page."""
        items = query(
            self.dynamodb,
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues=encode({":pk": keys.REVIEW, ":before": _moment(before)}),
        )
        return map(_mark_or_error, items)

    def store_review(self, invitation: Invitation, read: Invitation) -> bool:
        """Store the unconfirmed answer, with the first one's moment and day, or the label: one UpdateItem.

        The visits are written only where some of those that were `read` are no longer kept.
        """
        answer, at = invitation.answer, invitation.answered_at
        fields: dict[str, Any] = {"label": invitation.label} if invitation.label else {}
        fields |= {"rating": answer.rating, "unconfirmed": True} if answer else {}
        if invitation.visits != read.visits:
            fields |= {"visited": 0, **visits_attributes(invitation)}
        first = {"answered_at": stamp(at), "answered_day": invitation.answered_day} if answer and at else {}
        values = {f":{name}": value for name, value in (fields | first).items()}
        parts = [f"#{name} = :{name}" for name in fields]
        parts += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        parts += [f"{keys.TTL} = if_not_exists({keys.KEPT_UNTIL}, {keys.TTL})"] * bool(answer)
        refused = codes_of(read.visits).get(REFUSED)
        as_read = "visits.#refused = :refused" if refused else "attribute_not_exists(visits.#refused)"
        update = self.update(
            keys.invitation(invitation.id),
            f"SET {', '.join(parts)}{'' if invitation.label else ' REMOVE label'}",
            f"visited = :read AND {as_read} AND (attribute_not_exists(rating) OR unconfirmed = :yes)",
            {":yes": True, ":read": counted(read.visits), **values, **({":refused": refused} if refused else {})},
        )
        update["ExpressionAttributeNames"]["#refused"] = REFUSED
        return self.apply(update)

    def clear(self, marks: Collection[ReviewMark]) -> None:
        """Delete the marks: one BatchWriteItem for 25 of them."""
        found = (keys.review(_moment(mark.marked_at), mark.name) for mark in marks)
        write_batches(self.dynamodb, self.table, ({"DeleteRequest": {"Key": key}} for key in found))


def _mark_or_error(item: Mapping[str, Any]) -> ReviewMark | UnreadableError:
    try:
        with reading(item):
            moment, name = item[keys.SK]["S"].split("#")
            return ReviewMark(datetime.fromisoformat(moment), name, frozenset(item["ids"]["SS"]))
    except UnreadableError as error:
        return error


def _moment(at: datetime) -> str:
    """All of one length, so that they sort as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
