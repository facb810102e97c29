"""Outcomes after an answer: who stays, renews, upgrades, buys again, gets money back, fails to pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill_console.beside import Row, body, refresh
from afterbill_console.charts import Chart, survival
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.names import category
from afterbill_console.pages.revenue.categories import CATEGORIES
from afterbill_console.visit import Content, Visit

OUTCOMES = ("retention", "renewal", "upgrade", "repeat_purchase", "refund", "failed_payment")

LEAST_FOLLOWED = 10
"""Customers of each category who have to be followed up to the day of which a title speaks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome in short: by category the share on the same `day`, and whether the curves really differ."""

    name: str
    link: str
    day: int | None
    shares: Mapping[str, float]
    logrank: Row


def show(visit: Visit, deps: ConsoleDeps) -> Content:
    """Return the view of one outcome, with all others in short; `outcome` of the address names it."""
    report = figures(visit, deps, "outcomes")
    said = body(report)
    chosen = visit.request.query.get("outcome", "")
    chosen = chosen if chosen in OUTCOMES else OUTCOMES[0]
    one = said["outcomes"][chosen] if said else None
    curves = _curves(one["rows"]) if one else {}
    return Content(
        "revenue/outcomes.html",
        {
            "report": report,
            "said": said,
            "one": one,
            "chosen": chosen,
            "chart": _chart(visit, chosen, curves, real=one["logrank"]["real"]) if one and curves else None,
            "risk": _risk(curves),
            "categories": [(name, category(visit.t, name)) for name in curves],
            "outcomes": [_outcome(visit, name, said["outcomes"][name]) for name in OUTCOMES] if said else [],
        },
        refresh=refresh(report),
    )


def _curves(rows: Sequence[Row]) -> dict[str, list[Row]]:
    names = dict.fromkeys(row["category"] for row in rows)
    return {name: [row for row in rows if row["category"] == name] for name in names}


def _chart(visit: Visit, name: str, curves: Mapping[str, Sequence[Row]], *, real: bool) -> Chart:
    drawn = [
        survival.Curve(category(visit.t, one), [(row["day"], row["survival"], row["at_risk"]) for row in rows])
        for one, rows in curves.items()
    ]
    return survival.survival(drawn, _finding(visit, name, curves, real=real), visit.t, visit.numbers)


def _finding(visit: Visit, name: str, curves: Mapping[str, Sequence[Row]], *, real: bool) -> str:
    """Return the shares of the best and of the worst category on the last day to which enough of both were followed."""
    day = common_day(curves)
    by_kind = {CATEGORIES[one]: (one, rows) for one, rows in curves.items()}
    if day is None or not {"promoter", "detractor"} <= by_kind.keys():
        return visit.t(f"revenue.finding_{name}_none")
    (good, best), (bad, worst) = by_kind["promoter"], by_kind["detractor"]
    finding = visit.t(
        f"revenue.finding_{name}",
        day=visit.numbers.count(day),
        good=category(visit.t, good),
        best=visit.numbers.share(share_at(name, best, day)),
        bad=category(visit.t, bad),
        worst=visit.numbers.share(share_at(name, worst, day)),
    )
    return finding if real else visit.t("revenue.unsure", finding=finding)


def common_day(curves: Mapping[str, Sequence[Row]]) -> int | None:
    """Return the last day of which every category has a row with enough customers; None where there is none."""
    days = [{row["day"] for row in rows if row["at_risk"] >= LEAST_FOLLOWED and row["day"]} for rows in curves.values()]
    return max(set.intersection(*days), default=None) if days else None


def share_at(name: str, rows: Sequence[Row], day: int) -> float:
    """Return the share that a title speaks of: of retention those who stayed, else those to whom it happened."""
    left = float(next(row["survival"] for row in rows if row["day"] == day))
    return left if name == "retention" else 1 - left


def _risk(curves: Mapping[str, Sequence[Row]]) -> list[tuple[int, list[Row | None]]]:
    """Return for each day the row of each category, None where nobody of it was followed so long."""
    days = sorted({row["day"] for rows in curves.values() for row in rows})
    return [(day, [next((row for row in rows if row["day"] == day), None) for rows in curves.values()]) for day in days]


def _outcome(visit: Visit, name: str, one: Row) -> Outcome:
    curves = _curves(one["rows"])
    day = common_day(curves)
    shares = {} if day is None else {kind: share_at(name, rows, day) for kind, rows in curves.items()}
    link = visit.filters.link("/app/revenue", view="outcomes", outcome=name)
    return Outcome(name, link, day, shares, one["logrank"])
