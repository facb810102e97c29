"""Response rates beside scores: they come from another report, which is read only where that costs one read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.model.questions import Question
from afterbill_console.charts.scores import NET, SHARE
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import Figures, figures
from afterbill_console.visit import Visit

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rates:
    """Response rates of all, and of each value of a dimension; `known` is False where none were read."""

    known: bool = False
    all: float | None = None
    by_value: Mapping[tuple[str, str], Row] = field(default_factory=dict)

    def of(self, dimension: str, value: str) -> float | None:
        """Return the rate of a value."""
        row = self.by_value.get((dimension, value))
        return row["rate"] if row else None

    def invited(self, dimension: str, value: str) -> int:
        """Return how many were asked."""
        row = self.by_value.get((dimension, value))
        return row["invited"] if row else 0


def body(found: Figures) -> Row | None:
    """Return what a report says; None where it is not there, or could not say anything at all."""
    return (
        None
        if not found or found.document.get("why") in {"failed", "not_archived", "no_such_value"}
        else found.document
    )


def rates(visit: Visit, deps: ConsoleDeps, found: Figures) -> Rates:
    """Return the response rates that belong beside a report.

    Under a filter there are none by value, and a page would need a fourth read: the page of coverage has them.
    """
    if body(found) is None or visit.filters.where:
        return Rates()
    coverage = body(figures(visit, deps, "coverage"))
    if coverage is None:
        return Rates()
    counted = {row["step"]: row["count"] for row in coverage["rows"]}
    rows = {(row["dimension"], row["value"]): row for row in coverage["answered_by"] or ()}
    sent = counted.get("sent", 0)
    return Rates(known=True, all=counted["answered"] / sent if sent else None, by_value=rows)


def lowest(visit: Visit) -> int:
    """Return the lower end of the axis of scores: only the recommendation has a net score, others a share."""
    return NET if visit.filters.question is Question.NPS else SHARE


def refresh(*found: Figures) -> int | None:
    """Return the seconds after which a page looks again, where a report is being computed."""
    return 5 if any(one.state == "computing" for one in found) else None
