"""Connections over DynamoDB: one item each, which holds the lease, the cursor, the rate and the health."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import ConditionalWrite, write_if
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.table import TableReader
from afterbill_actions.adapters import outbox_keys as keys
from afterbill_actions.connection import ConnectionState

_TRIES = 3
"""Attempts to take a lease, or to tell who holds it, that is given back at this very moment."""
_TIMES = ("rests_until", "wakes_at", "denied_at", "succeeded_at", "failed_at")
_TEXTS = ("cursor", "denied", "failure")
_HELD = "holder = :me AND (rewound = :rewound OR (attribute_not_exists(rewound) AND :rewound = :zero))"


class ConnectionsTable(TableReader):
    """Connections over DynamoDB."""

    def state(self, name: str) -> ConnectionState:
        """How it stands: one consistent read."""
        return state_of(name, self.item(keys.connection(name)))

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> ConnectionState | None:
        """Take the lease; None while somebody else holds it, who is told once that there is more to do."""
        for _ in range(_TRIES):
            taken = self._write(
                name,
                "SET holder = :me, held_until = :until REMOVE #more",
                "attribute_not_exists(holder) OR held_until <= :now OR holder = :me",
                {":me": holder, ":until": stamp(until), ":now": stamp(now)},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            if taken.held:
                return state_of(name, taken.item)
            told = "more" in taken.item
            if told or self._write(name, "SET #more = :true", "attribute_exists(holder)", {":true": True}).held:
                return None
        return None

    def keep(self, holder: str, state: ConnectionState, until: datetime) -> bool:
        """Store the state and hold the lease longer; False where it was lost, or rewound."""
        change, values = _stored(state)
        values |= {":until": stamp(until), **_mine(holder, state)}
        return self._write(state.name, f"SET held_until = :until{change}", _HELD, values).held

    def release(self, holder: str, state: ConnectionState) -> bool:
        """Store the state and end the lease; False, and nothing done, where somebody told of more to do."""
        change, values = _stored(state, gone=("holder", "held_until"))
        unmarked = f"{_HELD} AND attribute_not_exists(#more)"
        values |= _mine(holder, state)
        return self._write(state.name, f"SET released_by = :me{change}", unmarked, values).held

    def rewind(self, name: str, place: str) -> None:
        """Let the next drain begin at this place or before it; one that is at work does so too."""
        told = {":true": True, ":one": 1}
        back, begins = "SET #cursor = :place, #more = :true ADD rewound :one", "#cursor > :place"
        if not self._write(name, back, begins, {":place": before(place), **told}).held:
            self._write(name, "SET #more = :true ADD rewound :one", "", told)

    def reconnect(self, name: str) -> None:
        """Forget that the system refused the credentials."""
        self._write(name, "REMOVE denied, denied_at, rests_until, failures", "attribute_exists(denied)", {})

    def _write(
        self, name: str, change: str, condition: str, values: Mapping[str, Any], **more: str
    ) -> ConditionalWrite:
        update = self._update(name, change, condition, values)
        return write_if(self.dynamodb.update_item, "writing how it stands with a connection", **update, **more)

    def _update(self, name: str, change: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        reserved = {f"#{word}": word for word in ("more", "cursor", "calls") if f"#{word}" in f"{change} {condition}"}
        update = {
            "TableName": self.table,
            "Key": keys.connection(name),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": reserved,
            "ExpressionAttributeValues": encode(values),
        }
        return {part: value for part, value in update.items() if value}


def before(place: str) -> str:
    """The place behind which this one is the next."""
    return place[:-1]


def state_of(name: str, item: Mapping[str, Any]) -> ConnectionState:
    """How it stands with a connection, by its item, which may be empty."""
    plain = decode(item)
    values: dict[str, Any] = {each: datetime.fromisoformat(plain[each]) for each in _TIMES if each in plain}
    values |= {each: str(plain[each]) for each in _TEXTS if each in plain}
    values |= {each: int(plain.get(each, 0)) for each in ("failures", "rewound")}
    calls = {int(part): int(number) for part, number in plain.get("calls", {}).items()}
    return ConnectionState(name, calls=calls, **values)


def _stored(state: ConnectionState, gone: tuple[str, ...] = ()) -> tuple[str, dict[str, Any]]:
    """The rest of a SET with the state, the REMOVE of what is empty and `gone`, and the values."""
    values: dict[str, Any] = {each: getattr(state, each) for each in (*_TEXTS, "failures")}
    values |= {each: stamp(at) if (at := getattr(state, each)) else None for each in _TIMES}
    values |= {"calls": {str(part): number for part, number in state.calls.items()}}
    kept = {each: value for each, value in values.items() if value}
    removed = [_spelled(each) for each in (*gone, *values) if each not in kept]
    sets = "".join(f", {_spelled(each)} = :{each}" for each in kept)
    ends = f" REMOVE {', '.join(removed)}" if removed else ""
    return f"{sets}{ends}", {f":{each}": value for each, value in kept.items()}


def _spelled(attribute: str) -> str:
    return f"#{attribute}" if attribute in {"cursor", "calls"} else attribute


def _mine(holder: str, state: ConnectionState) -> dict[str, Any]:
    return {":me": holder, ":rewound": state.rewound, ":zero": 0}
