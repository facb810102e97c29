"""The table as whoever acts for a person sees it: one query finds what belongs to a customer, batches read it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import customer_of, decode, encode, invitation_of
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import SkipReason, StoredInvitation
from afterbill.model.privacy import Person

_MOST_KEYS = 100
"""Keys of one BatchGetItem."""
_ROUNDS = 8
"""Reads of one batch: each gives 16 MB at most, and an item has 400 KB at most."""
ERASED = {"S": SkipReason.ERASED.value}
"""The reason of what stays of a survey whose customer was removed."""


class PeopleTable(InvitationTable):
    """People over DynamoDB."""

    def person(self, customer_id: str) -> Person:
        """All that belongs to a customer: the index tells the keys, and what is read consistently under them counts."""
        if not customer_id:
            return Person("")
        items = list(self.read_all([keys.customer(customer_id), *self._owned(customer_id)]))
        owned = [item for item in items if item.get(keys.CUSTOMER_ID) == {"S": customer_id}]
        customer = next((item for item in items if keys.customer_id(item) == customer_id), None)
        return Person(customer_id, _readable(customer), invitations=_invitations(owned), **_named(owned))

    def invitations_of_nobody(self, ids: Collection[str]) -> Person:
        """The invitations that exist among these ids, without what stayed of removed ones."""
        return Person("", invitations=_invitations(self.read_all(map(keys.invitation, sorted(ids)))))

    def mark_erased(self, alias_hashes: Collection[str], at: datetime) -> None:
        """One update for each name; the moments are of one length, so that they compare as text."""
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")
        for alias_hash in sorted(alias_hashes):
            self.change(
                keys.erased(alias_hash),
                "SET erased_at = :at",
                "attribute_not_exists(erased_at) OR erased_at < :at",
                {":at": moment},
            )

    def forget_names(self, customer_id: str, aliases: Collection[str]) -> int:
        """One conditional delete for each."""
        return sum(delete_owned(self, keys.alias(alias), customer_id) for alias in sorted(aliases))

    def unlist(self, customer_id: str) -> None:
        """Take the customer from the list of who is restricted."""
        ids = {":ids": {customer_id}, ":id": customer_id}
        self.change(keys.restricted(), "DELETE customers :ids", "contains(customers, :id)", ids)

    def read_all(self, wanted: Iterable["keys.Key"]) -> Iterator[dict[str, Any]]:
        """The items that exist under these keys, however many, read consistently; as few calls as it takes."""
        unique = list({(key[keys.PK]["S"], key[keys.SK]["S"]): key for key in wanted}.values())
        for start in range(0, len(unique), _MOST_KEYS):
            yield from self._batch(unique[start : start + _MOST_KEYS])

    def _batch(self, wanted: list["keys.Key"]) -> Iterator[dict[str, Any]]:
        request: Any = {self.table: {"Keys": wanted, "ConsistentRead": True}}
        for _ in range(_ROUNDS):
            with transient("reading the table"):
                page = self.dynamodb.batch_get_item(RequestItems=request)
            yield from page["Responses"].get(self.table, ())
            request = page.get("UnprocessedKeys")
            if not request:
                return
        message = "the table left keys unread: it is throttling"
        raise TransientError(message)

    def _owned(self, customer_id: str) -> Iterator["keys.Key"]:
        """The keys of what belongs to a customer, as the index has them."""
        for item in query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_CUSTOMER,
            KeyConditionExpression=f"{keys.CUSTOMER_ID} = :id",
            ExpressionAttributeValues=encode({":id": customer_id}),
            ProjectionExpression=f"{keys.PK}, {keys.SK}",
        ):
            yield {keys.PK: item[keys.PK], keys.SK: item[keys.SK]}


def delete_owned(table: InvitationTable, key: "keys.Key", customer_id: str) -> bool:
    """Delete what may belong to somebody else by now, and then stays."""
    return write_if(
        table.dynamodb.delete_item,
        "removing what leads to a customer",
        TableName=table.table,
        Key=key,
        ConditionExpression=f"{keys.CUSTOMER_ID} = :id",
        ExpressionAttributeValues=encode({":id": customer_id}),
    ).held


def _readable(item: Mapping[str, Any] | None) -> Customer | None:
    """The customer; None for one that cannot be read: they are removed by their id all the same."""
    try:
        return customer_of(item) if item else None
    except UnreadableError:
        return None


def _invitations(items: Iterable[dict[str, Any]]) -> dict[str, StoredInvitation]:
    found = [item for item in items if keys.is_invitation(item) and item.get("reason") != ERASED]
    return {keys.invitation_id(item): _read(item) for item in found}


def _read(item: Mapping[str, Any]) -> StoredInvitation:
    try:
        return invitation_of(item)
    except UnreadableError as error:
        return error


def _named(items: Collection[dict[str, Any]]) -> dict[str, Any]:
    """The fields of a person that are made of keys alone."""

    def of(kind: str) -> Iterator[tuple[str, str]]:
        """Yield what follows the kind in each partition key, with the sort key."""
        for item in items:
            if _begins(item, kind):
                yield item[keys.PK]["S"].removeprefix(f"{kind}#"), item[keys.SK]["S"]

    return {
        "aliases": frozenset(name for name, _ in of("ALIAS")),
        "events": frozenset((event_id, *sk.rsplit("#", 1)) for event_id, sk in of("EVENT")),
        "codes": frozenset(code for code, _ in of("CODE")),
        "links": frozenset(link for link, _ in of("LINK")),
        "phones": frozenset(hashed for hashed, _ in of("PHONE")),
        "copies": frozenset(name for name, _ in of("COPY")),
        "noted": {keys.invitation_id(item): noted for item in items if (noted := _noted(item))},
        "tasks": frozenset((source, *sk.split("#", 1)) for source, sk in of("TASK")),
    }


def _noted(item: Mapping[str, Any]) -> dict[str, Any]:
    """What operators did about an answer, without who they are."""
    plain = decode({name: item[name] for name in ("agent_read_at", "agent_tags", "agent_notes") if name in item})
    return {name.removeprefix("agent_"): value for name, value in plain.items()}


def _begins(item: Mapping[str, Any], kind: str) -> bool:
    return str(item[keys.PK]["S"]).startswith(f"{kind}#")
