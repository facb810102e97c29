"""The claims of mails to operators, the state between runs, and the tasks that are open, over DynamoDB."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.keys import PK, TTL, tasks
from afterbill_console.adapters import keys
from afterbill_console.digest.state import Heard, NoticeState


@dataclass(frozen=True, slots=True)
class ClaimsTable:
    """Claims: an item each in the partition of the operator, which DynamoDB deletes some time after its end."""

    dynamodb: Any
    table: str

    def claim(self, operator: str, name: str, now: datetime, until: datetime) -> bool:
        """Put the item where there is none, or one that has ended; a retry after a lost answer meets its own claim."""
        return write_if(
            self.dynamodb.put_item,
            "claiming a mail",
            TableName=self.table,
            Item=keys.claim(operator, name) | encode({"claimed_at": stamp(now), TTL: int(until.timestamp())}),
            ConditionExpression=f"attribute_not_exists({PK}) OR {TTL} <= :now OR claimed_at = :at",
            ExpressionAttributeValues=encode({":now": int(now.timestamp()), ":at": stamp(now)}),
        ).held

    def hand(self, operator: str, names: Sequence[str]) -> None:
        """Mark each item."""
        for name in names:
            write_if(
                self.dynamodb.update_item,
                "marking a mail as handed over",
                TableName=self.table,
                Key=keys.claim(operator, name),
                UpdateExpression="SET handed = :yes",
                ConditionExpression=f"attribute_exists({PK})",
                ExpressionAttributeValues=encode({":yes": True}),
            )

    def release(self, operator: str, names: Sequence[str]) -> None:
        """Delete each item that is not marked."""
        for name in names:
            write_if(
                self.dynamodb.delete_item,
                "releasing a mail",
                TableName=self.table,
                Key=keys.claim(operator, name),
                ConditionExpression="attribute_not_exists(handed)",
            )


@dataclass(frozen=True, slots=True)
class NoticesTable:
    """The state between runs: one item with a version."""

    dynamodb: Any
    table: str

    def load(self) -> NoticeState:
        """Get the item: one call."""
        with transient("reading the state of notices"):
            found = self.dynamodb.get_item(TableName=self.table, Key=keys.notices(), ConsistentRead=True)
        return _state_of(decode(found["Item"])) if "Item" in found else NoticeState()

    def store(self, state: NoticeState, before: NoticeState) -> bool:
        """Put the item in the place of the one with the version before."""
        return write_if(
            self.dynamodb.put_item,
            "storing the state of notices",
            TableName=self.table,
            Item=keys.notices() | encode(_plain(state)),
            ConditionExpression=f"version = :before{f' OR attribute_not_exists({PK})' * (not before.version)}",
            ExpressionAttributeValues=encode({":before": before.version}),
        ).held


@dataclass(frozen=True, slots=True)
class OpenTasksTable:
    """The tasks of sources, counted where they stand; a page of a megabyte holds thousands."""

    dynamodb: Any
    table: str
    sources: Sequence[str]

    def open_tasks(self, now: datetime) -> int:
        """Count those that are not done: one call for each source."""
        return sum(self._of(source, now) for source in self.sources)

    def _of(self, source: str, now: datetime) -> int:
        with transient("counting tasks"):
            page = self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression=f"{PK} = :source",
                FilterExpression=f"attribute_not_exists(done_at) AND {TTL} > :now",
                ExpressionAttributeValues=encode({":source": tasks(source), ":now": int(now.timestamp())}),
                Select="COUNT",
            )
        return int(page["Count"])


def _plain(state: NoticeState) -> dict[str, Any]:
    moments = {"looked_at": state.looked_at, "since": state.since}
    plain: dict[str, Any] = {name: stamp(at) for name, at in moments.items() if at}
    plain |= {"digests": state.digests.isoformat()} if state.digests else {}
    heard = {
        name: [stamp(one.since), stamp(one.last_at), int(one.longest.total_seconds())]
        for name, one in state.heard.items()
    }
    told, silent = ({name: stamp(at) for name, at in some.items()} for some in (state.told, state.silent))
    plain |= {"silent": silent} if silent else {}
    return {**plain, "version": state.version, "told": told, "heard": heard}


def _state_of(plain: Mapping[str, Any]) -> NoticeState:
    looked_at, since = (
        datetime.fromisoformat(plain[name]) if name in plain else None for name in ("looked_at", "since")
    )
    return NoticeState(
        int(plain["version"]),
        date.fromisoformat(plain["digests"]) if "digests" in plain else None,
        looked_at,
        since,
        {id_: datetime.fromisoformat(at) for id_, at in plain["told"].items()},
        {name: _heard_of(*parts) for name, parts in plain["heard"].items()},
        {name: datetime.fromisoformat(at) for name, at in plain.get("silent", {}).items()},
    )


def _heard_of(since: str, last_at: str, longest: Any) -> Heard:  # noqa: ANN401  # a number of DynamoDB
    moments = (datetime.fromisoformat(since), datetime.fromisoformat(last_at))
    return Heard(*moments, timedelta(seconds=int(longest)))
