"""The items that counting reads and leaves: entries of the indexes, a count under way, and how far all has come.

A count under way is a map on the mark of its day, with the numbers in pieces beside it.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import reading
from afterbill.insight.nps import NUMBERS
from afterbill.insight.ports import Progress, Rescoring, UnderWay
from afterbill.insight.tally import Answered, Rows, Sent, require_answer
from afterbill.model.invitation import Delivery

_PIECE = 300_000
"""Bytes of a piece; an item holds 400 KB."""
_KEPT = timedelta(days=30)
"""The table removes the pieces of a count that long after it began. Nobody else does: they need no call then."""


def under_way_map(under_way: UnderWay) -> dict[str, Any]:
    """The attribute of the mark."""
    return {
        "version": under_way.version,
        "marked_at": stamp(under_way.marked_at),
        "began": stamp(under_way.began),
        "answers": under_way.answers,
        "position": under_way.position,
        "counted": under_way.counted,
    }


def under_way_of(plain: Mapping[str, Any]) -> UnderWay:
    """Inverse of `under_way_map`."""
    return UnderWay(
        version=int(plain["version"]),
        marked_at=datetime.fromisoformat(plain["marked_at"]),
        began=datetime.fromisoformat(plain["began"]),
        answers=plain["answers"],
        position=plain["position"],
        counted=int(plain["counted"]),
    )


def pieces(day: date, under_way: UnderWay, rows: Rows) -> Iterator[dict[str, Any]]:
    """The numbers, compressed; each piece says how many there are."""
    packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 1)
    parts = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    until = str(int((under_way.began + _KEPT).timestamp()))
    for number, part in enumerate(parts):
        key = keys.key(keys.counts(day), f"{prefix(under_way)}{number:04d}")
        yield key | {"part": {"B": part}, "parts": {"N": str(len(parts))}, keys.TTL: {"N": until}}


def prefix(under_way: UnderWay) -> str:
    """The beginning of the sort keys of the pieces stored with this; those of an earlier checkpoint begin otherwise."""
    return f"{stamp(under_way.began)}#{under_way.counted:09d}#"


def rows_of(items: Iterable[Mapping[str, Any]]) -> Rows | None:
    """The numbers; None unless every piece is there. Those that an older version did not count are 0."""
    found = list(items)
    if not found or len(found) != int(found[0]["parts"]["N"]):
        return None
    rows: Rows = json.loads(zlib.decompress(b"".join(bytes(item["part"]["B"]) for item in found)))
    for counts in (row for tables in rows.values() for values in tables for row in values.values()):
        counts.extend([0] * (NUMBERS - len(counts)))
    return rows


def answered_of(item: Mapping[str, Any]) -> Answered:
    """A response of the index; UnreadableError, LookupError or ValueError for what this version does not know."""
    reason = item.get("answer_reason", {"S": ""})["S"]
    answer = Answered(int(item["rating"]["N"]), _segments(item), "unconfirmed" not in item, reason)
    require_answer(answer)
    return answer


def sent_of(item: Mapping[str, Any]) -> Sent:
    """An invitation of the index; LookupError or ValueError for what this version does not know."""
    delivery = Delivery(int(item[keys.ADVERSE]["N"])) if keys.ADVERSE in item else None
    return Sent("rating" in item, delivery, _segments(item))


def _segments(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: value["S"] for name, value in item["segments"]["M"].items()} if "segments" in item else {}


def progress_item(progress: Progress) -> dict[str, Any]:
    """How far computing has come."""
    state: dict[str, Any] = {
        "unconfirmed": progress.unconfirmed,
        "questions": sorted(progress.questions),
        "months": _iso(progress.months),
    }
    if progress.frozen:
        state["frozen"] = progress.frozen.isoformat()
    if progress.day:
        state["computed_on"] = progress.day.isoformat()
    if scoring := progress.rescoring:
        state["rescoring"] = {
            "day": scoring.day.isoformat(),
            "unconfirmed": scoring.unconfirmed,
            "months": _iso(scoring.months),
            "done": sorted(scoring.done),
        }
    return keys.computed() | encode(state)


def progress_of(item: Mapping[str, Any]) -> Progress:
    """The same read back; an item that is not there is the progress before the first run.

    UnreadableError where this version cannot read it.
    """
    with reading(item):
        plain = decode(item)
        return Progress(
            day=date.fromisoformat(plain["computed_on"]) if "computed_on" in plain else None,
            questions=frozenset(plain.get("questions", ())),
            unconfirmed=plain.get("unconfirmed", True),
            months=frozenset(map(date.fromisoformat, plain.get("months", ()))),
            rescoring=_rescoring_of(plain["rescoring"]) if "rescoring" in plain else None,
            frozen=date.fromisoformat(plain["frozen"]) if "frozen" in plain else None,
        )


def _rescoring_of(plain: Mapping[str, Any]) -> Rescoring:
    months = frozenset(map(date.fromisoformat, plain["months"]))
    return Rescoring(date.fromisoformat(plain["day"]), plain["unconfirmed"], months, frozenset(plain["done"]))


def _iso(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
