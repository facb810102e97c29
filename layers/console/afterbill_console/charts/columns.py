"""Columns beside each other, each stacked by the groups of customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill_console.charts import MOST_ROWS, Cell, Chart, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

HEIGHT, TOP, BOTTOM = 230, 10, 200
ORDER = ("promoter", "passive", "detractor")


@dataclass(frozen=True, slots=True)
class Group:
    """A column: the value of each category, and its figure as it is written."""

    label: str
    values: Mapping[str, float]
    texts: Mapping[str, str]


def columns(groups: Sequence[Group], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # of all charts
    """Return a column for each group, of the last MOST_ROWS."""
    shown = list(groups)[-MOST_ROWS:]
    most = max((sum(one.values.values()) for one in shown), default=0) or 1
    parts, width = [], 1 / max(len(shown), 1)
    for place, one in enumerate(shown):
        y = float(BOTTOM)
        for name in reversed(ORDER):
            height = one.values.get(name, 0) / most * (BOTTOM - TOP)
            y -= height
            parts += [d.rect((place + 0.15) * width, y, 0.7 * width, height, name)]
    for place in d.named([one.label for one in shown]):
        parts += [d.text(shown[place].label, d.place((place + 0.5) * width), BOTTOM + 16, "middle")]
    said = t("charts.columns_description", n=len(shown))
    rows = [(Cell(one.label), *(Cell(one.texts.get(name, "")) for name in ORDER)) for one in shown]
    head = (t("charts.time"), *(t(f"words.category_{name}") for name in ORDER))
    svg = d.frame(title, said, HEIGHT, parts, "columns")
    return Chart(title, said, svg, Table(head, rows, rest(len(shown), len(groups), t)))
