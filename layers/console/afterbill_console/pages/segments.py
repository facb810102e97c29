"""Segments: every value of every dimension against all other answers, and which differences are real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import quote

from afterbill_console.behind import answers_of
from afterbill_console.beside import Rates, Row, body, lowest, rates, refresh
from afterbill_console.charts import Chart, intervals
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.names import BOTH, dimension, scopes_of, value, what
from afterbill_console.visit import Content, Shown, Visit

MOST_SHOWN, MOST_CHARTED, MOST_CHOICES = 40, 15, 6
"""Rows of the table and of the chart, and values of a dimension to choose from: with more a page weighs too much."""

MOST_LETTERS, OF_A_ROW = 10_000, 200
"""Letters of all values in the table, as addresses write them, with so many more for each row: an address stands thrice
in it and in the chart."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: `within` leads to the same days of this value alone, `answers` to its answers."""

    row: Row
    dimension: str
    value: str
    within: str | None
    answers: str | None
    rate: float | None


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page; `dimension` in its address leaves one dimension of the same comparisons."""
    report = figures(visit, deps, "segments")
    beside = rates(visit, deps, report)
    said = body(report)
    every = ranked(said["rows"]) if said else []
    there = list(dict.fromkeys(row["dimension"] for row in sorted(every, key=lambda row: str(row["dimension"]))))
    chosen = visit.request.query.get("dimension", "")
    chosen = chosen if chosen in there else ""
    rows = [row for row in every if chosen in {"", row["dimension"]}]
    shown = fitting(rows)
    return Content(
        "segments.html",
        {
            "report": report,
            "said": said,
            "rate": beside.all,
            "title": finding(visit, rows),
            "chart": _chart(visit, rows),
            "lines": [_line(visit, row, beside) for row in shown],
            "left_out": len(rows) - len(shown),
            "real": sum(row["real"] for row in rows),
            "tabs": [_choice(visit, name) for name in ("", *there)],
            "chosen": chosen,
            "choices": _choices(every),
        },
        refresh=refresh(report),
    )


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return what is real first, then what differs most; what cannot be compared is last, by its number of answers."""
    return sorted(rows, key=lambda row: (not row["real"], -abs(row["difference"] or 0), -row["n"]))


def fitting(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the first rows that a page has room for."""
    letters = accumulate(OF_A_ROW + len(quote(row["value"])) for row in rows[:MOST_SHOWN])
    return rows[: sum(there <= MOST_LETTERS for there in letters)]


def finding(visit: Visit, rows: Sequence[Row], key: str = "segments") -> str:
    """Return what the differences say, in one sentence; `rows` are ranked."""
    real = next((row for row in rows if row["real"]), None)
    if real is None:
        return visit.t(f"{key}.finding_none")
    points = visit.numbers.score(abs(real["difference"]))
    direction = "above" if real["difference"] > 0 else "below"
    named = what(visit.t, real.get("dimension", "product"), real["value"])
    return visit.t(
        f"segments.finding_{direction}", what=named, n=int(float(abs(real["difference"])) + 0.5), points=points
    )


def _chart(visit: Visit, rows: Sequence[Row]) -> Chart | None:
    some = [row for row in fitting(rows) if row["score"] is not None][:MOST_CHARTED]
    if not some:
        return None
    return intervals.intervals(
        [
            intervals.Interval(
                what(visit.t, row["dimension"], row["value"]),
                row["n"],
                row["score"],
                row["low"],
                row["high"],
                row["real"],
                row["few"],
                _within(visit, row),
            )
            for row in some
        ],
        finding(visit, rows),
        visit.t,
        visit.numbers,
        lowest=lowest(visit),
    )


def _line(visit: Visit, row: Row, beside: Rates) -> Line:
    return Line(
        row,
        dimension(visit.t, row["dimension"]),
        value(visit.t, row["dimension"], row["value"]),
        _within(visit, row),
        answers_of(visit, row["dimension"], row["value"]),
        beside.of(row["dimension"], row["value"]),
    )


def _within(visit: Visit, row: Row) -> str | None:
    """Return the address of this page within the value; pairs are two filters."""
    scopes, filters = scopes_of(row["dimension"], row["value"]), visit.filters
    for scope in scopes:
        filters = filters.within(*scope)
    return filters.link("/app/segments") if scopes else None


def _choices(rows: Sequence[Row]) -> Mapping[str, Sequence[str]]:
    """Return some values of each dimension, those with most answers first, for the filter bar to offer."""
    ordered = sorted((row for row in rows if BOTH not in row["dimension"]), key=lambda row: -row["n"])
    names = sorted({row["dimension"] for row in ordered})
    return {name: [row["value"] for row in ordered if row["dimension"] == name][:MOST_CHOICES] for name in names}


def _choice(visit: Visit, name: str) -> tuple[str, str, str]:
    others = {"dimension": name} if name else {}
    label = dimension(visit.t, name) if name else visit.t("segments.every_dimension")
    return name, label, visit.filters.link("/app/segments", **others)
