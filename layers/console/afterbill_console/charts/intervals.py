"""Scores beside each other: a dot with its interval for each, on one axis from -100 to 100."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.charts import MOST_ROWS, Cell, Chart, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.charts.trend import span
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

ROW = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """A score of one value; `real`: its difference from the others is a real one."""

    label: str
    n: int
    score: float | None
    low: float | None
    high: float | None
    real: bool
    few: bool
    link: str | None = None
    note: str = ""


def intervals(rows: Sequence[Interval], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the chart, of the first MOST_ROWS."""
    shown = list(rows)[:MOST_ROWS]
    said = t("charts.intervals_description", n=len(shown))
    parts = []
    for place, one in enumerate(shown):
        y = ROW * place
        parts += [d.text(one.label, "0", y + 14, "label", 28)]
        if one.score is not None and one.low is not None and one.high is not None:
            low, score, high = (d.across(value, -100, 100) for value in (one.low, one.score, one.high))
            parts += [
                d.line((low, y + 28), (high, y + 28), "whisker"),
                d.circle(score, y + 28, 4, "hollow" if one.few else "dot"),
            ]
    svg = d.frame(title, said, ROW * len(shown) + 4, parts, "intervals")
    head = (t("charts.what"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.difference"))
    table = [
        (
            Cell(one.label, one.link, one.note),
            Cell(numbers.score(one.score), note=t("charts.few") if one.few else ""),
            Cell(span(one.low, one.high, t, numbers)),
            Cell(numbers.count(one.n)),
            Cell(t("charts.real" if one.real else "charts.not_real")),
        )
        for one in shown
    ]
    return Chart(title, said, svg, Table(head, table, rest(len(shown), len(rows), t)))
