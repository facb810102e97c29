"""The facts of a seeded history as plain rows, and the statistics of a score, without any code of reports or pages.

Shares, intervals of shares and many comparisons at once are those of statsmodels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import erfc, sqrt
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from afterbill.model.invitation import Invitation, State

DAY = timedelta(days=1)
Z = float(norm.ppf(0.975))
LEAST, FEW = 10, 30
"""Answers below which there is no score, and below which nothing is compared."""

DIMENSIONS = ("touchpoint", "stage", "source", "plan", "country", "locale", "channel", "payment_method", "reason")

Body = dict[str, Any]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a customer, whether it was asked about, and what was answered."""

    id: str
    customer: str
    at: datetime
    day: date
    values: dict[str, str]
    skipped: str
    sent: date | None
    rating: int | None
    confirmed: bool
    answered_at: datetime | None
    answered: date | None
    money: int | None
    recurring: int | None
    products: tuple[str, ...]
    reported: str
    comment: str

    @property
    def touchpoint(self) -> str:
        return self.values["touchpoint"]

    @property
    def reason(self) -> str:
        return self.values["reason"]

    @property
    def standing(self) -> str:
        """The group of whoever gave this rating."""
        assert self.rating is not None
        return "promoter" if self.rating >= 9 else "detractor" if self.rating <= 6 else "passive"


def fact_of(one: Invitation, zone: ZoneInfo) -> Fact:
    """Read a fact of the history."""

    def day(at: datetime | None) -> date | None:
        return at.astimezone(zone).date() if at else None

    answer, money, recurring = one.answer, one.money, one.recurring
    assert not money or money.currency == "EUR"
    assert not recurring or (recurring.money.currency, recurring.every, recurring.unit) == ("EUR", 1, "month")
    known = {name: one.segments.get(name, "unknown") for name in ("plan", "country", "locale", "payment_method")}
    origin = {"touchpoint": str(one.touchpoint), "stage": one.stage, "source": one.source, "channel": str(one.channel)}
    return Fact(
        id=one.id,
        customer=one.customer_id,
        at=one.occurred_at,
        day=one.occurred_at.astimezone(zone).date(),
        values={**origin, **known, "reason": (answer and answer.reason) or "none"},
        skipped=str(one.reason) if one.state is State.CLOSED else "",
        sent=day(one.sent_at),
        rating=answer.rating if answer else None,
        confirmed=bool(answer and answer.confirmed),
        answered_at=one.answered_at,
        answered=day(one.answered_at),
        money=money.amount if money else None,
        recurring=recurring.money.amount if recurring else None,
        products=one.products,
        reported=one.reported_reason,
        comment=answer.comment if answer else "",
    )


@dataclass(frozen=True)
class History:
    """The facts and the days that are looked at: `length` days up to `last`; `then` or as many before to compare.

    `where` leaves one value of a dimension; what else happened to its customers is known all the same.
    """

    facts: Sequence[Fact]
    length: int
    last: date
    then: int = 0
    where: tuple[str, str] | None = None

    @property
    def first(self) -> date:
        return self.last - (self.length - 1) * DAY

    @cached_property
    def before(self) -> "History":
        return History(self.facts, self.then or self.length, self.first - DAY, where=self.where)

    def holds(self, day: date | None) -> bool:
        """True for a day of these."""
        return day is not None and self.first <= day <= self.last

    @cached_property
    def chosen(self) -> list[Fact]:
        """The facts that are looked at."""
        return [one for one in self.facts if self.where is None or one.values[self.where[0]] == self.where[1]]

    @cached_property
    def answers(self) -> list[Fact]:
        """The answers of these days in the order in which they were given."""
        found = [one for one in self.chosen if one.rating is not None and self.holds(one.answered)]
        return sorted(found, key=lambda one: (one.answered_at, one.id))

    @cached_property
    def end(self) -> date:
        """The last day of which anything is known."""
        return max(day for one in self.facts for day in (one.day, one.answered) if day)

    def of(self, customer: str) -> list[Fact]:
        """All that ever happened to a customer, in order."""
        return self._lives.get(customer, [])

    @cached_property
    def _lives(self) -> dict[str, list[Fact]]:
        return by(sorted(self.facts, key=lambda one: (one.at, one.id)), lambda one: one.customer)


def by(rows: Iterable[Fact], key: Callable[[Fact], Key]) -> dict[Key, list[Fact]]:
    """The rows by a key, in the order in which they come."""
    found: dict[Key, list[Fact]] = {}
    for one in rows:
        found.setdefault(key(one), []).append(one)
    return found


def good(rows: Sequence[Fact]) -> int:
    return sum(one.standing == "promoter" for one in rows)


def bad(rows: Sequence[Fact]) -> int:
    return sum(one.standing == "detractor" for one in rows)


def score(rows: Sequence[Fact]) -> float:
    return 100 * (good(rows) - bad(rows)) / len(rows)


def adjusted(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Mean and variance with three answers more, 3/4 of a promoter and 3/4 of a detractor (Rocks 2016)."""
    high, low = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    return high - low, (high + low - (high - low) ** 2) / (n + 3)


def interval(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a score; it holds the score, and ends at -100 and 100."""
    mean, variance = adjusted(promoters, detractors, n)
    point = 100 * (promoters - detractors) / n
    low, high = (100 * (mean + sign * Z * sqrt(variance)) for sign in (-1, 1))
    return max(-100.0, min(low, point)), min(100.0, max(high, point))


def chance(rows: Sequence[Fact], others: Sequence[Fact]) -> float:
    """The chance of a difference at least as large between two scores that are alike."""
    (one, spread), (two, width) = (adjusted(good(some), bad(some), len(some)) for some in (rows, others))
    z = (one - two) / sqrt(spread + width)
    return erfc(abs(z) / sqrt(2)) if z * (score(rows) - score(others)) > 0 else 1.0


def scored(rows: Sequence[Fact]) -> Body:
    """A score with its interval; below ten answers there is none."""
    if len(rows) < LEAST:
        return {"n": len(rows), "score": None, "low": None, "high": None, "few": True}
    low, high = interval(good(rows), bad(rows), len(rows))
    return {"n": len(rows), "score": score(rows), "low": low, "high": high, "few": len(rows) < FEW}


def apart(rows: Sequence[Fact], others: Sequence[Fact], name: str) -> Body:
    """The difference of two scores under this name, and its chance where both have answers enough."""
    fewest = min(len(rows), len(others))
    points = None if fewest < LEAST else score(rows) - score(others)
    return {name: points, "p": None if fewest < FEW else chance(rows, others)}


def judged(rows: Sequence[Body]) -> int:
    """Call real what is so among all these comparisons together; their number."""
    compared = [row for row in rows if row["p"] is not None]
    qs = multipletests([row["p"] for row in compared], method="fdr_bh")[1] if compared else []
    for row in rows:
        row |= {"q": None, "real": False}
    for row, q in zip(compared, qs, strict=True):
        row |= {"q": float(q), "real": bool(q <= 0.05)}
    return len(compared)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    low, high = proportion_confint(part, whole, method="wilson")
    return float(low), float(high)


def chance_of_shares(one: tuple[int, int], other: tuple[int, int]) -> float:
    """The level at which Newcombe's interval of the difference of two shares reaches 0."""
    if one[0] * other[1] == other[0] * one[1]:
        return 1.0
    ahead = one[0] / one[1] > other[0] / other[1]

    def nearest(z: float) -> float:
        ends = confint_proportions_2indep(*one, *other, method="newcomb", alpha=2 * norm.sf(z))
        return float(ends[0] if ahead else -ends[1])

    return float(2 * norm.sf(brentq(nearest, 1e-9, 35, xtol=1e-12)))
