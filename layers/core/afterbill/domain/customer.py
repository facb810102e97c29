"""A customer as learned from events, whatever order they arrive in."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.domain.billing import BillingEvent

_PROFILE = ("address", "name", "locale", "country", "time_zone")


@dataclass(frozen=True, slots=True)
class Pending:
    """The survey this customer is waiting for; kept only where a cooldown lets surveys compete."""

    invitation_id: str
    priority: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """One person (one mail address); `version` is 0 until stored and rises with every write.

    `suppressed` holds the reason why nobody may write to this person, empty when there is none.
    """

    id: str
    version: int = 0
    address: str | None = None
    name: str | None = None
    locale: str | None = None
    country: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    profile_at: datetime | None = None
    last_asked_at: datetime | None = None
    last_adverse_at: datetime | None = None
    pending: Pending | None = None
    suppressed: str = ""
    deleted: bool = False
    merged_into: str | None = None


def learn(customer: Customer, event: BillingEvent) -> Customer:
    """Take what the event says: newer facts replace older ones, older ones only fill gaps."""
    ref = event.customer
    newer = customer.profile_at is None or event.occurred_at >= customer.profile_at
    said = {
        "address": (ref.email or "").strip() or None,
        "name": ref.name,
        "locale": ref.locale,
        "country": ref.country,
        "time_zone": ref.time_zone,
    }
    changes: dict[str, object] = {
        key: value for key, value in said.items() if value and (newer or getattr(customer, key) is None)
    }
    attributes = {**ref.attributes, **({"plan": event.plan} if event.plan else {})}
    first, second = (customer.attributes, attributes) if newer else (attributes, customer.attributes)
    learned = replace(
        customer,
        **changes,  # type: ignore[arg-type]  # keys are those of _PROFILE, values are strings
        attributes={**first, **second},
        deleted=ref.deleted if newer and ref.id else customer.deleted,
    )
    if learned == customer:
        return customer
    return replace(learned, profile_at=event.occurred_at if newer else customer.profile_at)


def merge(survivor: Customer, other: Customer) -> Customer:
    """Two customers found to be one: gaps are filled, the later time of each kind is kept."""
    filled = {key: getattr(survivor, key) or getattr(other, key) for key in _PROFILE}
    return replace(
        survivor,
        **filled,
        attributes={**other.attributes, **survivor.attributes},
        profile_at=_later(survivor.profile_at, other.profile_at),
        last_asked_at=_later(survivor.last_asked_at, other.last_asked_at),
        last_adverse_at=_later(survivor.last_adverse_at, other.last_adverse_at),
        pending=survivor.pending or other.pending,
        suppressed=survivor.suppressed or other.suppressed,
    )


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max((at for at in (first, second) if at), default=None)


def address_hash(address: str, key: bytes) -> str:
    """A keyed hash under which an address is recognised without being stored; letter case does not count."""
    return hmac.new(key, address.strip().casefold().encode(), hashlib.sha256).hexdigest()[:32]
