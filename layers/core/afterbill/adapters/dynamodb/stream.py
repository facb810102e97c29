"""Records of the table's stream, as Lambda hands them over."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.insight.archive.marks import FactDays
from afterbill.insight.archive.rows import fact_day
from afterbill.insight.tally import Snapshot
from afterbill.model.customer import Suppression
from afterbill.model.invitation import NO_DAY
from afterbill.model.privacy import Objection
from afterbill.model.segments import REMOVED
from afterbill.model.visits import Kind, crowded, kind_of

_TTL = "dynamodb.amazonaws.com"
"""The principal that deletes items at the end of their retention; their tallies stay."""


def read_change(record: Mapping[str, Any]) -> tuple[Snapshot | None, Snapshot | None]:
    """The invitation before and after the change, None where it did not exist.

    UnreadableError where it cannot be read. A rating or a rank that this version does not know can: its day counts.
    """
    images = record["dynamodb"]
    with reading(images.get("Keys", {})):
        old, new = _snapshot(images.get("OldImage")), _snapshot(images.get("NewImage"))
        return (old, old) if _retired(record) else (old, new)


def fact_days_in(record: Mapping[str, Any], zone: tzinfo) -> FactDays:
    """The days of the fact before and after the change; none where an item came to its end, or is about no fact.

    It is urgent where a tombstone takes the place of an invitation, or an invitation is deleted. UnreadableError where
    its moment cannot be read.
    """
    images = record["dynamodb"]
    with reading(images.get("Keys", {})):
        old, new = images.get("OldImage") or {}, images.get("NewImage") or {}
        facts = [image for image in (old, new) if keys.FACT_HOUR in image]
        if not facts or _retired(record):
            return FactDays()
        # What is left of a removed customer's has no hour, nor has what is gone.
        return FactDays(frozenset(_fact_day(image, zone) for image in facts), urgent=keys.FACT_HOUR not in new)


def _fact_day(image: Mapping[str, Any], zone: tzinfo) -> date:
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(image["occurred_at"]["N"]))
    row = REMOVED in image.get("segments", {}).get("M", {})
    return fact_day(at, zone, (_text(image, "sent_day"), _text(image, keys.ANSWERED_DAY)) if row else None)


def _text(image: Mapping[str, Any], name: str) -> str:
    return str(image.get(name, {}).get("S", ""))


def _retired(record: Mapping[str, Any]) -> bool:
    return (record.get("userIdentity") or {}).get("principalId") == _TTL


def clicked_in(record: Mapping[str, Any]) -> str:
    """The id of an invitation with new clicks to review, or with clicks that can be reviewed now that it was sent.

    Also where new visits crowd it, clicks or not: a review makes room.
    Empty where there are none, or an answer was confirmed; UnreadableError where it cannot be read.
    """
    images = record["dynamodb"]
    with reading(images.get("Keys", {})):
        old, new = images.get("OldImage") or {}, images.get("NewImage") or {}
        before, after = _visits(old), _visits(new)
        confirmed = "rating" in new and "unconfirmed" not in new
        clicked = _clicks(after, besides=before if "sent_day" in old else {})
        return keys.invitation_id(new) if not confirmed and (clicked > 0 or _crowds(before, after)) else ""


def objection_in(record: Mapping[str, Any]) -> Objection | None:
    """A new word about an address: that nobody writes there, or that this was lifted; None for any other change.

    Its moment lies behind that of the word before, in whatever order they were said: it stands in the table now.
    UnreadableError where it cannot be read.
    """
    images = record["dynamodb"]
    with reading(images.get("Keys", {})):
        old, new = images.get("OldImage") or {}, images.get("NewImage") or {}
        if keys.SAID_AT not in new or _word(old) == _word(new):
            return None
        at = datetime.fromisoformat(new[keys.SAID_AT]["S"])
        if keys.SAID_AT in old:
            at = max(at, datetime.fromisoformat(old[keys.SAID_AT]["S"]) + timedelta(microseconds=1))
        reason = known(Suppression, new["reason"]["S"]) if "reason" in new else None
        return Objection(keys.address_hash(new[keys.PK]["S"]), at, reason)


def _word(image: Mapping[str, Any]) -> tuple[object, object]:
    return image.get(keys.SAID_AT), image.get("reason")


_Visits = dict[str, list[Mapping[str, str]]]
"""The stored visits of each program."""


def _visits(image: Mapping[str, Any]) -> _Visits:
    return {program: one["L"] for program, one in image.get("visits", {}).get("M", {}).items()}


def _clicks(visits: _Visits, besides: _Visits) -> int:
    """The number of clicks, less those that were there before; only programs with other visits are read."""
    changed = [program for program, own in visits.items() if own != besides.get(program)]
    before, after = (
        sum(kind_of(int(visit["N"])) is Kind.SEEN for program in changed for visit in which.get(program, ()))
        for which in (besides, visits)
    )
    return after - before


def _crowds(before: _Visits, after: _Visits) -> bool:
    """True where room has to be made for what comes after these visits."""
    sizes, known = list(map(len, after.values())), sum(map(len, before.values()))
    return sum(sizes) > known and crowded(sizes)


def _snapshot(image: Mapping[str, Any] | None) -> Snapshot | None:
    if not image:
        return None
    names = ("sent_day", "answered_day", "rating", keys.ADVERSE, "segments", "unconfirmed", "answer_reason")
    plain = decode({name: image[name] for name in names if name in image})
    return Snapshot(
        sent_day=_day(plain.get("sent_day", "")),
        answered_day=_day(plain.get("answered_day", "")),
        rating=int(plain["rating"]) if "rating" in plain else None,
        delivery=int(plain[keys.ADVERSE]) if keys.ADVERSE in plain else None,
        segments=plain.get("segments", {}),
        confirmed=not plain.get("unconfirmed", False),
        reason=plain.get("answer_reason", ""),
    )


def _day(text: str) -> str:
    return text if text in {"", NO_DAY} else date.fromisoformat(text).isoformat()
