"""The gate of a channel whose service takes nothing more for hours: it closes, and then one survey probes.

SES counts a day's mails over the last 24 hours, so a quota that is used up frees itself bit by bit; the spend limit of
text messages ends with the month.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.outreach.sending_window import moment_in

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(hours=1), timedelta(hours=4)
_PROBE = timedelta(minutes=5)
"""More than a sender takes: if it dies, the next survey after this probes."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that is closed: since when the quota is used up, until when nothing is tried, and for how long that is."""

    since: datetime
    until: datetime
    pause: timedelta

    def back_at(self, key: str) -> datetime:
        """Return a moment after it, spread by `key` over as long as it was closed."""
        return moment_in((self.until, self.until + self.pause), key, timedelta(0))

    def holds(self, now: datetime) -> bool:
        """Return whether surveys wait for it, until one of them probes; later nobody knows how things stand."""
        return now < self.until + self.pause

    def probed(self, now: datetime) -> "Gate":
        """Return the gate while one survey probes: closed for all others."""
        return replace(self, until=now + _PROBE)


def closed(known: Gate | None, now: datetime) -> Gate:
    """Return the gate after the service said that the quota is used up: each pause is twice the one before, to 4 h."""
    if known is None:
        return Gate(now, now + _FIRST_PAUSE, _FIRST_PAUSE)
    pause = min(2 * known.pause, _LONGEST_PAUSE)
    return Gate(known.since, now + pause, pause)
