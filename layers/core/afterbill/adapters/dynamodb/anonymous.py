"""Anonymous rows and tombstones, made of items as they are stored, so that also what cannot be read is removed.

What counts is copied as it stands: no score changes by a digit.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import microseconds
from afterbill.adapters.dynamodb.items import stamp
from afterbill.model.anonymous import noon
from afterbill.model.invitation import NO_DAY, SkipReason, State
from afterbill.model.segments import REMOVED, counted_segments

_ORIGIN = ("touchpoint", "stage", "source", "channel")
_PLAIN = ("locale", "seconds", keys.TTL)
_NO_TIME = {"seconds": {"L": [{"N": "0"}] * 3}}
_TEXTS = ("created_at", "due_at")
_COUNTED = ("sent_day", "answered_day", "rating", "unconfirmed", "answer_reason", keys.ADVERSE)
_READ = (*_ORIGIN, *_PLAIN, *_COUNTED, "segments", "reached", "state", "reason", keys.DAY_BUCKET, keys.CUSTOMER_ID)
"""Attributes that must be as they were read when an item is replaced."""
_CLOSED = {"state": {"S": State.CLOSED.value}, "reason": {"S": SkipReason.ERASED.value}, "fact": {"S": ""}}


def counts(item: Mapping[str, Any]) -> bool:
    """True where scores count the invitation, as sent or as answered."""
    return any(_day(item, name) for name in ("sent_day", "answered_day"))


def row_of(item: Mapping[str, Any], id_: str, longer: timedelta = timedelta(0)) -> dict[str, Any]:
    """The anonymous row under another id: what counts, and no moments but noon of the days that count.

    It is kept `longer` than the invitation would have been: a moment in common would lead to the tombstone.
    """
    kept = {name: item[name] for name in (*_ORIGIN, "locale", *_COUNTED) if name in item}
    kept["segments"] = {"M": {**counted_segments(item.get("segments", {}).get("M", {})), REMOVED: {"S": "yes"}}}
    kept |= {"delivery": item[keys.ADVERSE]} if keys.ADVERSE in item else {}
    on = _on(item)
    return keys.invitation(id_) | kept | on | _hour(on) | _end(item, longer) | _sent(item) | _answered(item) | _CLOSED


def tombstone_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The tombstone under the old id: closed, and where an objection by one of its links goes."""
    segments = item.get("segments", {}).get("M", {})
    kept = {name: item[name] for name in (*_PLAIN, "reached") if name in item}
    kept |= {name: item.get(name, segments.get(name)) for name in _ORIGIN if name in item or name in segments}
    return {keys.PK: item[keys.PK], keys.SK: item[keys.SK]} | kept | _blurred(item) | _end(item) | _CLOSED


def as_read(item: Mapping[str, Any]) -> dict[str, Any]:
    """The condition that all of this is still as it was read, as parameters of a write."""
    there = [name for name in _READ if name in item]
    conditions = [f"#{name} = :{name}" if name in there else f"attribute_not_exists(#{name})" for name in _READ]
    return {
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in _READ},
        "ExpressionAttributeValues": {f":{name}": item[name] for name in there},
    }


def _sent(item: Mapping[str, Any]) -> dict[str, Any]:
    """The moment of sending as noon of its day, and the place under that day; nothing for what was not sent."""
    day = _day(item, "sent_day")
    if not day:
        return {}
    at = _noon({"S": day})
    moment = {"sent_at": {"N": str(microseconds(at))}} if at and "sent_at" in item else {}
    bucket = {keys.DAY_BUCKET: item[keys.DAY_BUCKET]} if keys.DAY_BUCKET in item else {}
    return {**moment, **bucket, keys.DAY_AT: _noon_text(day)}


def _answered(item: Mapping[str, Any]) -> dict[str, Any]:
    day = _day(item, "answered_day")
    return {"answered_at": _noon_text(day)} if day and "answered_at" in item else {}


def _on(item: Mapping[str, Any]) -> dict[str, Any]:
    """The moments without which no invitation can be read: all are noon of the first day that counts."""
    counted = ({"S": _day(item, name)} for name in ("sent_day", "answered_day"))
    at = next(filter(None, map(_noon, [*counted, item.get("created_at", {})])), None)
    if at is None:
        return _NO_TIME
    return {**_NO_TIME, **{name: {"S": stamp(at)} for name in _TEXTS}, "occurred_at": {"N": str(microseconds(at))}}


def _hour(on: Mapping[str, Any]) -> dict[str, Any]:
    """The place in the archive's index of a row of this noon."""
    if "created_at" not in on:
        return {}
    return {keys.FACT_HOUR: {"S": keys.fact_hour(datetime.fromisoformat(on["created_at"]["S"]))}}


def _end(item: Mapping[str, Any], longer: timedelta = timedelta(0)) -> dict[str, Any]:
    """The end at the first noon after that of the invitation, or so much later."""
    try:
        end = datetime.fromtimestamp(int(item[keys.TTL]["N"]), UTC)
        last = noon(end)
        last += timedelta(days=last < end) + longer
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}
    return {keys.TTL: {"N": str(int(last.timestamp()))}}


def _blurred(item: Mapping[str, Any]) -> dict[str, Any]:
    """The moments at noon UTC of their days; one that nobody can read is left out."""
    blurred = {name: _noon(item[name]) for name in _TEXTS if name in item}
    texts = {name: {"S": stamp(at)} for name, at in blurred.items() if at}
    occurred = _noon(item.get("occurred_at", {}))
    return texts | ({"occurred_at": {"N": str(microseconds(occurred))}} if occurred else {})


def _noon(value: Mapping[str, Any]) -> datetime | None:
    try:
        if "N" in value:
            return noon(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(value["N"])))
        at = datetime.fromisoformat(value["S"])
        return noon(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _noon_text(day: str) -> dict[str, str]:
    """Noon of a day, whatever is stored as one: the index has it under exactly this."""
    return {"S": f"{day}T12:00:00Z"}


def _day(item: Mapping[str, Any], name: str) -> str:
    """The day by which scores count it; empty for none, and for that of a test."""
    day = str(item.get(name, {}).get("S", ""))
    return "" if day == NO_DAY else day
