"""A webhook before it is understood: who sent it, and why it may be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

TOLERANCE = timedelta(minutes=5)
"""How far a signed timestamp may lie in the past or in the future: Stripe's and Standard Webhooks' default."""

MAX_BODY_BYTES = 1_000_000
"""Largest body accepted; with its attributes it must fit one SQS message of 1 MiB."""


class Refusal(StrEnum):
    """Why a signature was not accepted."""

    MISSING = "signature_missing"
    MALFORMED = "signature_malformed"
    STALE = "timestamp_stale"
    FUTURE = "timestamp_future"
    MISMATCH = "signature_mismatch"


@dataclass(frozen=True, slots=True)
class Source:
    """One configured webhook endpoint; `fields` and `types` map a foreign body onto the neutral one."""

    name: str
    provider: str
    test_mode: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Signed bytes as they arrived; header names are lower case."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def check_time(signed_at: int, now: datetime) -> Refusal | None:
    """Refuse a timestamp (Unix seconds) further from `now` than the tolerance, in either direction."""
    drift = int(now.timestamp()) - signed_at  # whole numbers: a signed one may be too large for a float
    if drift > TOLERANCE.total_seconds():
        return Refusal.STALE
    return Refusal.FUTURE if -drift > TOLERANCE.total_seconds() else None
