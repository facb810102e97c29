"""Each product against all others."""

from collections.abc import Sequence

from afterbill_console.beside import Row, body, lowest, refresh
from afterbill_console.charts import Chart, intervals
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.links import product_link
from afterbill_console.pages.segments import finding, ranked
from afterbill_console.visit import Content, Visit

MOST_SHOWN, MOST_CHARTED = 30, 12


def show(visit: Visit, deps: ConsoleDeps) -> Content:
    """Return the view."""
    report = figures(visit, deps, "products")
    said = body(report)
    rows = ranked([row for row in said["rows"] if row.get("why") != "merged"]) if said else []
    merged = next((row for row in said["rows"] if row.get("why") == "merged"), None) if said else None
    return Content(
        "revenue/products.html",
        {
            "report": report,
            "said": said,
            "rows": [(row, product_link(visit, row["value"])) for row in rows[:MOST_SHOWN]],
            "left_out": max(0, len(rows) - MOST_SHOWN),
            "merged": merged,
            "chart": _chart(visit, rows),
        },
        refresh=refresh(report),
    )


def _chart(visit: Visit, rows: Sequence[Row]) -> Chart | None:
    scored = [row for row in rows if row["score"] is not None][:MOST_CHARTED]
    if not scored:
        return None
    drawn = [
        intervals.Interval(row["value"], row["n"], row["score"], row["low"], row["high"], row["real"], row["few"])
        for row in scored
    ]
    return intervals.intervals(drawn, finding(visit, rows, "revenue"), visit.t, visit.numbers, lowest=lowest(visit))
