"""The table as the answer page and the mail system's events see it."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws import keys
from afterbill.adapters.aws.batches import query
from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.aws.items import answer_attributes, encode, invitation_of, stamp
from afterbill.adapters.aws.reading import InvitationReader
from afterbill.domain.customer import BOUNCED, Customer
from afterbill.domain.errors import TransientError
from afterbill.domain.invitation import ASKED, Answer, Delivery, Recorded

_TRIES = 3


class ResponsesTable(InvitationReader):
    """Responses and MailEvents over DynamoDB."""

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str) -> Recorded | None:
        """Store the answer if it is still accepted; None when there is no such invitation: one call."""
        states = {f":{state}": state for state in sorted(ASKED)}
        given = answer_attributes(answer)
        said = {name: value for name, value in given.items() if value != ""}
        silent = [f"#{name}" for name in given if name not in said]
        update = self.update(
            keys.invitation(invitation_id),
            f"SET {', '.join(f'#{name} = :{name}' for name in said)}, "
            "answered_at = if_not_exists(answered_at, :now), answered_day = if_not_exists(answered_day, :day)"
            + (f" REMOVE {', '.join(silent)}" if silent else ""),
            f"#state IN ({', '.join(states)}) AND answer_until >= :epoch",
            {
                **states,
                **{f":{name}": value for name, value in said.items()},
                ":now": stamp(now),
                ":day": day,
                ":epoch": int(now.timestamp()),
            },
        )
        try:
            with transient("recording an answer"):
                stored = self.dynamodb.update_item(
                    **update, ReturnValues="ALL_NEW", ReturnValuesOnConditionCheckFailure="ALL_OLD"
                )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            item: Any = error.response.get("Item")
            return Recorded(invitation_of(item), stored=False) if item else None
        return Recorded(invitation_of(stored["Attributes"]), stored=True)

    def suppress(self, address_hash: str, reason: str, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again, nor to its holder; only a bounce gives way to another reason."""
        mark = self.update(
            keys.suppression(address_hash),
            "SET reason = :reason, since = if_not_exists(since, :now)",
            "attribute_not_exists(reason) OR reason = :bounced",
            {":reason": reason, ":bounced": BOUNCED, ":now": stamp(now)},
        )
        if holder and self.transact([{"Update": mark}, {"Update": self._held(holder, reason)}]):
            return
        self.apply(mark)
        for _ in range(_TRIES):
            # Suppressed before, or merged away a moment ago: then it is the one who is left that must know.
            holder = self.customer(holder.id) if holder else None
            if holder is None or holder.suppressed not in {"", BOUNCED} or self.apply(self._held(holder, reason)):
                return
        raise TransientError("a customer kept changing while an address was suppressed")

    def _held(self, holder: Customer, reason: str) -> dict[str, Any]:
        return self.update(
            keys.customer(holder.id),
            "SET suppressed = :reason ADD #version :one",
            "attribute_exists(pk) AND attribute_not_exists(merged_into) "
            "AND (attribute_not_exists(suppressed) OR suppressed = :bounced)",
            {":reason": reason, ":bounced": BOUNCED, ":one": 1},
        )

    def deliver(self, invitation_id: str, delivery: Delivery) -> None:
        """Raise the delivery rank; a lower or equal one changes nothing."""
        self.change(
            keys.invitation(invitation_id),
            "SET delivery = :rank",
            "attribute_exists(pk) AND (attribute_not_exists(delivery) OR delivery < :rank)",
            {":rank": int(delivery)},
        )


class SweepsTable(InvitationReader):
    """Sweeps over DynamoDB."""

    def unsettled(self, hour: str) -> list[str]:
        """Ids of invitations due in that UTC hour that have not gone out."""
        found = query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_DAY,
            KeyConditionExpression="day_bucket = :bucket",
            ProjectionExpression=keys.PK,
            ExpressionAttributeValues=encode({":bucket": keys.due_bucket(hour)}),
        )
        return [keys.invitation_id(dict(item)) for item in found]

    def swept_until(self) -> str | None:
        """The hour from which the next sweep starts, None before the first."""
        with transient("reading the sweep's mark"):
            found = self.dynamodb.get_item(TableName=self.table, Key=keys.sweep(), ConsistentRead=True)
        return str(found["Item"]["hour"]["S"]) if "Item" in found else None

    def set_swept_until(self, hour: str) -> None:
        """Remember it."""
        with transient("writing the sweep's mark"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.sweep() | encode({"hour": hour}))
