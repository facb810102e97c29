"""The share of customers who are still there, by the days since their answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.charts import MOST_ROWS, Cell, Chart, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

HEIGHT, TOP, BOTTOM = 240, 14, 210


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps of one group: the day, the share that is left from then on, and those who were followed up to it."""

    label: str
    steps: Sequence[tuple[int, float, int]]


def survival(curves: Sequence[Curve], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the curves as stairs."""
    longest = max((day for curve in curves for day, _, _ in curve.steps), default=1) or 1
    parts = []
    for curve in curves:
        points = [(day / longest, BOTTOM - share * (BOTTOM - TOP)) for day, share, _ in curve.steps]
        for one, two in zip(points, points[1:], strict=False):
            parts += [d.line(one, (two[0], one[1]), "curve"), d.line((two[0], one[1]), two, "curve")]
    said = t("charts.survival_description", n=len(curves))
    rows = [
        (Cell(curve.label), Cell(numbers.count(day)), Cell(numbers.share(share)), Cell(numbers.count(at_risk)))
        for curve in curves
        for day, share, at_risk in curve.steps
    ]
    head = (t("charts.what"), t("charts.day"), t("charts.left"), t("charts.followed"))
    table = Table(head, rows[:MOST_ROWS], rest(len(rows[:MOST_ROWS]), len(rows), t))
    return Chart(title, said, d.frame(title, said, HEIGHT, parts, "survival"), table)
