"""A score over time, with its interval as a band."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from afterbill_console.charts import MOST_POINTS, MOST_ROWS, Cell, Chart, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

HEIGHT, TOP, BOTTOM = 250, 14, 222


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The score of a day, a week or a month; without a score there is a gap. `real`: its change is a real one."""

    label: str
    n: int
    score: float | None
    low: float | None
    high: float | None
    real: bool
    few: bool
    link: str | None = None


def trend(points: Sequence[TrendPoint], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the chart; of more than MOST_POINTS the last are shown."""
    shown = list(points)[-MOST_POINTS:]
    said = t(
        "charts.trend_description", n=len(shown), few=sum(one.few for one in shown), real=sum(one.real for one in shown)
    )
    svg = d.frame(title, said, HEIGHT, [*_axis(numbers), *_marks(shown)], "trend")
    return Chart(title, said, svg, _table(points, t, numbers))


def _x(place: int, count: int) -> float:
    return (place + 0.5) / count


def _y(score: float) -> float:
    return BOTTOM - d.across(score, -100, 100) * (BOTTOM - TOP)


def _axis(numbers: Numbers) -> list[Markup]:
    return [
        part
        for score in (-100, -50, 0, 50, 100)
        for part in (
            d.line((0, _y(score)), (1, _y(score)), "zero" if score == 0 else "grid"),
            d.text(numbers.score(score), "0", _y(score) - 3, "tick"),
        )
    ]


def _marks(shown: Sequence[TrendPoint]) -> list[Markup]:
    found = []
    for place, one in enumerate(shown):
        if one.score is not None:
            found.append(d.circle(_x(place, len(shown)), _y(one.score), 3, "hollow" if one.few else "dot"))
    return found


def _table(points: Sequence[TrendPoint], t: Texts, numbers: Numbers) -> Table:
    listed = list(points)[-MOST_ROWS:]
    head = (t("charts.time"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.change"))
    rows = [
        (
            Cell(one.label, one.link),
            Cell(numbers.score(one.score), note=t("charts.few") if one.few else ""),
            Cell(span(one.low, one.high, t, numbers)),
            Cell(numbers.count(one.n)),
            Cell(t("charts.real" if one.real else "charts.not_real")),
        )
        for one in listed
    ]
    return Table(head, rows, rest(len(listed), len(points), t))


def span(low: float | None, high: float | None, t: Texts, numbers: Numbers) -> str:
    """Return an interval in words."""
    if low is None or high is None:
        return numbers.score(None)
    return t("charts.span", low=numbers.score(low), high=numbers.score(high))
