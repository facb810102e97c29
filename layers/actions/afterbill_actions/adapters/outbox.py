"""The outbox over DynamoDB: the entries of a connection are one partition, sorted by place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.keys import PK, SK, TTL
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.adapters.dynamodb.table import TableReader
from afterbill_actions.adapters import outbox_keys as keys
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.outbox import LATE, Entry, EntryState, Operation

_TEXTS = {"effect": "effect", "invitation": "invitation_id", "version": "version", "customer": "customer_id"}
"""Attributes and the fields they hold; none of them is a key of an index, whose writes would be paid for too."""
_TIMES = ("claimed_at", "ended_at", "forced_at")
_AS_READ = "#state = :state AND attempts = :attempts AND due_at = :due"


class OutboxTable(TableReader):
    """Outbox over DynamoDB."""

    def put(self, entries: Sequence[Entry]) -> None:
        """One conditional put each; those that are LATE rewind their connection."""
        for entry in entries:
            write_if(
                self.dynamodb.put_item,
                "putting into the outbox",
                TableName=self.table,
                Item=item_of(entry),
                ConditionExpression=f"attribute_not_exists({PK})",
            )
        late = [entry for entry in entries if self._now() - entry.first_due_at > LATE]
        connections = ConnectionsTable(self.dynamodb, self.table)
        for name in dict.fromkeys(entry.connection for entry in late):
            connections.rewind(name, min(entry.place for entry in late if entry.connection == name))

    def entries(self, connection: str, after: str, limit: int) -> Sequence[Entry]:
        """One query, consistent."""
        behind = f" AND {SK} > :place" if after else ""
        return self._query(connection, behind, after, limit, ConsistentRead=True)

    def newest(self, connection: str, limit: int, before: str = "") -> Sequence[Entry]:
        """One query, which may miss the last second."""
        return self._query(connection, f" AND {SK} < :place" * bool(before), before, limit, ScanIndexForward=False)

    def entry(self, connection: str, place: str) -> Entry | None:
        """One consistent read."""
        item = self.item(keys.entry(connection, place))
        return entry_of(item) if item else None

    def claim(self, entry: Entry, now: datetime) -> Entry | None:
        """Count an attempt: one conditional update; its retry after a lost answer meets its own claim."""
        claimed = replace(entry, attempts=entry.attempts + 1, claimed_at=now)
        written = write_if(
            self.dynamodb.update_item,
            "claiming an entry",
            TableName=self.table,
            Key=keys.entry(entry.connection, entry.place),
            UpdateExpression="SET attempts = :next, claimed_at = :now",
            ConditionExpression=_AS_READ,
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=encode({":next": claimed.attempts, ":now": stamp(now)}) | _as_read(entry),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        mine = written.held or dict(written.item) == item_of(claimed)
        return claimed if mine else None

    def store(self, entry: Entry, before: Entry) -> bool:
        """Replace it: one conditional put; its retry after a lost answer meets what it stored."""
        item = item_of(entry)
        written = write_if(
            self.dynamodb.put_item,
            "storing an entry",
            TableName=self.table,
            Item=item,
            ConditionExpression=_AS_READ,
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=_as_read(before),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return written.held or dict(written.item) == item

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def _query(self, connection: str, condition: str, place: str, limit: int, **how: bool) -> Sequence[Entry]:
        values = {":outbox": keys.outbox(connection)} | ({":place": place} if condition else {})
        with transient("querying the outbox"):
            page = self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression=f"{PK} = :outbox{condition}",
                ExpressionAttributeValues=encode(values),
                Limit=limit,
                **how,
            )
        return [entry_of(item) for item in page["Items"]]


def item_of(entry: Entry) -> dict[str, Any]:
    """The item of an entry; below a KB, but for long texts."""
    times = {each: stamp(at) for each in _TIMES if (at := getattr(entry, each))}
    plain = {attribute: getattr(entry, name) for attribute, name in _TEXTS.items()}
    plain |= {"operation": entry.operation, "state": entry.state, "reason": entry.reason, "due_at": stamp(entry.due_at)}
    plain |= {"content": json.dumps(dict(entry.content))} if entry.content else {}
    kept = {attribute: value for attribute, value in (plain | times).items() if value}
    kept |= {"attempts": entry.attempts, TTL: int(entry.expires_at.timestamp())}
    return keys.entry(entry.connection, entry.place) | encode(kept)


def entry_of(item: Mapping[str, Any]) -> Entry:
    """The entry an item holds; UnreadableError where it says what this version does not know."""
    with reading(item):
        plain = decode(item)
        values: dict[str, Any] = {name: plain.get(attribute, "") for attribute, name in _TEXTS.items()}
        values |= {each: datetime.fromisoformat(plain[each]) for each in _TIMES if each in plain}
        return Entry(
            connection=plain[PK].partition("#")[2],
            place=plain[SK],
            operation=known(Operation, plain["operation"]),
            state=known(EntryState, plain["state"]),
            due_at=datetime.fromisoformat(plain["due_at"]),
            attempts=int(plain["attempts"]),
            reason=plain.get("reason", ""),
            content=json.loads(plain.get("content", "{}")),
            **values,
        )


def _as_read(entry: Entry) -> dict[str, Any]:
    return encode({":state": entry.state, ":attempts": entry.attempts, ":due": stamp(entry.due_at)})
