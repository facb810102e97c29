"""Columns beside each other, each stacked by the groups of customers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import MOST_ROWS, Cell, Chart, Note, Table, name_cell, rest
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers

HEIGHT, TOP, BOTTOM, LABELS = 232, 10, 206, 226
ORDER = ("promoter", "passive", "detractor")
OTHERS = ("favourable", "neutral", "unfavourable")
"""The same three of a question that has no net score."""


@dataclass(frozen=True, slots=True)
class Group:
    """A column: the value of each category, and its figure as it is written."""

    label: str
    values: Mapping[str, float]
    texts: Mapping[str, str]


def columns(groups: Sequence[Group], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # as all charts
    """Return a column for each group, of the last MOST_ROWS: the unhappy at its foot, hatched."""
    shown = groups[-MOST_ROWS:]
    names = OTHERS if any(name in one.values for one in shown for name in OTHERS) else ORDER
    said = t("charts.columns_description", n=len(shown), all="; ".join(_words(one, names, t) for one in shown[-3:]))
    id_ = d.name_of("columns", title, said)
    parts = [_pattern(id_), *_columns(shown, names, id_)]
    parts += [d.line((0, BOTTOM), (1, BOTTOM), "zero"), *d.axis_labels([one.label for one in shown], LABELS)]
    rows = [(name_cell(one.label), *(Cell(one.texts.get(name, "")) for name in names)) for one in shown]
    words = [t(f"words.category_{name}") for name in names]
    notes = [Note(f"{kind} block", word) for kind, word in zip(ORDER, words, strict=True)]
    svg = d.frame(title, said, HEIGHT, parts, "columns")
    return Chart(title, said, svg, Table((t("charts.time"), *words), rows, rest(len(shown), len(groups), t)), notes)


def _columns(shown: Sequence[Group], names: Sequence[str], id_: str) -> Iterator[Markup]:
    most = max((sum(_height(one, name) for name in names) for one in shown), default=0) or 1
    width = 1 / max(len(shown), 1)
    for place, one in enumerate(shown):
        x, y = (place + 0.14) * width, float(BOTTOM)
        for name, kind in zip(reversed(names), reversed(ORDER), strict=True):
            height = _height(one, name) / most * (BOTTOM - TOP)
            y -= height
            if height:
                yield d.rect(x, y, 0.72 * width, height, kind)
                yield _hatch(x, y, 0.72 * width, height, id_) if kind == ORDER[-1] else Markup()


def _pattern(id_: str) -> Markup:
    stripe = Markup('<path class="hatch" d="M-1 7L7-1"/>')
    return Markup('<pattern id="h{}" width="6" height="6" patternUnits="userSpaceOnUse">{}</pattern>').format(
        id_, stripe
    )


def _height(one: Group, name: str) -> float:
    """Return a value that can be drawn; less than nothing has no height."""
    return max(one.values.get(name, 0) or 0, 0)


def _hatch(x: float, y: float, width: float, height: float, id_: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="url(#h{})"/>').format(
        d.place(x), d.short(y), d.place(width), d.short(height), id_
    )


def _words(one: Group, names: Sequence[str], t: Texts) -> str:
    return f"{one.label}: " + ", ".join(f"{t(f'words.category_{name}')} {one.texts.get(name, '')}" for name in names)
