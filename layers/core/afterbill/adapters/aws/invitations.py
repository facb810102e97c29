"""The table as send_survey sees it: claim in one transaction, mark in one update."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws import keys
from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.aws.facts import TableReader
from afterbill.adapters.aws.items import customer_of, encode, invitation_of
from afterbill.domain.customer import Customer
from afterbill.domain.invitation import Delivery, Invitation, SkipReason, State
from afterbill.domain.policy import Situation


class InvitationReader(TableReader):
    """One invitation at a time, and conditional updates of it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        with transient("reading an invitation"):
            found = self.dynamodb.get_item(
                TableName=self.table, Key=keys.invitation(invitation_id), ConsistentRead=True
            )
        return invitation_of(found["Item"]) if "Item" in found else None

    def change(self, key: "keys.Key", update: str, condition: str, values: Mapping[str, Any]) -> None:
        """Update the item if the condition holds; when it does not, somebody else was faster or it was done before."""
        try:
            with transient("writing to the table"):
                self.dynamodb.update_item(**self.update(key, update, condition, values))
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise

    def update(self, key: "keys.Key", update: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a conditional update; names that DynamoDB reserves are written `#name`."""
        reserved = {f"#{name}": name for name in re.findall(r"#(\w+)", update + condition)}
        names = {"ExpressionAttributeNames": reserved} if reserved else {}
        return {
            "TableName": self.table,
            "Key": key,
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
            **names,
        }

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown, for this attempt only."""
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :unknown",
            "#state = :sending AND attempt = :attempt",
            {":unknown": State.UNKNOWN, ":sending": State.SENDING, ":attempt": invitation.attempt},
        )

    def settle(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: the mail system's word proves it went out."""
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :sent, message_id = :message, sent_at = :at, sent_day = :day, day_bucket = :bucket, "
            "answer_until = :until REMOVE attempt, claimed_at",
            "#state IN (:sending, :unknown)",
            {
                ":sent": State.SENT,
                ":sending": State.SENDING,
                ":unknown": State.UNKNOWN,
                ":message": message_id,
                ":at": at.isoformat(),
                ":day": day,
                ":bucket": keys.sent_bucket(day),
                ":until": int((at + invitation.expiry).timestamp()),
            },
        )

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """From the state it was read in -> closed, and the customer no longer waits for it."""
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :closed, reason = :reason REMOVE day_bucket",
            "#state = :state",
            {":closed": State.CLOSED, ":reason": reason, ":state": invitation.state},
        )
        if invitation.customer_id and invitation.cooldown:
            self.change(
                keys.customer(invitation.customer_id),
                "REMOVE pending ADD #version :one",
                "pending.invitation_id = :id",
                {":id": invitation.id, ":one": 1},
            )


class InvitationsTable(InvitationReader):
    """Invitations over DynamoDB."""

    def situation(self, invitation: Invitation) -> Situation:
        """The customer (merged ones followed) and whether the payment was taken back: one batch read."""
        wanted = [keys.link(link) for link in invitation.links]
        wanted += [keys.customer(invitation.customer_id)] if invitation.customer_id else []
        items = self.read(wanted)
        item = items.pop(keys.customer(invitation.customer_id)[keys.PK]["S"], None)
        customer = customer_of(item) if item else None
        if customer and customer.merged_into:
            customer = self.customer(customer.merged_into)
        stopped = any(link.get("stopped_by", {"S": invitation.id})["S"] != invitation.id for link in items.values())
        return Situation(customer, stopped)

    def claim(self, invitation: Invitation, customer: Customer) -> bool:
        """pending -> sending under this attempt, and the customer was asked; False when either changed."""
        claimed_at = invitation.claimed_at
        if claimed_at is None:
            message = "an invitation is claimed with its claimed_at set"
            raise ValueError(message)
        claim = self.update(
            keys.invitation(invitation.id),
            "SET #state = :sending, attempt = :attempt, claimed_at = :now, answer_until = :until, "
            "customer_id = :customer, #segments = :segments, locale = :locale",
            "#state = :pending",
            {
                ":sending": State.SENDING,
                ":pending": State.PENDING,
                ":attempt": invitation.attempt,
                ":now": claimed_at.isoformat(),
                ":until": int(invitation.answer_until.timestamp()),
                ":customer": customer.id,
                ":segments": dict(invitation.segments),
                ":locale": invitation.locale,
            },
        )
        asked = self.update(
            keys.customer(customer.id),
            "SET last_asked_at = :now ADD #version :one",
            "#version = :read",
            {":now": claimed_at.isoformat(), ":one": 1, ":read": customer.version},
        )
        return self.transact([{"Update": claim}, {"Update": asked}])

    def release(self, invitation: Invitation, customer: Customer) -> None:
        """sending -> pending, with the patience it carries, and the customer was not asked."""
        defer = ", deferred_until = :until" if invitation.deferred_until else ""
        self.change(
            keys.invitation(invitation.id),
            f"SET #state = :pending, generation = :generation{defer} REMOVE attempt, claimed_at",
            "#state = :sending AND attempt = :attempt",
            {
                ":pending": State.PENDING,
                ":sending": State.SENDING,
                ":attempt": invitation.attempt,
                ":generation": invitation.generation,
            }
            | ({":until": _iso(invitation.deferred_until)} if defer else {}),
        )
        before = invitation.previously_asked_at
        self.change(
            keys.customer(customer.id),
            ("SET last_asked_at = :before" if before else "REMOVE last_asked_at") + " ADD #version :one",
            "last_asked_at = :claimed",
            {":claimed": _iso(invitation.claimed_at), ":one": 1} | ({":before": _iso(before)} if before else {}),
        )

    def mark_sent(self, invitation: Invitation) -> None:
        """sending -> sent with message id and day."""
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :sent, message_id = :message, sent_at = :at, sent_day = :day, day_bucket = :bucket, "
            "answer_until = :until, delivery = if_not_exists(delivery, :accepted) REMOVE attempt, claimed_at",
            "#state = :sending AND attempt = :attempt",
            {
                ":sent": State.SENT,
                ":sending": State.SENDING,
                ":attempt": invitation.attempt,
                ":message": invitation.message_id,
                ":at": _iso(invitation.sent_at),
                ":day": invitation.sent_day,
                ":bucket": keys.sent_bucket(invitation.sent_day),
                ":until": int(invitation.answer_until.timestamp()),
                ":accepted": int(Delivery.ACCEPTED),
            },
        )


def _iso(at: Any) -> str:  # noqa: ANN401  # a datetime, or None which is never written
    return at.isoformat() if at else ""
