"""Invitations whose clicks wait for review, and the reviews, in DynamoDB."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp, visits_attributes
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.answers.ports import ReviewMark
from afterbill.model.invitation import Invitation
from afterbill.model.visits import REFUSED, codes_of, counted


class ReviewsTable(InvitationTable):
    """ReviewMarks and ClickReviews over DynamoDB."""

    def mark_for_review(self, invitation_id: str, now: datetime) -> None:
        """Raise the version, and keep the time: one UpdateItem."""
        with transient("marking an invitation"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=keys.review(invitation_id),
                UpdateExpression="SET marked_at = if_not_exists(marked_at, :now) ADD version :one",
                ExpressionAttributeValues=encode({":now": stamp(now), ":one": 1}),
            )

    def marks(self) -> Collection[ReviewMark]:
        """Every mark, read consistently."""
        items = query(
            self.dynamodb,
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=encode({":pk": keys.REVIEW}),
        )
        return [
            ReviewMark(item[keys.SK], int(item["version"]), datetime.fromisoformat(item["marked_at"]))
            for item in map(decode, items)
        ]

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

    def clear(self, mark: ReviewMark) -> bool:
        """Delete the mark, False if it changed; its time tells it from a later mark that counts from 1 again."""
        return write_if(
            self.dynamodb.delete_item,
            "clearing a mark",
            TableName=self.table,
            Key=keys.review(mark.invitation_id),
            ConditionExpression="version = :version AND marked_at = :at",
            ExpressionAttributeValues=encode({":version": mark.version, ":at": stamp(mark.marked_at)}),
        ).held
