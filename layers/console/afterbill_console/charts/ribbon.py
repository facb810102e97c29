"""The journey as a ribbon: high where the score is high, wide where many answer, with a dot for each touchpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import Cell, Chart, Table
from afterbill_console.charts import drawing as d
from afterbill_console.charts.scores import HIGHEST, NET, cells, few_note
from afterbill_console.numbers import Numbers

HEIGHT, NAMES, BEST, WORST = 260, 18, 92, 196
"""Pixels down: the end of the drawing, the names of the stages, and the places of the best and the worst score."""

THICKEST, THINNEST = 56, 2
"""Pixels of the ribbon where everybody and where nobody answered."""

LEVEL = 0.25
"""The part of a stage, on either side of its middle, in which the ribbon is level."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A touchpoint or a whole stage; `share` of all answers is from 0 to 1."""

    label: str
    n: int
    share: float
    score: float | None
    low: float | None
    high: float | None
    few: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stage with its touchpoints."""

    stage: Stop
    touchpoints: Sequence[Stop] = ()


def ribbon(stretches: Sequence[Stretch], title: str, t: Texts, numbers: Numbers, *, lowest: int = NET) -> Chart:
    """Return the stages from left to right, and stages and touchpoints in the table. `lowest` is the worst score."""
    band, middle = _band([one.stage for one in stretches], lowest), (BEST + WORST) / 2
    parts = [band, d.line((0, middle), (1, middle), "zero")]
    for place, one in enumerate(stretches):
        parts += _marks(one, place, len(stretches), lowest, numbers)
    stops = [stop for one in stretches for stop in (one.stage, *one.touchpoints)]
    words = "; ".join(
        t(
            "journey.ribbon_stage",
            stage=one.stage.label,
            score=numbers.score(one.stage.score),
            n=one.stage.n,
            count=numbers.count(one.stage.n),
        )
        for one in stretches
    )
    said = t("journey.ribbon_description", n=len(stretches), all=words)
    notes = [note for note in few_note(stops, t) if note.kind == "hollow"]
    return Chart(title, said, d.frame(title, said, HEIGHT, parts, "ribbon"), _table(stops, t, numbers), notes)


def _marks(one: Stretch, place: int, places: int, lowest: int, numbers: Numbers) -> list[Markup]:
    """Return the name of a stage, its touchpoints as dots, its score above the ribbon and its answers below."""
    x, y = (place + 0.5) / places, _y(one.stage.score, lowest)
    found = [
        d.text(
            one.stage.label, d.place(x), NAMES, f"middle stage {'even' if place % 2 else '' if place else 'first'}", 18
        )
    ]
    scored = [stop for stop in one.touchpoints if stop.score is not None]
    for number, stop in enumerate(scored, 1):
        at = (place + number / (len(scored) + 1)) / places
        dot = d.circle((at, _y(stop.score, lowest)), 4 + 4 * stop.share**0.5, "hollow" if stop.few else "dot")
        found.append(Markup("<g><title>{}</title>{}</g>").format(stop.label, dot))
    found.append(d.text(numbers.score(one.stage.score), d.place(x), y - _half(one.stage) - 12, "middle score"))
    return [*found, d.text(numbers.count(one.stage.n), d.place(x), HEIGHT - 8, "middle")]


def _y(score: float | None, lowest: int) -> float:
    """Return the place down of a score; in the middle where there is none."""
    known = (HIGHEST + lowest) / 2 if score is None else score
    return WORST - d.across(known, lowest, HIGHEST) * (WORST - BEST)


def _half(stop: Stop) -> float:
    return (THINNEST + (THICKEST - THINNEST) * d.inside(stop.share)) / 2


def _band(stages: Sequence[Stop], lowest: int) -> Markup:
    """Return the ribbon, smooth between the stages and level at each; a hair where nobody answered."""
    if not stages:
        return Markup()
    step = d.WIDE / len(stages)
    upper = _edge([_y(one.score, lowest) - _half(one) for one in stages], step)
    lower = _edge([_y(one.score, lowest) + _half(one) for one in stages][::-1], -step, d.WIDE)
    return d.stretched([d.path(f"M{upper}L{lower}z", "ribbon-band")], HEIGHT)


def _edge(heights: Sequence[float], step: float, begin: float = 0) -> str:
    """Return one edge of the ribbon from its begin on, with a curve between the middles of two stages."""
    middles = [(begin + (place + 0.5) * step, y) for place, y in enumerate(heights)]
    found = [_at(begin, heights[0]), _at(middles[0][0] + LEVEL * step, heights[0])]
    for (old_x, old_y), (x, y) in pairwise(middles):
        turn = (old_x + x) / 2
        found.append(f"C{_at(turn, old_y)} {_at(turn, y)} {_at(x - LEVEL * step, y)}L{_at(x + LEVEL * step, y)}")
    return "L".join(found[:2]) + "".join(found[2:]) + f"L{_at(begin + step * len(heights), heights[-1])}"


def _at(x: float, y: float) -> str:
    return f"{d.short(x)} {d.short(y)}"


def _table(stops: Sequence[Stop], t: Texts, numbers: Numbers) -> Table:
    head = (t("charts.what"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.share"))
    return Table(head, [(*cells(stop, t, numbers), Cell(numbers.share(stop.share))) for stop in stops])
