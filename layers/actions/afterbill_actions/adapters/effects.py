"""The effects of responses over DynamoDB: one item each."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.items import decode, stamp
from afterbill.adapters.dynamodb.keys import PK, TTL
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill_actions.adapters import keys
from afterbill_actions.effects import Effects, Written

_TOGETHER = 100
"""Keys of one BatchGetItem."""


class EffectsTable(InvitationTable):
    """EffectsStore over DynamoDB; its items pass no filter of the table's stream."""

    def effects(self, invitation_ids: Collection[str]) -> Mapping[str, Effects]:
        """One call for a hundred of them; UnreadableError where one says what this version does not know."""
        ids, found = sorted(set(invitation_ids)), dict[str, Effects]()
        for start in range(0, len(ids), _TOGETHER):
            items = self.read([keys.effects(id_) for id_ in ids[start : start + _TOGETHER]])
            found |= {one.invitation_id: one for one in map(effects_of, items.values())}
        return found

    def mark_published(
        self, invitation_id: str, version: str, at: datetime, expires_at: datetime, rating: int | None = None
    ) -> None:
        """One conditional UpdateItem, of one write unit while little is written."""
        first = {} if rating is None else {":rating": rating}
        self.change(
            keys.effects(invitation_id),
            f"SET published = :version, published_at = :at, {TTL} = :end"
            f"{', first_rating = if_not_exists(first_rating, :rating)' * bool(first)} ADD versions :one",
            "attribute_not_exists(published) OR published <> :version",
            {":version": version, ":at": stamp(at), ":end": int(expires_at.timestamp()), ":one": 1, **first},
        )

    def keep_written(self, invitation_id: str, effect: str, written: Written) -> None:
        """One conditional UpdateItem: each effect is an attribute of its own, so that two never meet."""
        update = self.update(
            keys.effects(invitation_id),
            "SET #effect = :written",
            f"attribute_exists({PK})",
            {":written": _line(written)},
        )
        self.apply(update | {"ExpressionAttributeNames": {"#effect": f"{_WRITTEN}{effect}"}})

    def forget_written(self, invitation_id: str, effect: str) -> None:
        """One conditional UpdateItem."""
        names = {"#effect": f"{_WRITTEN}{effect}"}
        write_if(
            self.dynamodb.update_item,
            "forgetting an effect",
            TableName=self.table,
            Key=keys.effects(invitation_id),
            UpdateExpression="REMOVE #effect",
            ConditionExpression="attribute_exists(#effect)",
            ExpressionAttributeNames=names,
        )

    def forget(self, invitation_ids: Collection[str]) -> None:
        """One call for 25 of them."""
        requests = ({"DeleteRequest": {"Key": keys.effects(id_)}} for id_ in sorted(set(invitation_ids)))
        write_batches(self.dynamodb, self.table, requests)


_WRITTEN = "written/"
"""The beginning of the name of an attribute that holds what an effect wrote."""


def effects_of(item: Mapping[str, Any]) -> Effects:
    """Return the effects an item holds; UnreadableError where it says what this version does not know."""
    with reading(item):
        plain = decode(item)
        at = plain.get("published_at")
        return Effects(
            keys.invitation_of_effects(dict(item)),
            str(plain.get("published", "")),
            datetime.fromisoformat(at) if at else None,
            int(plain.get("versions", 0)),
            {name.removeprefix(_WRITTEN): _of(plain[name]) for name in plain if name.startswith(_WRITTEN)},
            int(plain["first_rating"]) if "first_rating" in plain else None,
        )


def _line(written: Written) -> dict[str, Any]:
    return {
        "connection": written.connection,
        "action": written.action,
        "version": written.version,
        "at": stamp(written.at),
        "record": dict(written.record),
    }


def _of(plain: Mapping[str, Any]) -> Written:
    connection, action, version = (str(plain[name]) for name in ("connection", "action", "version"))
    record = {str(name): str(text) for name, text in plain["record"].items()}
    return Written(connection, action, version, datetime.fromisoformat(plain["at"]), record)
