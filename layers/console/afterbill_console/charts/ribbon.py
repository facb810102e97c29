"""The journey as a ribbon: high where the score is high, wide where many answer, with a dot for each touchpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from afterbill_console.charts import Cell, Chart, Table
from afterbill_console.charts import drawing as d
from afterbill_console.charts.trend import span
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

HEIGHT, BEST, WORST, THICKEST, THINNEST = 250, 88, 188, 56, 2
"""Pixels: the places of 100 and of -100, and the width of the ribbon where everybody and where nobody answered."""

STEP = 100
"""Units of one stage in the drawing of the ribbon itself, which is stretched to the width."""


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
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stage with its touchpoints."""

    stage: Stop
    touchpoints: Sequence[Stop] = field(default=())


def ribbon(stretches: Sequence[Stretch], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the stages from left to right, with the same figures of stages and touchpoints in the table."""
    said = t("journey.ribbon_description", n=len(stretches))
    middle = _level(0)
    parts = [_band(stretches), d.line((0, middle), (1, middle), "zero")]
    for place, one in enumerate(stretches):
        parts += _marks(one, place, len(stretches), numbers)
    return Chart(title, said, d.frame(title, said, HEIGHT, parts, "ribbon"), _table(stretches, t, numbers))


def _marks(one: Stretch, place: int, places: int, numbers: Numbers) -> list[Markup]:
    """Return the name of a stage, its touchpoints as dots, its score above the ribbon and its answers below."""
    x, half = (place + 0.5) / places, _half(one.stage)
    level = _level(one.stage.score)
    found = [d.text(one.stage.label, d.place(x), 16, f"middle stage{' even' if place % 2 else ''}", 18)]
    scored = [stop for stop in one.touchpoints if stop.score is not None]
    for number, stop in enumerate(scored):
        across = x + (number + 1) / (len(scored) + 1) / places - 0.5 / places
        found.append(_dot(across, stop))
    found.append(d.text(numbers.score(one.stage.score), d.place(x), level - half - 8, "middle figure"))
    return [*found, d.text(numbers.count(one.stage.n), d.place(x), HEIGHT - 8, "middle")]


def _dot(x: float, stop: Stop) -> Markup:
    dot = d.circle(x, _level(stop.score), 3 + 5 * stop.share**0.5, "hollow" if stop.few else "dot")
    return Markup("<g><title>{}</title>{}</g>").format(stop.label, dot)


def _level(score: float | None) -> float:
    """Return the place down of a score; in the middle where there is none."""
    return BEST + (100 - (score or 0)) / 200 * (WORST - BEST)


def _half(stop: Stop) -> float:
    return (THINNEST + (THICKEST - THINNEST) * stop.share) / 2


def _band(stretches: Sequence[Stretch]) -> Markup:
    """Return the ribbon, smooth between the stages and level at each; a hair where nobody answered."""
    upper = [(place, _level(one.stage.score) - _half(one.stage)) for place, one in enumerate(stretches)]
    lower = [(place, _level(one.stage.score) + _half(one.stage)) for place, one in enumerate(stretches)]
    there, back = _edge(upper, 0.25), _edge(lower[::-1], -0.25)
    path = f"M0 {d.short(upper[0][1])} {there} L{STEP * len(stretches)} {d.short(upper[-1][1])} "
    path += f"L{STEP * len(stretches)} {d.short(lower[-1][1])} {back} L0 {d.short(lower[0][1])} Z"
    stretched = Markup(
        '<svg x="0" y="0" width="100%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        '<path d="{}" class="ribbon"/></svg>'
    )
    return stretched.format(HEIGHT, STEP * len(stretches), HEIGHT, path)


def _edge(points: Sequence[tuple[int, float]], flat: float) -> str:
    """Return one edge of the ribbon: level around the middle of each stage, a curve between two."""
    drawn, before = [], None
    for place, y in points:
        come, go = STEP * (place + 0.5 - flat), STEP * (place + 0.5 + flat)
        if before is None:
            drawn.append(f"L{d.short(come)} {d.short(y)}")
        else:
            turn = (before[0] + come) / 2
            ends = f"{d.short(turn)} {d.short(before[1])} {d.short(turn)} {d.short(y)} {d.short(come)} {d.short(y)}"
            drawn.append(f"C{ends}")
        drawn.append(f"L{d.short(go)} {d.short(y)}")
        before = (go, y)
    return " ".join(drawn)


def _table(stretches: Sequence[Stretch], t: Texts, numbers: Numbers) -> Table:
    head = (t("charts.what"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.share"))
    stops = [stop for one in stretches for stop in (one.stage, *one.touchpoints)]
    rows = [
        (
            Cell(stop.label, stop.link, stop.note),
            Cell(numbers.score(stop.score), note=t("charts.few") if stop.few and stop.n else ""),
            Cell(span(stop.low, stop.high, t, numbers)),
            Cell(numbers.count(stop.n)),
            Cell(numbers.share(stop.share)),
        )
        for stop in stops
    ]
    return Table(head, rows)
