"""Sessions over DynamoDB: an item each, in the partition of its operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.keys import PK, SK, TTL
from afterbill_console.adapters import keys
from afterbill_console.roles import roles_of
from afterbill_console.sessions import Session


@dataclass(frozen=True, slots=True)
class SessionsTable:
    """Sessions; DynamoDB deletes one some time after its end."""

    dynamodb: Any
    table: str

    def load(self, operator: str, key: str) -> Session | None:
        """Read it consistently, so that none outlives its end for a moment: one call."""
        with transient("reading a session"):
            found = self.dynamodb.get_item(TableName=self.table, Key=keys.session(operator, key), ConsistentRead=True)
        return _session_of(operator, key, decode(found["Item"])) if "Item" in found else None

    def store(self, session: Session) -> None:
        """Put the whole item."""
        written = {"created_at": stamp(session.created_at), TTL: int(session.expires_at.timestamp()), **_known(session)}
        item = keys.session(session.operator, session.key) | encode(written)
        with transient("storing a session"):
            self.dynamodb.put_item(TableName=self.table, Item=item)

    def renew(self, session: Session) -> bool:
        """Update what may change, where the item is still there."""
        known = _known(session)
        return write_if(
            self.dynamodb.update_item,
            "renewing a session",
            TableName=self.table,
            Key=keys.session(session.operator, session.key),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in known),
            ConditionExpression=f"attribute_exists({PK})",
            ExpressionAttributeNames={f"#{name}": name for name in known},
            ExpressionAttributeValues=encode({f":{name}": value for name, value in known.items()}),
        ).held

    def end(self, operator: str, key: str) -> None:
        """Delete one item."""
        with transient("ending a session"):
            self.dynamodb.delete_item(TableName=self.table, Key=keys.session(operator, key))

    def end_all(self, operator: str) -> None:
        """Delete every item that a consistent query finds; somebody has a handful."""
        found = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{PK} = :operator AND begins_with({SK}, :sessions)",
            ExpressionAttributeValues=encode({":operator": keys.operator(operator), ":sessions": keys.SESSIONS}),
            ProjectionExpression=f"{PK}, {SK}",
            ConsistentRead=True,
        )
        for one in [decode(item)[SK] for item in found]:
            self.end(operator, one.removeprefix(keys.SESSIONS))


def _known(session: Session) -> dict[str, Any]:
    roles = sorted(role.value for role in session.roles)
    return {"roles": roles, "language": session.language, "checked_at": stamp(session.checked_at)}


def _session_of(operator: str, key: str, plain: Mapping[str, Any]) -> Session:
    moments = (datetime.fromisoformat(plain[name]) for name in ("created_at", "checked_at"))
    return Session(operator, key, roles_of(plain["roles"]), plain["language"], *moments)
