"""Reads of whole items and conditional updates of an invitation, on which every adapter of the table builds."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, passing, transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import microseconds, packed
from afterbill.adapters.dynamodb.items import (
    customer_of,
    encode,
    erased_at,
    invitation_of,
    stamp,
    utc_day,
)
from afterbill.model.customer import Customer
from afterbill.model.errors import PayloadError, TransientError, UnreadableError
from afterbill.model.invitation import RETENTION, Invitation, SkipReason, State, StoredInvitation

_READS = 3
_LOST_RACES = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class TableReader:
    """Consistent reads of whole items by key."""

    def __init__(
        self,
        dynamodb: Any,  # noqa: ANN401  # a boto3 client
        table: str,
        day_of: Callable[[datetime], str] = utc_day,
        kept: timedelta = RETENTION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Invitations are `kept` for this long; by the `clock` what has expired is not there, deleted or not.

        `day_of` names the day under which BY_DAY has what is to be sent: the day it will be sent on, if that may be.

        With another one everything is found as well, but an invitation moves in the index when it is sent.
        """
        self.dynamodb = dynamodb
        self.table = table
        self.day_of = day_of
        self.kept = kept
        self.clock = clock

    def kept_since(self, now: datetime) -> int:
        """The TTL of what is stored now and kept as long as invitations are."""
        return int((now + self.kept).timestamp())

    def current(self, item: Mapping[str, Any]) -> bool:
        """True for an item that has not expired: DynamoDB takes days to delete one that has."""
        return keys.TTL not in item or int(item[keys.TTL]["N"]) > self.clock()

    def absent(self) -> tuple[str, dict[str, Any]]:
        """A condition that nothing is stored under the key but what has expired, with its values."""
        return f"(attribute_not_exists({keys.PK}) OR {keys.TTL} <= :expired)", {":expired": int(self.clock())}

    def read(self, wanted: Sequence["keys.Key"], *, consistent: bool = True) -> dict[str, Any]:
        """The items that exist under these keys, by partition key: one call, at most 100 keys.

        Not `consistent`, for half of its price, it may miss the last second.
        """
        unique = {key[keys.PK]["S"]: key for key in wanted}
        items: dict[str, Any] = {}
        request: Any = {self.table: {"Keys": list(unique.values()), "ConsistentRead": consistent}}
        for _ in range(_READS):
            if not request or not unique:
                return items
            with transient("reading the table"), storable():
                page = self.dynamodb.batch_get_item(RequestItems=request)
            found = filter(self.current, page["Responses"].get(self.table, ()))
            items |= {item[keys.PK]["S"]: item for item in found}
            request = page.get("UnprocessedKeys")
        if request:
            message = "the table left keys unread: it is throttling"
            raise TransientError(message)
        return items

    def item(self, key: "keys.Key") -> dict[str, Any]:
        """The item under this key, empty where there is none: one call."""
        with transient("reading the table"):
            response = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        found = dict(response.get("Item", {}))
        return found if self.current(found) else {}

    def customer_ids(self, aliases: Sequence[str]) -> dict[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""
        return customer_ids_in(self.read([keys.alias(alias) for alias in aliases]), aliases)

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """The moments of erasures, by those of these hashes of names that are marked, read consistently."""
        items = self.read([keys.erased(hashed) for hashed in alias_hashes])
        marks = {hashed: erased_at(items.get(keys.erased(hashed)[keys.PK]["S"], {})) for hashed in alias_hashes}
        return {hashed: at for hashed, at in marks.items() if at}

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""
        items = self.read([keys.customer(id_) for id_ in ids])
        return {customer.id: customer for customer in map(customer_of, items.values())}

    def customer(self, customer_id: str) -> Customer | None:
        """The customer as they stand."""
        return self.customers([customer_id]).get(customer_id) if customer_id else None

    def holders(self, address_hash: str, most: int = 2) -> list[str]:
        """Ids of customers with this address, as the index has them."""
        return [keys.customer_id(dict(key)) for key in self.by_customer(keys.holders(address_hash), most)]

    def by_customer(self, partition: str, most: int) -> Sequence[Mapping[str, Any]]:
        """Keys from a partition of the index BY_CUSTOMER, the newest first."""
        with transient("querying the table"):
            page = self.dynamodb.query(
                TableName=self.table,
                IndexName=keys.BY_CUSTOMER,
                KeyConditionExpression=f"{keys.CUSTOMER_ID} = :partition",
                ExpressionAttributeValues=encode({":partition": partition}),
                ScanIndexForward=False,
                Limit=most,
            )
        items: Sequence[Mapping[str, Any]] = page["Items"]
        return items

    def transact(self, writes: Sequence[Mapping[str, Any]]) -> bool:
        """All of the writes or none; False when a condition failed or somebody else was at the same items."""
        try:
            with transient("writing to the table"), storable():
                self.dynamodb.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if codes & _LOST_RACES:
                return False
            if (codes and "ValidationError" not in codes) or passing(error.response):
                message = f"the table cancelled a transaction: {sorted(code for code in codes if code)}"
                raise TransientError(message) from error
            raise
        return True


def _stored(item: Mapping[str, Any]) -> StoredInvitation:
    try:
        return invitation_of(item)
    except UnreadableError as error:
        return error


@contextmanager
def storable() -> Iterator[None]:
    """Raise PayloadError for an id or an item that is larger than the table stores."""
    try:
        yield
    except ClientError as error:
        if _too_large(error):
            raise PayloadError("What this event adds to an item makes it larger than the table stores.") from error
        raise


def _too_large(error: ClientError) -> bool:
    """True for a request whose item would exceed 400 KB or its key 2 KB: no later try can store it.

    DynamoDB says so in words alone: in those of a ValidationException, or of a reason why it cancelled a transaction
    (CancellationReason, ValidationError: "Item size to update has exceeded the maximum allowed size").
    """
    reasons = error.response.get("CancellationReasons", ())
    words = [reason.get("Message", "") for reason in reasons if reason.get("Code") == "ValidationError"]
    if error_code(error) == "ValidationException":
        words.append(error.response["Error"].get("Message", ""))
    return any("size" in (text or "").lower() for text in words)


def customer_ids_in(items: Mapping[str, Any], aliases: Sequence[str]) -> dict[str, str]:
    """Ids of customers by those of these aliases whose item is among `items`, which are by partition key."""
    found = {alias: items.get(keys.alias(alias)[keys.PK]["S"]) for alias in aliases}
    return {alias: item["customer_id"]["S"] for alias, item in found.items() if item}


THERE = f"attribute_exists({keys.PK}) AND (attribute_not_exists(reason) OR reason <> :erased)"
"""Holds for an invitation, and not for what stays of one whose customer was removed; `REMOVED` has its value."""
REMOVED: Mapping[str, str] = {":erased": SkipReason.ERASED}


class InvitationTable(TableReader):
    """Reads and conditional updates of an invitation."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""
        item = self.item(keys.invitation(invitation_id))
        return invitation_of(item) if item else None

    def read_invitations(self, ids: Sequence[str], *, consistent: bool = True) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, by id, each as it stands or why it cannot be read: one call."""
        items = self.read([keys.invitation(id_) for id_ in ids], consistent=consistent)
        return {keys.invitation_id(item): _stored(item) for item in items.values()}

    def change(self, key: "keys.Key", update: str, condition: str, values: Mapping[str, Any]) -> bool:
        """Update the item if the condition holds; False when somebody was faster or it was done before."""
        return self.apply(self.update(key, update, condition, values))

    def apply(self, update: Mapping[str, Any]) -> bool:
        """Make such an update of `update`; False where its condition does not hold."""
        return write_if(self.dynamodb.update_item, "writing to the table", **update).held

    def together(self, first: Mapping[str, Any], *others: Mapping[str, Any]) -> bool:
        """Make all updates at once, or those whose condition holds; True if the first was made."""
        if self.transact([{"Update": update} for update in (first, *others)]):
            return True
        made = self.apply(first)
        for update in others:
            self.apply(update)
        return made

    def update(self, key: "keys.Key", update: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a conditional update; names that DynamoDB reserves are written `#name`."""
        reserved = {f"#{name}": name for name in re.findall(r"#(\w+)", f"{update} {condition}")}
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

    def confirm_sent(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: the mail system's word proves it went out."""
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :sent, message_id = :message, sent_at = :at, sent_day = :day, day_bucket = :bucket, "
            "answer_until = :until REMOVE attempt, claimed_at, deferred_until",
            "#state IN (:sending, :unknown)",
            {
                ":sent": State.SENT,
                ":sending": State.SENDING,
                ":unknown": State.UNKNOWN,
                ":message": packed(message_id),
                ":at": microseconds(at),
                ":day": day,
                ":bucket": keys.day_bucket(day),
                ":until": int((at + invitation.expiry).timestamp()),
            },
        )

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """From the state it was read in -> closed, at the `closed_at` it carries; the customer waits no longer.

        It stays under its day, where its reason tells it from what is still to be sent.
        """
        at = {":at": stamp(invitation.closed_at)} if invitation.closed_at else {}
        closed = self.update(
            keys.invitation(invitation.id),
            f"SET #state = :closed, reason = :reason{', closed_at = :at' * bool(at)}",
            "#state = :state",
            {":closed": State.CLOSED, ":reason": reason, ":state": invitation.state, **at},
        )
        if not invitation.customer_id or not (invitation.cooldown or invitation.until_seen):
            self.apply(closed)
            return
        self.together(closed, self._no_longer_waits(invitation))

    def _no_longer_waits(self, invitation: Invitation) -> dict[str, Any]:
        key, entry = keys.customer(invitation.customer_id), f"waiting.#{invitation.id}"
        if invitation.until_seen:
            ids = {":ids": {invitation.id}, ":id": invitation.id, ":one": 1}
            return self.update(key, "DELETE when_seen :ids ADD #version :one", "contains(when_seen, :id)", ids)
        return self.update(key, f"REMOVE {entry} ADD #version :one", f"attribute_exists({entry})", {":one": 1})
