"""Bars: shares of a whole, and contributions that pull up or down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import MOST_ROWS, Cell, Chart, Note, Table, name_cell, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers

ROW, BAR_TOP, BAR = 42, 22, 10


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


def shares(rows: Sequence[Share], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # as all charts
    """Return a bar for each share, of the first MOST_ROWS."""
    return Bars(rows, _share).chart(title, "shares", t)


def parts(rows: Sequence[Part], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # as all charts
    """Return a bar for each contribution from the zero line in the middle, of the first MOST_ROWS."""
    most = max((abs(one.value) for one in rows[:MOST_ROWS]), default=0.0) or 1.0

    def bar(one: Part, y: float) -> list[Markup]:
        width = d.inside(abs(one.value) / most) / 2
        up = one.value >= 0
        return [
            d.rect(0.5 if up else 0.5 - width, y + BAR_TOP, width, BAR, "rise" if up else "fall"),
            d.line((0.5, y + BAR_TOP - 4), (0.5, y + BAR_TOP + BAR + 4), "zero"),
        ]

    signs = {one.value > 0 for one in rows if one.value}
    marks = (("fall", "pulls", False), ("rise", "lifts", True))
    notes = [Note(kind, t(f"charts.note_{word}")) for kind, word, sign in marks if sign in signs]
    return Bars(rows, bar).chart(title, "parts", t, notes)


class Bars:
    """Rows of a label, its figure, and what `bar` draws under them."""

    def __init__(self, rows: Sequence[Share | Part], bar: Callable[..., list[Markup]]) -> None:
        self.shown, self.there = rows[:MOST_ROWS], len(rows)
        self._bar = bar

    def chart(self, title: str, kind: str, t: Texts, notes: Sequence[Note] = ()) -> Chart:
        """Return the chart; its description is the text of its kind, with the first rows in words."""
        drawn = []
        for place, one in enumerate(self.shown):
            y = ROW * place
            drawn += [d.text(one.label, "0", y + 15, "label", d.LABEL), d.text(one.text, "100%", y + 15, "figure")]
            drawn += self._bar(one, y)
        words = "; ".join([f"{one.label}: {one.text}" for one in self.shown][:7])
        said = t(f"charts.{kind}_description", n=len(self.shown), all=words)
        table = [(name_cell(one.label, one.link), Cell(one.text)) for one in self.shown]
        head = (t("charts.what"), t("charts.figure"))
        svg = d.frame(title, said, ROW * max(len(self.shown), 1), drawn, kind)
        return Chart(title, said, svg, Table(head, table, rest(len(self.shown), self.there, t)), notes)


def _share(one: Share, y: float) -> list[Markup]:
    return [d.rect(0, y + BAR_TOP, 1, BAR, "track"), d.rect(0, y + BAR_TOP, one.share, BAR, "bar")]
