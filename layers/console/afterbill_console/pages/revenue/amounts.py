"""Amounts that customers of each category pay: the score weighted by them, what is at risk, and the way by months."""

from collections.abc import Sequence

from afterbill_console.beside import Row, body, lowest, refresh
from afterbill_console.charts import Chart, bars, columns, intervals
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.links import answers_link
from afterbill_console.names import category
from afterbill_console.pages.revenue.categories import rating_of
from afterbill_console.visit import Content, Visit


def show(visit: Visit, deps: ConsoleDeps) -> Content:
    """Return the view."""
    report = figures(visit, deps, "revenue")
    said = body(report)
    rows = said["rows"] if said else []
    paying = any(row["recurring_minor"] for row in rows)
    return Content(
        "revenue/amounts.html",
        {
            "report": report,
            "said": said,
            "weighted": _weighted(visit, said) if said and said["weighted"]["score"] is not None else None,
            "shares": _shares(visit, said) if said and paying else None,
            "monthly": _months(visit, said) if said and paying else None,
            "by_month": _by_month(said["over_time"]) if said else [],
            "rows": [(row, category(visit.t, row["category"]), _answers(visit, row["category"])) for row in rows],
            "categories": [(row["category"], category(visit.t, row["category"])) for row in rows],
            "at_risk_answers": _answers(visit, rows[-1]["category"]) if rows else None,
        },
        refresh=refresh(report),
    )


def _answers(visit: Visit, name: str) -> str | None:
    return answers_link(visit, rating_of(visit.filters.question, name))


def _weighted(visit: Visit, said: Row) -> Chart:
    """Return the score weighted by revenue beside the plain one of the same customers."""
    weighted, plain = said["weighted"], said["weighted"]["plain"]
    rows = [
        _interval(visit.t("revenue.weighted"), weighted, weighted["n"], few=weighted["few"]),
        _interval(visit.t("revenue.plain"), plain, weighted["n"], few=False),
    ]
    apart = weighted["score"] - plain["score"]
    title = visit.t(
        "revenue.finding_same" if abs(apart) < 0.5 else "revenue.finding_apart",  # noqa: PLR2004  # what rounds to 0
        weighted=visit.numbers.score(weighted["score"]),
        plain=visit.numbers.score(plain["score"]),
    )
    return intervals.intervals(rows, title, visit.t, visit.numbers, lowest=lowest(visit))


def _interval(label: str, row: Row, n: int, *, few: bool) -> intervals.Interval:
    return intervals.Interval(label, n, row["score"], row["low"], row["high"], real=False, few=few)


def _shares(visit: Visit, said: Row) -> Chart:
    """Return the recurring revenue by category."""
    shares = [
        bars.Share(
            category(visit.t, row["category"]),
            row["share"] or 0.0,
            f"{visit.numbers.money(row['recurring_minor'], row['currency'])} · {visit.numbers.share(row['share'])}",
            _answers(visit, row["category"]),
        )
        for row in said["rows"]
    ]
    worst = said["rows"][-1]
    title = visit.t(
        "revenue.finding_share",
        share=visit.numbers.share(worst["share"]),
        category=category(visit.t, worst["category"]),
    )
    return bars.shares(shares, title, visit.t, visit.numbers)


def _months(visit: Visit, said: Row) -> Chart | None:
    """Return the recurring revenue of each month, stacked by category; None of a single month."""
    months = _by_month(said["over_time"])
    if len(months) <= 1:
        return None
    groups = [
        columns.Group(
            visit.numbers.month(month),
            {row["category"]: row["recurring_minor"] or 0 for row in rows},
            {row["category"]: visit.numbers.money(row["recurring_minor"], row["currency"]) for row in rows},
        )
        for month, rows in months
    ]
    first, last = (_part_of_worst(rows) for _, rows in (months[0], months[-1]))
    title = visit.t(
        "revenue.finding_months",
        category=category(visit.t, said["rows"][-1]["category"]),
        first=visit.numbers.share(first),
        last=visit.numbers.share(last),
        month=visit.numbers.month(months[0][0]),
        now=visit.numbers.month(months[-1][0]),
    )
    return columns.columns(groups, title, visit.t, visit.numbers)


def _part_of_worst(rows: Sequence[Row]) -> float | None:
    whole = sum(row["recurring_minor"] or 0 for row in rows)
    return (rows[-1]["recurring_minor"] or 0) / whole if whole else None


def _by_month(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows of each month together, in the order of the categories."""
    months = dict.fromkeys(row["month"] for row in rows)
    return [(month, [row for row in rows if row["month"] == month]) for month in months]
