"""The rates of bounces and complaints at which sending stops, before SES stops it.

SES reviews an account at 5 % bounces or 0.1 % complaints and may pause it at 10 % or 0.5 %, over as many mails as it
finds typical of the account: for a small sender, those of months (Developer Guide, "Reputation metrics messages").
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, rolling
from afterbill.outreach.caps import SendingCaps

WATCHED_DAYS = 7
"""Days looked at together, today included."""

MIN_BOUNCES = 5
"""Fewer stop nobody, whatever the rate. Where 1 % bounce, chance brings so many in fewer than one week in a hundred."""

MIN_COMPLAINTS = 3
"""Fewer stop nobody, likewise, where 0.01 % complain. Few mail systems report complaints: each stands for several."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of mails sent, and of those among them that bounced for good or were complained about."""

    sent: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def bounce_rate(self) -> float:
        """The share that bounced, 0 to 1; 0 where nothing was sent."""
        return self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        """The share that was complained about, likewise."""
        return self.complained / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class SendingPause:
    """The pause of all sending: its `reason` (empty: none), its begin, and the figures if they caused it.

    `resumed_on` is the local day on which it was last resumed.
    """

    reason: str = ""
    since: datetime | None = None
    figures: Figures | None = None
    resumed_on: date | None = None


def watched(today: date, resumed_on: date | None) -> Window | None:
    """Return the days that count, up to today. Days up to a resume do not count, so on that day it is None."""
    window = rolling(WATCHED_DAYS, today)
    if resumed_on is None or resumed_on < window.first:
        return window
    return Window(window.name, resumed_on + timedelta(days=1), today) if resumed_on < today else None


def figures_of(tally: Tally) -> Figures:
    """Return the figures in a tally."""
    return Figures(tally.sent, tally.bounced, tally.complained)


def excess(figures: Figures, sending: SendingCaps) -> str:
    """Return why sending must stop, in words for an operator; empty where it may go on."""
    reasons = []
    if figures.bounced >= MIN_BOUNCES and figures.bounce_rate >= sending.max_bounce_rate:
        rate, limit = percent(figures.bounce_rate), percent(sending.max_bounce_rate)
        reasons.append(f"{figures.bounced} of {figures.sent} mails bounced ({rate}, the limit is {limit})")
    if figures.complained >= MIN_COMPLAINTS and figures.complaint_rate >= sending.max_complaint_rate:
        rate, limit = percent(figures.complaint_rate), percent(sending.max_complaint_rate)
        reasons.append(f"{figures.complained} of {figures.sent} mails were called spam ({rate}, the limit is {limit})")
    return "; ".join(reasons)


def percent(share: float) -> str:
    """Format a share as `0.08 %`; rates of complaints need two places."""
    return f"{100 * share:.2f} %"
