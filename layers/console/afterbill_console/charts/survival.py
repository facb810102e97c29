"""The share of customers who are still there, by the days since their answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from markupsafe import Markup

from afterbill.model.plain_text import one_line
from afterbill_actions.texts import Texts
from afterbill_console.charts import MOST_POINTS, MOST_ROWS, Cell, Chart, Note, Table, name_cell, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers

TOP, BOTTOM, LABELS, HEIGHT = 12, 212, 232, 238
KINDS = ("promoter", "passive", "detractor", "other")
"""Strokes of the curves in their order: each has a pattern of its own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps of one group: the day, the share that is left from then on, and those who were followed up to it."""

    label: str
    steps: Sequence[tuple[int, float, int]]


def survival(curves: Sequence[Curve], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the curves as stairs; the axis begins at a round share below all of them, and says so."""
    shown = [Curve(one.label, one.steps[:MOST_POINTS]) for one in curves[: len(KINDS)]]
    longest = max((day for curve in shown for day, _, _ in curve.steps), default=0) or 1
    lowest = _lowest(shown)
    stairs = [d.path(_stairs(one, longest, lowest), f"curve {kind}") for one, kind in zip(shown, KINDS, strict=False)]
    parts = [
        *(d.line((0, _y(share, lowest)), (1, _y(share, lowest)), "grid") for share in _ticks(lowest)),
        *(d.text(numbers.share(share), "-6", _y(share, lowest) + 4, "end") for share in _ticks(lowest)),
        d.stretched(stairs, HEIGHT),
        *_days(longest, t, numbers),
    ]
    said = t("charts.survival_description", n=len(shown), all="; ".join(_words(one, t, numbers) for one in shown))
    notes = [Note(f"curve {kind}", _words(one, t, numbers)) for one, kind in zip(shown, KINDS, strict=False)]
    notes += [Note("none", t("charts.note_begins", share=numbers.share(lowest)))] if lowest else []
    svg = d.frame(title, said, HEIGHT, parts, "survival gutter")
    return Chart(title, said, svg, _table(shown, t, numbers), notes)


def _lowest(curves: Sequence[Curve]) -> float:
    """Return the lower end of the axis: a whole tenth, with a tenth of room, and 0 where that is half or less."""
    least = min((d.inside(share) for curve in curves for _, share, _ in curve.steps), default=0.0)
    tenth = floor(least * 10 - 0.5) / 10
    return tenth if tenth > 0.5 else 0.0  # noqa: PLR2004  # half


def _ticks(lowest: float) -> list[float]:
    """Return whole tenths, or twentieths where there are few of them, and quarters of the whole."""
    step = 0.25 if not lowest else 0.05 if lowest > 0.75 else 0.1  # noqa: PLR2004  # three tenths and more
    return [lowest + step * part for part in range(round((1 - lowest) / step) + 1)]


def _y(share: float, lowest: float) -> float:
    return BOTTOM - d.across(share, lowest, 1) * (BOTTOM - TOP)


def _stairs(curve: Curve, longest: int, lowest: float) -> str:
    at = [(day / longest, _y(share, lowest)) for day, share, _ in curve.steps]
    return d.joined([point for one, two in pairwise(at) for point in (one, (two[0], one[1]))] + at[-1:])


def _days(longest: int, t: Texts, numbers: Numbers) -> list[Markup]:
    middle = round(longest / 2)
    found = [d.text(numbers.count(0), "0%", LABELS, "start")]
    found += (
        [d.text(numbers.count(middle), d.place(middle / longest), LABELS, "middle")]
        if middle not in {0, longest}
        else []
    )
    return [*found, d.text(t("charts.days", n=longest, days=numbers.count(longest)), "100%", LABELS, "end")]


def _words(curve: Curve, t: Texts, numbers: Numbers) -> str:
    day, share, _ = curve.steps[-1] if curve.steps else (0, None, 0)
    return t("charts.curve", name=one_line(curve.label), share=numbers.share(share), day=numbers.count(day))


def _table(curves: Sequence[Curve], t: Texts, numbers: Numbers) -> Table:
    rows = [
        (name_cell(one.label), Cell(numbers.count(day)), Cell(numbers.share(share)), Cell(numbers.count(at_risk)))
        for one in curves
        for day, share, at_risk in one.steps
    ]
    head = (t("charts.what"), t("charts.day"), t("charts.left"), t("charts.followed"))
    return Table(head, rows[:MOST_ROWS], rest(min(len(rows), MOST_ROWS), len(rows), t))
