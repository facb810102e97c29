"""The time that customers go without an event, where not all could be followed to the end.

The share without it is that of Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations" (Journal of
the American Statistical Association 53, 1958), its interval Greenwood's on the scale log(-log). Groups are compared by
the log-rank test: Mantel, "Evaluation of Survival Data" (Cancer Chemotherapy Reports 50, 1966), in the form of Peto.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import erfc, exp, gamma, log, sqrt

from afterbill.insight.nps import Z95

_NOTHING = 1e-12
"""Share of a variance below which nothing is left of it but rounding."""


@dataclass(slots=True)
class Followed:
    """A group: how many had the event after so many days, and how many were followed that long without it."""

    events: Counter[int] = field(default_factory=Counter)
    censored: Counter[int] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """The number of those in the group."""
        return self.events.total() + self.censored.total()

    @property
    def longest(self) -> int:
        """The day up to which somebody was followed; 0 without anybody."""
        return max((*self.events, *self.censored), default=0)

    def add(self, days: int, count: int, *, happened: bool) -> None:
        """Count so many with the event after these days, or followed for these days without it."""
        (self.events if happened else self.censored)[days] += count


@dataclass(frozen=True, slots=True)
class Step:
    """From this day on the share without the event is `survival`, 0 to 1, with its 95 % interval.

    `at_risk` were followed without the event until this day, and may have it on it. There is no interval where nothing
    happened yet, or to everybody.
    """

    day: int
    at_risk: int
    survival: float
    low: float | None
    high: float | None


def kaplan_meier(group: Followed, days: Sequence[int]) -> list[Step]:
    """Return the share without the event on each of these days that somebody was followed to."""
    moments = sorted(group.events)
    shares, spread = [1.0], [0.0]
    for day, at_risk in zip(moments, at_risk_on(group, moments), strict=True):
        had, stayed = group.events[day], at_risk - group.events[day]
        shares.append(shares[-1] * stayed / at_risk)
        spread.append(spread[-1] + had / (at_risk * stayed) if stayed else 0.0)
    reached = [day for day in days if day <= group.longest] if group.n else []
    steps = []
    for day, at_risk in zip(reached, at_risk_on(group, reached), strict=True):
        place = bisect_right(moments, day)
        steps.append(Step(day, at_risk, shares[place], *_interval(shares[place], spread[place])))
    return steps


def median(group: Followed) -> int | None:
    """Return the first day by which at least half had the event; None where fewer had it in the time followed."""
    moments = sorted(group.events)
    return next((step.day for step in kaplan_meier(group, moments) if step.survival <= 0.5 + _NOTHING), None)


def at_risk_on(group: Followed, days: Sequence[int]) -> list[int]:
    """Return how many were followed without the event until each of these days, which ascend."""
    left = sorted([*group.events.items(), *group.censored.items()])
    found, place, n = [], 0, group.n
    for day in days:
        while place < len(left) and left[place][0] < day:
            n -= left[place][1]
            place += 1
        found.append(n)
    return found


@dataclass(frozen=True, slots=True)
class LogRank:
    """The distance of groups as chi-square of `df` degrees of freedom, and the chance of one at least as large."""

    chi2: float
    df: int
    p: float


def logrank(groups: Sequence[Followed]) -> LogRank | None:
    """Return the comparison of the groups; None where fewer than two are there together when something happens."""
    moments = sorted(set().union(*(group.events for group in groups)))
    risks = [at_risk_on(group, moments) for group in groups]
    places = range(len(groups) - 1)  # the last group is where the others are not
    apart = [0.0] * len(places)
    spread = [[0.0] * len(places) for _ in places]
    for day, *risk in zip(moments, *risks, strict=True):
        happened, everybody = sum(group.events[day] for group in groups), sum(risk)
        scale = happened * (everybody - happened) / (everybody - 1) if everybody > 1 else 0.0
        for row in places:
            share = risk[row] / everybody
            apart[row] += groups[row].events[day] - happened * share
            for column in places:
                spread[row][column] += scale * share * ((row == column) - risk[column] / everybody)
    chi2, df = _quadratic(apart, spread)
    return LogRank(chi2, df, chi2_above(chi2, df)) if df else None


def chi2_above(x: float, df: int) -> float:
    """Return the chance that chi-square of `df` degrees of freedom, 1 or more, is above x."""
    half = x / 2
    odd = df % 2
    terms = sum(float(half ** (k - odd / 2)) / gamma(k + 1 - odd / 2) for k in range(odd, (df + odd) // 2))
    return (erfc(sqrt(half)) if odd else 0.0) + exp(-half) * terms


def _interval(share: float, spread: float) -> tuple[float | None, float | None]:
    if not spread or not 0 < share < 1:
        return None, None
    margin = Z95 * sqrt(spread) / log(share)
    return float(share ** exp(-margin)), float(share ** exp(margin))


def _quadratic(vector: Sequence[float], matrix: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Return v' M^-1 v and the rank of M, which is symmetric; groups that never were at risk with others drop out."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    least = _NOTHING * max((row[place] for place, row in enumerate(rows)), default=0.0)
    total, rank = 0.0, 0
    for place, row in enumerate(rows):
        if row[place] <= least:
            continue
        total, rank = total + row[-1] ** 2 / row[place], rank + 1
        for lower in rows[place + 1 :]:
            factor = lower[place] / row[place]
            lower[:] = [value - factor * above for value, above in zip(lower, row, strict=True)]
    return total, rank
