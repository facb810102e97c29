"""Limits of sending: caps per hour and day for all mails, quotas per month for one touchpoint."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from afterbill.model.invitation import SkipReason


@dataclass(frozen=True, slots=True)
class SendingCaps:
    """The limits for all mails together; 0 is no cap.

    The rates are shares of the mails sent, bounced for good or complained about, above which sending stops.
    """

    per_hour: int = 0
    per_day: int = 0
    max_bounce_rate: float = 0.04
    max_complaint_rate: float = 0.0008


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` mails are counted under `counter`, which is forgotten at `until`: then another one begins."""

    counter: str
    most: int
    until: datetime
    reason: SkipReason


def caps_of(touchpoint: str, quota: int, sending: SendingCaps, zone: tzinfo, now: datetime) -> tuple[Cap, ...]:
    """Return the caps that a mail sent at `now` counts against; hours and days are UTC's, months the operator's."""
    caps = []
    if quota:
        month = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = (month + timedelta(days=32)).replace(day=1).astimezone(UTC)
        caps.append(Cap(f"quota#{touchpoint}#{month:%Y-%m}", quota, following, SkipReason.QUOTA))
    hour = now.replace(minute=0, second=0, microsecond=0)
    if sending.per_day:
        day = hour.replace(hour=0)
        caps.append(Cap(f"day#{day:%Y-%m-%d}", sending.per_day, day + timedelta(days=1), SkipReason.LIMIT))
    if sending.per_hour:
        until = hour + timedelta(hours=1)
        caps.append(Cap(f"hour#{hour:%Y-%m-%dT%H}", sending.per_hour, until, SkipReason.LIMIT))
    return tuple(caps)
