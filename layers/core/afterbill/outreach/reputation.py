"""The rates of bounces and complaints at which sending stops, before SES stops it.

SES reviews an account at 5 % bounces or 0.1 % complaints and may pause it at 10 % or 0.5 %, over as many mails as it
finds typical of the account: for a small sender, those of months (Developer Guide, "Reputation metrics messages").
A week of a small sender says less, and anybody who gives dead addresses can spoil it. So a week counts as no fewer
mails than a floor, and what costs an outsider nothing counts half.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, rolling
from afterbill.model.billing import Touchpoint
from afterbill.outreach.caps import SendingCaps

WATCHED_DAYS = 7
"""Days looked at together, today included."""

FREE = frozenset(
    {
        Touchpoint.SIGNED_UP,
        Touchpoint.ESTIMATE_ACCEPTED,
        Touchpoint.TRIAL_ENDING,
        Touchpoint.SUBSCRIPTION_STARTED,
        Touchpoint.PAYMENT_FAILED,
        Touchpoint.UPGRADED,
        Touchpoint.DOWNGRADED,
        Touchpoint.CANCELLED,
        Touchpoint.ORDER_CANCELLED,
        Touchpoint.SUPPORT_RESOLVED,
    }
)
"""Touchpoints that anybody can bring about without paying, as often as they like.

A trial can be upgraded. Orders of zero are no matter of these: `paid_only`, as shipped, asks nobody about them.
"""

MOST_NAMED = 3
"""Origins named in a reason."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of mails sent, and of those among them that bounced for good or were complained about.

    The free ones are those among them whose touchpoint is FREE.
    """

    sent: int = 0
    bounced: int = 0
    complained: int = 0
    free_bounced: int = 0
    free_complained: int = 0

    @property
    def bounce_rate(self) -> float:
        """The share that bounced, 0 to 1; 0 where nothing was sent."""
        return self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        """The share that was complained about, likewise."""
        return self.complained / self.sent if self.sent else 0.0


Origins = Mapping[str, Tally]
"""The mails of the watched days by what caused them, `source/touchpoint`."""


@dataclass(frozen=True, slots=True)
class SendingPause:
    """The pause of all sending: its `reason` (empty: none), its begin, and the figures if they caused it.

    `resumed_on` is the local day on which it was last resumed.
    """

    reason: str = ""
    since: datetime | None = None
    figures: Figures | None = None
    resumed_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Measure:
    """One rate: its count in figures and tallies, and its `floor`, the fewest mails that a week counts as.

    Fewer than `fewest` are not worth a warning.
    """

    name: str
    happened: str
    floor: int
    fewest: int

    def limit(self, sending: SendingCaps) -> float:
        """The share of all mails from which sending stops."""
        return sending.max_bounce_rate if self.name == "bounced" else sending.max_complaint_rate

    def counted(self, figures: Figures) -> int:
        """How many there are."""
        number: int = getattr(figures, self.name)
        return number

    def free(self, figures: Figures) -> int:
        """How many of them are free."""
        number: int = getattr(figures, f"free_{self.name}")
        return number

    def weighed(self, figures: Figures) -> float:
        """How many there are, the free ones by half."""
        return self.counted(figures) - self.free(figures) / 2

    def needed(self, figures: Figures, sending: SendingCaps) -> int:
        """How many stop sending at this volume."""
        return ceil(self.limit(sending) * max(figures.sent, self.floor))


BOUNCES = _Measure("bounced", "bounced", floor=1_000, fewest=5)
"""At the shipped 4 %: 40 in a week. SES reviews at 50 in a thousand, and few small senders are judged by fewer."""

COMPLAINTS = _Measure("complained", "were called spam", floor=10_000, fewest=3)
"""At the shipped 0.08 %: 8 in a week. Few mail systems report complaints: each stands for several."""


def watched(today: date, resumed_on: date | None) -> Window | None:
    """Return the days that count, up to today. Days up to a resume do not count, so on that day it is None."""
    window = rolling(WATCHED_DAYS, today)
    if resumed_on is None or resumed_on < window.first:
        return window
    return Window(window.name, resumed_on + timedelta(days=1), today) if resumed_on < today else None


def figures_of(tally: Tally, origins: Origins) -> Figures:
    """Return the figures in a tally; what `origins` leave out of it cost somebody something."""
    free = [each for name, each in origins.items() if name.rpartition("/")[2] in FREE]
    bounced, complained = sum(each.bounced for each in free), sum(each.complained for each in free)
    return Figures(tally.sent, tally.bounced, tally.complained, bounced, complained)


def excess(figures: Figures, origins: Origins, sending: SendingCaps) -> str:
    """Return why sending must stop and who caused it, in words for an operator; empty where it may go on."""
    exceeded = (each for each in (BOUNCES, COMPLAINTS) if _exceeds(each, figures, sending))
    return "; ".join(_told(each, figures, origins, sending) for each in exceeded)


def risk(figures: Figures, origins: Origins, sending: SendingCaps) -> str:
    """Return what is over its limit but too few mails to stop for, likewise; empty where nothing is."""
    near = (
        each
        for each in (BOUNCES, COMPLAINTS)
        if each.counted(figures) >= max(each.fewest, each.limit(sending) * figures.sent)
        and not _exceeds(each, figures, sending)
    )
    return "; ".join(
        f"{_told(each, figures, origins, sending)}; too few to stop sending: {_missing(each, figures, sending)}"
        for each in near
    )


def _missing(measure: _Measure, figures: Figures, sending: SendingCaps) -> str:
    """Return what they count as, where that is less than they are, and where sending stops."""
    stops = f"sending stops at {measure.needed(figures, sending)}"
    if not measure.free(figures):
        return stops
    return (
        f"they count as {measure.weighed(figures):.10g}, for what anybody can cause without paying counts half; {stops}"
    )


def _exceeds(measure: _Measure, figures: Figures, sending: SendingCaps) -> bool:
    return measure.weighed(figures) / max(figures.sent, measure.floor) >= measure.limit(sending)


def _told(measure: _Measure, figures: Figures, origins: Origins, sending: SendingCaps) -> str:
    number, limit = measure.counted(figures), percent(measure.limit(sending))
    rate = f"{percent(number / figures.sent)}, the limit is {limit}"
    causes = ", ".join(_causes(measure, number, origins))
    return f"{number} of {figures.sent} mails {measure.happened} ({rate})" + (f": {causes}" if causes else "")


def _causes(measure: _Measure, number: int, origins: Origins) -> Iterator[str]:
    """Yield the origins of most of them: `38 of 41 about signed_up of source shop`."""
    counts = {name: getattr(tally, measure.name) for name, tally in origins.items()}
    worst = sorted((-count, name) for name, count in counts.items() if count)
    for _, name in worst[:MOST_NAMED]:
        source, _, touchpoint = name.rpartition("/")
        about = f"about {touchpoint} of source {source}" if source else "of other origins"
        free = " (anybody can cause it without paying)" if touchpoint in FREE else ""
        yield f"{counts[name]} of {origins[name].sent} {about}{free}"
    rest = number - sum(counts[name] for _, name in worst[:MOST_NAMED])
    if rest > 0 and worst:
        yield f"{rest} of others"


def percent(share: float) -> str:
    """Format a share as `0.08 %`; rates of complaints need two places."""
    return f"{100 * share:.2f} %"
