"""The receipt of an executed request: counts, times and what ends when, signed; nothing in it is about a person.

A receipt is JSON in one form: sorted keys, no blanks, UTF-8. Its `signature` is the HMAC-SHA256 of that form without
the signature, so it does not matter how a file was indented, and everything that it says is signed.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from afterbill.model.privacy import PrivacyRequest, Removed

VERSION = 1
LARGEST = 100_000
"""Bytes that a file may have to be read as a receipt."""
_SIGNATURE = "signature"
_NAMED = frozenset({"version", "request", "kind", "stack", _SIGNATURE})
_DIGITS = 64
NOT_REMOVED = frozenset({Removed.OBJECTIONS_KEPT, Removed.ROWS_KEPT, Removed.ANSWERS_KEPT})
"""Kinds that are counted and stay."""


class Verdict(StrEnum):
    """The verdict about a file that is said to be a receipt."""

    GENUINE = "genuine"
    NO_RECEIPT = "no_receipt"
    OTHER_VERSION = "other_version"
    OTHER_STACK = "other_stack"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Remains:
    """One kind of what is left: what, `ends_at` the latest, or never, and how many of it there are, if known.

    `kept` is what stays on purpose; anything else is a copy that is left to end by itself.
    """

    what: str
    ends_at: datetime | None
    count: int | None = None
    kept: bool = False

    def stated(self) -> dict[str, Any]:
        """Return the JSON object."""
        counted = {} if self.count is None else {"count": self.count}
        return {"what": self.what, "ends_at": _moment(self.ends_at)} | counted


def receipt(request: PrivacyRequest, stack: str, at: datetime, remains: Sequence[Remains], key: bytes) -> str:
    """Return the signed receipt of how far the request has come `at` this moment, in its one form."""
    said = stated(request, stack, at, remains)
    return _canonical(said | {_SIGNATURE: _signature(said, key)}).decode()


def stated(request: PrivacyRequest, stack: str, at: datetime, remains: Sequence[Remains]) -> dict[str, Any]:
    """Return what a receipt says, without its signature; `done_at` is null until the second look is over."""
    return {
        "version": VERSION,
        "request": request.id,
        "kind": request.kind.value,
        "stack": stack,
        "state": request.state.value,
        "requested_at": _moment(request.requested_at),
        "settle_at": _moment(request.settle_at),
        "done_at": _moment(request.done_at),
        "issued_at": _moment(at),
        "people": request.found,
        "kept_for_other_sources": request.shared,
        "removed": {kind: number for kind, number in request.removed.items() if kind not in NOT_REMOVED},
        "remains": [one.stated() for one in remains if not one.kept],
        "kept": [one.stated() for one in remains if one.kept],
        "objections_kept": request.removed.get(Removed.OBJECTIONS_KEPT, 0),
        "rows_kept_anonymous": request.removed.get(Removed.ROWS_KEPT, 0),
        "answers_kept_anonymous": request.removed.get(Removed.ANSWERS_KEPT, 0),
    }


def verify(content: bytes, stack: str, key: bytes) -> Verdict:
    """Return whether these bytes are a receipt that was signed with this key and not changed since."""
    said = _parsed(content)
    if said is None or not said.keys() >= _NAMED:
        return Verdict.NO_RECEIPT
    if said["version"] != VERSION or isinstance(said["version"], bool):
        return Verdict.OTHER_VERSION
    signature = said.pop(_SIGNATURE)
    if not isinstance(signature, str) or len(signature) != _DIGITS or not signature.isascii():
        return Verdict.CHANGED
    if hmac.compare_digest(signature, _signature(said, key)):
        return Verdict.GENUINE
    return Verdict.CHANGED if said["stack"] == stack else Verdict.OTHER_STACK


def parts(content: bytes) -> Mapping[str, Any]:
    """Return what a receipt says; call it for a genuine one."""
    return _parsed(content) or {}


def _parsed(content: bytes) -> dict[str, Any] | None:
    """Return the object that these bytes are in JSON; None for anything that no receipt can be."""
    if len(content) > LARGEST:
        return None
    try:
        said = json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=_once, parse_float=_never, parse_constant=_never
        )
        _canonical(said)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says two things under one name: readers differ in which of them counts."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _never(_number: str) -> None:
    """Refuse fractions, NaN and Infinity, which no receipt holds."""
    raise ValueError


def _canonical(said: Mapping[str, Any]) -> bytes:
    """Return the one form; ValueError for half of a surrogate pair, which has none."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _signature(said: Mapping[str, Any], key: bytes) -> str:
    return hmac.digest(key, _canonical(said), "sha256").hex()


def _moment(at: datetime | None) -> str | None:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None
