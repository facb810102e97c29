"""The words of reports: what is asked, by which rules of the operator, and of which part of all answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from afterbill.insight.periods import Window
from afterbill.model.questions import Question

Scope = tuple[str, str]
"""A dimension and one value of it, such as ("plan", "Team"); EVERYTHING for no filter."""

EVERYTHING: Scope = ("", "")

OWN = ("touchpoint", "stage", "source", "plan", "country", "locale", "channel", "brand", "payment_method", "reason")
"""The dimensions that every stack has, as columns."""

MOST_SEGMENTS = 5
"""Dimensions that an operator may declare; a statement has a column for each."""

PERIODS = ("day", "week", "month")
"""The lengths of a period of the report `trend`; a request names one of them in `by`."""

Body = Mapping[str, Any]
"""The content of a report within one scope: `rows`, and what belongs beside them; ready for JSON."""

LEAST = 10
"""Answers below which there is no score: one answer more would turn it around."""

FEW = 30
"""Answers below which a score is marked as one of few, and nothing is called a real difference."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One report that is wanted: of these days, of one question.

    With `where` (at most two scopes, both hold) it is computed for what they leave alone. `compare` is a second window,
    the one before by default; `by` are the dimensions that are wanted, all by default.
    """

    window: Window
    question: Question = Question.NPS
    where: tuple[Scope, ...] = ()
    compare: Window | None = None
    by: tuple[str, ...] = ()

    @property
    def before(self) -> Window:
        """The window to compare with."""
        return self.compare or self.window.before


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one unit of a currency in the operator's currency, from `since` on."""

    since: date
    currency: str
    price: float


@dataclass(frozen=True, slots=True)
class ReportRules:
    """The part of surveys.toml that is about reports.

    `segments` are the declared dimensions, in their order; `pairs` of dimensions are compared too. `currency` is the
    one in which amounts are added up. `unconfirmed`: whether unconfirmed answers count. `stages` gives the touchpoints
    of each stage, `journey` is the table as it stands: `journey_plan` reads it. `lag`
    is the time from a fact to its answer, at most.
    """

    segments: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    currency: str = "EUR"
    rates: tuple[Rate, ...] = ()
    unconfirmed: bool = True
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    journey: Mapping[str, Any] = field(default_factory=dict)
    lag: timedelta = timedelta(days=130)


class Engine(Protocol):
    """The place in which SQL over the archive runs: DuckDB over its files, or Athena."""

    def rows(self, sql: str, parameters: Mapping[str, str | int | date]) -> Sequence[tuple[Any, ...]]:
        """Return the rows; `:name` in the text stands for a parameter, which never becomes a part of the text."""


class Report(Protocol):
    """One kind of report: a module of this package."""

    def compute(self, engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
        """Return what it says of everything, and of each value of each dimension that occurs.

        With `asked.where` it says something of EVERYTHING alone, which is what the filter leaves.
        """


def document(name: str, asked: Asked, scope: Scope, body: Body, computed_at: datetime) -> dict[str, Any]:
    """Return the report as it is read: what was asked, when it was computed, and what it says."""
    where = asked.where or ((scope,) if scope != EVERYTHING else ())
    return {
        "report": name,
        "window": asked.window.name,
        "first": str(asked.window.first),
        "last": str(asked.window.last),
        "question": asked.question.value,
        "where": dict(where),
        "computed_at": computed_at.isoformat(timespec="seconds"),
        **body,
    }
