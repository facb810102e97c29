"""Reasons: the parts that sum to the score, the reasons that billing systems report, and what the score goes with."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.behind import answers_of
from afterbill_console.beside import Row, body, rates, refresh
from afterbill_console.charts import Chart, bars
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.names import dimension, value
from afterbill_console.visit import Content, Shown, Visit


@dataclass(frozen=True, slots=True)
class Reason:
    """A row of the table; `within` leads to this page for it alone, `answers` to the answers that name it."""

    name: str
    row: Row
    within: str
    answers: str | None


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    report = figures(visit, deps, "drivers")
    beside = rates(visit, deps, report)
    said = body(report)
    attributes = said.get("attributes") if said else None
    return Content(
        "drivers.html",
        {
            "report": report,
            "said": said,
            "rate": beside.all,
            "reasons": [_reason(visit, row) for row in said["rows"]] if said else [],
            "chart": _chart(visit, said) if said and said["rows"] else None,
            "reported": _reported(visit, said["reported"]) if said and said["reported"] else None,
            "attributes": attributes,
            "goes_with": _goes_with(visit, attributes["rows"]) if attributes and attributes["rows"] else None,
        },
        refresh=refresh(report),
    )


def _reason(visit: Visit, row: Row) -> Reason:
    name = row["reason"]
    within = visit.filters.within("reason", name).link("/app/drivers")
    return Reason(value(visit.t, "reason", name), row, within, answers_of(visit, "reason", name))


def _chart(visit: Visit, said: Row) -> Chart:
    """Return the contributions, what adds most first: they sum to the score."""
    rows = sorted(said["rows"], key=lambda row: -row["contribution"])
    parts = [
        bars.Part(
            value(visit.t, "reason", row["reason"]),
            row["contribution"],
            visit.t(
                "drivers.part",
                points=_signed(visit, row["contribution"]),
                n=row["n"],
                count=visit.numbers.count(row["n"]),
            ),
            answers_of(visit, "reason", row["reason"]),
        )
        for row in rows
    ]
    return bars.parts(parts, _finding(visit, said), visit.t, visit.numbers)


def _finding(visit: Visit, said: Row) -> str:
    """Return which reason weighs most, up or down; those who gave none are no reason."""
    named = [row for row in said["rows"] if row["reason"] != "none"]
    heaviest = max(named, key=lambda row: abs(row["contribution"]), default=None)
    if heaviest is None or said["total"]["score"] is None:
        return visit.t("drivers.finding_none")
    direction = "up" if heaviest["contribution"] > 0 else "down"
    points = visit.numbers.decimal(abs(heaviest["contribution"]))
    return visit.t(f"drivers.finding_{direction}", reason=value(visit.t, "reason", heaviest["reason"]), points=points)


def _signed(visit: Visit, points: float) -> str:
    return f"{'+' if points > 0 else ''}{visit.numbers.decimal(points)}"


def _reported(visit: Visit, rows: Sequence[Row]) -> Chart:
    named = [(row, value(visit.t, "reason", row["reason"])) for row in rows]
    shares = [
        bars.Share(name, row["share"], f"{visit.numbers.share(row['share'])} · {visit.numbers.count(row['n'])}")
        for row, name in named
    ]
    first, name = named[0]
    title = visit.t("drivers.finding_reported", reason=name, share=visit.numbers.share(first["share"]))
    return bars.shares(shares, title, visit.t, visit.numbers)


def _goes_with(visit: Visit, rows: Sequence[Row]) -> Chart:
    listed = sorted(rows, key=lambda row: -row["share"])
    shares = [
        bars.Share(
            dimension(visit.t, row["dimension"]),
            row["share"],
            visit.t(
                "drivers.attribute",
                share=visit.numbers.share(row["share"], 1),
                chance=visit.numbers.share(row["by_chance"], 1),
            ),
            visit.filters.link("/app/segments", dimension=row["dimension"]),
        )
        for row in listed
    ]
    first = listed[0]
    above = first["share"] > first["by_chance"]
    title = visit.t(
        "drivers.finding_attribute" if above else "drivers.finding_attribute_none",
        dimension=dimension(visit.t, first["dimension"]),
        share=visit.numbers.share(first["share"], 1),
    )
    return bars.shares(shares, title, visit.t, visit.numbers)
