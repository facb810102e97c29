"""A webhook before it is understood: who sent it, and why it may be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

TOLERANCE = timedelta(minutes=5)
"""How far a signed timestamp may lie in the past or in the future: Stripe's and Standard Webhooks' default."""

_TOLERANCE_SECONDS = int(TOLERANCE.total_seconds())

MAX_BODY_BYTES = 1_000_000
"""Largest body accepted; with its attributes it must fit one SQS message of 1 MiB."""

TEST_HEADER = "x-afterbill-test"
"""Marks a webhook of `afterbill source test`: in the log, so that nobody takes it for one of the billing system."""


class Refusal(StrEnum):
    """The reason why a signature was not accepted."""

    MISSING = "signature_missing"
    MALFORMED = "signature_malformed"
    STALE = "timestamp_stale"
    FUTURE = "timestamp_future"
    MISMATCH = "signature_mismatch"


@dataclass(frozen=True, slots=True)
class Source:
    """One configured webhook endpoint, `/webhooks/<name>`.

    `test_mode` lets what the provider marks as a test reach mailboxes; `sandbox` says that everything here is one.
    `account` names the shop, site, tenant or merchant: what another one sent is ignored, and where ids are unique in
    an account only, it is part of every fact. `url` is the address as it was registered with the provider, where that
    is signed; `api_url` replaces the provider's own. `currency` is assumed where a payload names none, `time_zone` (an
    IANA name, UTC without one) where a day names no hour.
    `fields` and `types` map a foreign body onto the neutral one.
    """

    name: str
    provider: str
    account: str = ""
    test_mode: bool = False
    sandbox: bool = False
    url: str = ""
    api_url: str = ""
    webhook_id: str = ""
    currency: str = ""
    time_zone: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        """The name that tells this account from others of the provider."""
        return self.account or self.name


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request as it arrived, later only its signed bytes; header names are lower case.

    `url` is the address its source registered, where one is configured. `part` numbers a slice of a long batch.
    """

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply that a provider wants; a body of None is ours to choose."""

    status: int
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def check_time(signed_at: int, now: datetime) -> Refusal | None:
    """Refuse a timestamp (Unix seconds) further from `now` than the tolerance, in either direction."""
    drift = int(now.timestamp()) - signed_at  # whole numbers: a signed one may be too large for a float
    if drift > _TOLERANCE_SECONDS:
        return Refusal.STALE
    return Refusal.FUTURE if -drift > _TOLERANCE_SECONDS else None
