"""Scores beside each other: a dot with its interval for each, on one axis from -100 to 100."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import MOST_ROWS, Cell, Chart, Note, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.charts.scores import HIGHEST, NET, cells, few_note, ticks
from afterbill_console.numbers import Numbers

HEAD, ROW, MIDDLE = 24, 46, 32
"""Pixels of the axis, of a row, and down to its mark: the label stands above."""


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


def intervals(rows: Sequence[Interval], title: str, t: Texts, numbers: Numbers, *, lowest: int = NET) -> Chart:
    """Return the chart, of the first MOST_ROWS. `lowest` is the lower end of the axis."""
    shown = list(rows)[:MOST_ROWS]
    height = HEAD + ROW * len(shown)
    parts = [*_axis(lowest, height, numbers)]
    for place, one in enumerate(shown):
        parts += _row(one, HEAD + ROW * place, lowest, t, numbers)
    said = _description(shown, t, numbers)
    head = (t("charts.what"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.difference"))
    table = [
        (*cells(one, t, numbers, one.note), Cell(t("charts.real_difference" if one.real else "charts.not_different")))
        for one in shown
    ]
    real = [Note("real", t("charts.note_real"))] if any(one.real for one in shown) else []
    svg = d.frame(title, said, height, parts, "intervals")
    return Chart(title, said, svg, Table(head, table, rest(len(shown), len(rows), t)), [*few_note(shown, t), *real])


def _axis(lowest: int, height: float, numbers: Numbers) -> list[Markup]:
    ends = {lowest: "start", HIGHEST: "end"}
    found = []
    for value in ticks(lowest):
        x = d.across(value, lowest, HIGHEST)
        found.append(d.line((x, HEAD - 6), (x, height), "zero" if value == 0 else "grid"))
        found.append(d.text(numbers.score(value), d.place(x), HEAD - 12, ends.get(value, "middle")))
    return found


def _row(one: Interval, y: float, lowest: int, t: Texts, numbers: Numbers) -> list[Markup]:
    figures = t("charts.score_of", score=numbers.score(one.score), n=numbers.count(one.n))
    texts = [d.text(one.label, "0", y + 15, "label", d.LABEL), d.text(figures, "100%", y + 15, "figure")]
    if one.score is None or one.low is None or one.high is None:
        return texts
    low, score, high = (d.across(value, lowest, HIGHEST) for value in (one.low, one.score, one.high))
    kind = "real" if one.real else "flat"
    whisker = d.line((low, y + MIDDLE), (high, y + MIDDLE), f"whisker {kind}")
    at = (score, y + MIDDLE)
    return [*texts, whisker, d.mark(at, "real") if one.real else d.circle(at, 5, "hollow" if one.few else "dot")]


def _description(shown: Sequence[Interval], t: Texts, numbers: Numbers) -> str:
    known = [one for one in shown if one.score is not None]
    if not known:
        return t("charts.intervals_nothing")
    lowest, highest = (choose(known, key=lambda one: one.score or 0) for choose in (min, max))
    return t(
        "charts.intervals_description",
        n=len(known),
        highest=highest.label,
        highest_score=numbers.score(highest.score),
        lowest=lowest.label,
        lowest_score=numbers.score(lowest.score),
        real=numbers.count(sum(one.real for one in shown)),
    )
