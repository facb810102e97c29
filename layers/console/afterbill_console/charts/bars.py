"""Bars: shares of a whole, and contributions that pull up or down."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.charts import MOST_ROWS, Cell, Chart, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

ROW = 36


@dataclass(frozen=True, slots=True)
class Share:
    """A share from 0 to 1, and its figure as it is written."""

    label: str
    share: float
    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A contribution, positive or negative, and its figure as it is written."""

    label: str
    value: float
    text: str
    link: str | None = None


def shares(rows: Sequence[Share], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # of all charts
    """Return a bar for each share, of the first MOST_ROWS."""
    shown = list(rows)[:MOST_ROWS]
    parts = []
    for place, one in enumerate(shown):
        y = ROW * place
        parts += [d.text(one.label, "0", y + 13, "label", 28), d.text(one.text, "100%", y + 13, "figure")]
        parts += [d.rect(0, y + 18, 1, 10, "track"), d.rect(0, y + 18, one.share, 10, "bar")]
    said = t("charts.shares_description", n=len(shown))
    return _chart(title, said, parts, shown, len(rows), t)


def parts(rows: Sequence[Part], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # of all charts
    """Return a bar for each contribution from the zero line in the middle, of the first MOST_ROWS."""
    shown = list(rows)[:MOST_ROWS]
    most = max((abs(one.value) for one in shown), default=0.0) or 1.0
    drawn = []
    for place, one in enumerate(shown):
        y, width = ROW * place, abs(one.value) / most / 2
        drawn += [d.text(one.label, "0", y + 13, "label", 28), d.text(one.text, "100%", y + 13, "figure")]
        drawn += [d.rect(0.5 if one.value >= 0 else 0.5 - width, y + 18, width, 10, "up" if one.value >= 0 else "down")]
    drawn += [d.line((0.5, 0), (0.5, ROW * len(shown)), "zero")]
    return _chart(title, t("charts.parts_description", n=len(shown)), drawn, shown, len(rows), t)


def _chart(title: str, said: str, drawn: list, shown: Sequence[Share | Part], there: int, t: Texts) -> Chart:
    svg = d.frame(title, said, ROW * len(shown) + 4, drawn, "bars")
    table = [(Cell(one.label, one.link), Cell(one.text)) for one in shown]
    return Chart(title, said, svg, Table((t("charts.what"), t("charts.figure")), table, rest(len(shown), there, t)))
