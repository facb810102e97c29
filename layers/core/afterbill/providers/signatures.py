"""What signature schemes have in common: a signed time, and comparisons that tell nothing."""

import hmac
from collections.abc import Iterable, Sequence

_DIGITS = 15
"""Enough for milliseconds and microseconds, which are refused as a time in the future, not as malformed."""


def seconds(value: str) -> int | None:
    """Unix seconds in ASCII digits; int() alone would also take other scripts' digits, "1_0" and " 5"."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= _DIGITS else None


def any_match(expected: Iterable[str], presented: Sequence[str]) -> bool:
    """Whether one presented signature is an expected one; every pair is compared, in constant time."""
    candidates = [candidate.encode("utf-8", "replace") for candidate in presented]
    results = [hmac.compare_digest(mac.encode(), candidate) for mac in expected for candidate in candidates]
    return any(results)


def digest(key: bytes, signed: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, signed, "sha256")
