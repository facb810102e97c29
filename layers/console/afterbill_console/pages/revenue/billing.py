"""Scores at each step of a bill, and how long failed payments stay open."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.behind import answers_of
from afterbill_console.beside import Row, body, lowest, refresh
from afterbill_console.charts import Chart, intervals
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.names import dimension, value
from afterbill_console.visit import Content, Visit

DUNNING = "dunning"
MOST_REASONS, MOST_PARTS = 3, 8
"""Lengths of the lists of a row, and of the sources or methods of a step."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step, or one source or method of it, with the reasons that were named most."""

    name: str
    row: Row
    answers: str | None
    reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a bill in all, and by source and by method of payment."""

    line: Line
    parts: Sequence[tuple[str, Sequence[Line]]]


def show(visit: Visit, deps: ConsoleDeps) -> Content:
    """Return the view."""
    report = figures(visit, deps, "billing")
    said = body(report)
    steps = _steps(visit, said["rows"]) if said else []
    failed = next((step.line.row["until_paid"] for step in steps if "until_paid" in step.line.row), None)
    return Content(
        "revenue/billing.html",
        {"report": report, "said": said, "steps": steps, "chart": _chart(visit, steps), "failed": failed},
        refresh=refresh(report),
    )


def _steps(visit: Visit, rows: Sequence[Row]) -> list[Step]:
    found = []
    for name in dict.fromkeys(row["step"] for row in rows):
        mine = [row for row in rows if row["step"] == name]
        whole = next(row for row in mine if row["dimension"] == "all")
        parts = [
            (dimension(visit.t, by), [_line(visit, row, value(visit.t, by, row["value"])) for row in some[:MOST_PARTS]])
            for by in ("source", "payment_method")
            if len(some := [row for row in mine if row["dimension"] == by and row["n"]]) > 1
        ]
        found.append(Step(_line(visit, whole, _name(visit, name)), parts))
    return found


def _name(visit: Visit, step: str) -> str:
    return visit.t("words.step_dunning") if step == DUNNING else value(visit.t, "touchpoint", step)


def _line(visit: Visit, row: Row, name: str) -> Line:
    answers = None if row["step"] == DUNNING else answers_of(visit, "touchpoint", row["step"])
    if answers and row["dimension"] == "source":
        answers = answers_of(visit, "touchpoint + source", f"{row['step']} + {row['value']}")
    reasons = [(value(visit.t, "reason", one["reason"]), one["n"]) for one in row["reasons"][:MOST_REASONS]]
    return Line(name, row, answers if row["dimension"] != "payment_method" else None, reasons)


def _chart(visit: Visit, steps: Sequence[Step]) -> Chart | None:
    """Return the scores of the steps; the title names the lowest."""
    scored = [step.line for step in steps if step.line.row["score"] is not None]
    if not scored:
        return None
    rows = [
        intervals.Interval(
            line.name,
            line.row["n"],
            line.row["score"],
            line.row["low"],
            line.row["high"],
            real=False,
            few=line.row["few"],
            link=line.answers,
        )
        for line in scored
    ]
    worst = min(scored, key=lambda line: line.row["score"])
    title = visit.t("revenue.finding_billing", step=worst.name, score=visit.numbers.score(worst.row["score"]))
    return intervals.intervals(rows, title, visit.t, visit.numbers, lowest=lowest(visit))
