"""Records of the table's stream, as Lambda hands them over."""

from collections.abc import Mapping
from typing import Any

from afterbill.adapters.aws.items import decode
from afterbill.domain.errors import PayloadError
from afterbill.domain.invitation import Delivery
from afterbill.domain.tally import Snapshot

_TTL = "dynamodb.amazonaws.com"
"""Who deletes what reached the end of its retention; its tallies stay."""


def read_change(record: Mapping[str, Any]) -> tuple[Snapshot | None, Snapshot | None]:
    """What an invitation was and is now, None where it did not exist; PayloadError for what is no such record."""
    try:
        images = record["dynamodb"]
        old, new = _snapshot(images.get("OldImage")), _snapshot(images.get("NewImage"))
        retired = (record.get("userIdentity") or {}).get("principalId") == _TTL
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PayloadError(f"unreadable stream record: {type(error).__name__}") from error
    return (old, old) if retired else (old, new)


def _snapshot(image: Mapping[str, Any] | None) -> Snapshot | None:
    if not image:
        return None
    names = ("sent_day", "answered_day", "rating", "delivery", "segments")
    plain = decode({name: image[name] for name in names if name in image})
    return Snapshot(
        sent_day=plain.get("sent_day", ""),
        answered_day=plain.get("answered_day", ""),
        rating=int(plain["rating"]) if "rating" in plain else None,
        delivery=Delivery(int(plain["delivery"])) if "delivery" in plain else None,
        segments=plain.get("segments", {}),
    )
