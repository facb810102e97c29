"""A score over time, with its interval as a band, over the number of answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import MOST_POINTS, MOST_ROWS, Cell, Chart, Note, Table, rest
from afterbill_console.charts import drawing as d
from afterbill_console.charts.scores import HIGHEST, NET, cells, few_note, span, ticks
from afterbill_console.numbers import Numbers

TOP, BOTTOM = 12, 212
"""A pixel for each point of a net score."""
VOLUME_TEXT, VOLUME, VOLUME_BOTTOM = 236, 30, 272
LABELS, HEIGHT = 292, 298

DENSE = 120
"""Points from which a line has no dots, and a hollow mark no ring: they would touch each other."""
MOST_MARKS = 40
"""Real changes with a shape of their own: the last ones."""


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


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The points that are drawn, on an axis from `lowest`."""

    points: Sequence[TrendPoint]
    lowest: int

    def x(self, at: int) -> float:
        """Return the middle of a period."""
        return (at + 0.5) / len(self.points)

    def y(self, score: float) -> float:
        """Return the height of a score."""
        return BOTTOM - d.across(score, self.lowest, HIGHEST) * (BOTTOM - TOP)

    def known(self, *, few: bool) -> list[d.Point]:
        """Return the points that have a score, of few answers or of enough."""
        return [
            (self.x(at), self.y(one.score))
            for at, one in enumerate(self.points)
            if one.few is few and one.score is not None
        ]

    def runs(self) -> Iterator[list[tuple[int, float, float, float]]]:
        """Yield points without a gap between them: place, score, low and high."""
        known = [
            (at, one.score, one.score if one.low is None else one.low, one.score if one.high is None else one.high)
            for at, one in enumerate(self.points)
            if one.score is not None
        ]
        for _, run in groupby(enumerate(known), key=lambda pair: pair[1][0] - pair[0]):
            yield [point for _, point in run]


def trend(points: Sequence[TrendPoint], title: str, t: Texts, numbers: Numbers, *, lowest: int = NET) -> Chart:
    """Return the chart; of more than MOST_POINTS the last are shown. `lowest` is the lower end of the axis."""
    drawn = _Drawn(list(points)[-MOST_POINTS:], lowest)
    said = _description(drawn.points, t, numbers)
    parts = [*_scale(drawn, numbers), *_volume_text(drawn, t, numbers), *_grid(drawn)]
    parts += [d.stretched(_paths(drawn), HEIGHT), *_shapes(drawn), *_dates(drawn)]
    svg = d.frame(title, said, HEIGHT, parts, "trend gutter")
    return Chart(title, said, svg, _table(points, t, numbers), _notes(drawn, t))


def _description(points: Sequence[TrendPoint], t: Texts, numbers: Numbers) -> str:
    """Say what the line does: where it begins and ends, its highest and its lowest point."""
    known = [one for one in points if one.score is not None]
    if not known:
        return t("charts.trend_nothing", n=len(points))
    first, last = known[0], known[-1]
    lowest, highest = (choose(known, key=lambda one: one.score or 0) for choose in (min, max))
    return t(
        "charts.trend_description",
        n=len(known),
        first=first.label,
        first_score=numbers.score(first.score),
        last=last.label,
        last_score=numbers.score(last.score),
        last_span=span(last.low, last.high, t, numbers),
        lowest=numbers.score(lowest.score),
        highest=numbers.score(highest.score),
        real=numbers.count(sum(one.real for one in points)),
    )


def _scale(drawn: _Drawn, numbers: Numbers) -> list[Markup]:
    return [d.text(numbers.score(score), "-6", drawn.y(score) + 4, "end") for score in ticks(drawn.lowest)]


def _grid(drawn: _Drawn) -> list[Markup]:
    return [
        d.line((0, drawn.y(score)), (1, drawn.y(score)), "zero" if score == 0 else "grid")
        for score in ticks(drawn.lowest)
    ]


def _paths(drawn: _Drawn) -> Iterator[Markup]:
    yield d.path(_steps(drawn), "volume")
    line = ""
    for run in drawn.runs():
        above = [(drawn.x(at), drawn.y(high)) for at, _, _, high in run]
        below = [(drawn.x(at), drawn.y(low)) for at, _, low, _ in run]
        if len(run) == 1:
            yield d.path(d.joined([*above, *below]), "whisker")
        else:
            yield d.path(f"{d.joined([*above, *reversed(below)])}z", "band")
            line += d.joined([(drawn.x(at), drawn.y(score)) for at, score, _, _ in run])
    yield d.path(line, "line")
    plain, hollow = (d.dots(drawn.known(few=few)) for few in (False, True))
    if len(drawn.points) <= DENSE:
        yield d.path(plain, "dots")
        yield d.path(hollow, "dots")
    yield d.path(hollow, "holes")


def _steps(drawn: _Drawn) -> str:
    """Return the numbers of answers as columns."""
    most = max((one.n for one in drawn.points), default=0)
    if not most:
        return ""
    return d.stairs([VOLUME_BOTTOM - d.inside(one.n / most) * VOLUME for one in drawn.points], VOLUME_BOTTOM)


def _volume_text(drawn: _Drawn, t: Texts, numbers: Numbers) -> list[Markup]:
    most = max((one.n for one in drawn.points), default=0)
    return [d.text(t("charts.volume", most=numbers.count(most)), "-40", VOLUME_TEXT)]


def _real(points: Sequence[TrendPoint]) -> Iterator[tuple[int, float, str]]:
    """Yield the real changes: place, score, and whether it rose or fell."""
    before: float | None = None
    for at, one in enumerate(points):
        if one.score is not None:
            if one.real:
                yield at, one.score, "fall" if before is not None and one.score < before else "rise"
            before = one.score


def _shapes(drawn: _Drawn) -> list[Markup]:
    return [d.mark((drawn.x(at), drawn.y(score)), kind) for at, score, kind in list(_real(drawn.points))[-MOST_MARKS:]]


def _dates(drawn: _Drawn) -> list[Markup]:
    return d.axis_labels([one.label for one in drawn.points], LABELS)


def _notes(drawn: _Drawn, t: Texts) -> list[Note]:
    real = [Note(kind, t(f"charts.note_{kind}")) for kind in sorted({kind for _, _, kind in _real(drawn.points)})]
    known = any(one.score is not None for one in drawn.points)
    return [*([Note("band", t("charts.note_band"))] if known else []), *few_note(drawn.points, t), *real]


def _table(points: Sequence[TrendPoint], t: Texts, numbers: Numbers) -> Table:
    listed = list(points)[-MOST_ROWS:]
    head = (t("charts.time"), t("charts.score"), t("charts.interval"), t("charts.answers"), t("charts.change"))
    rows = [(*cells(one, t, numbers), Cell(t("charts.real" if one.real else "charts.not_real"))) for one in listed]
    return Table(head, rows, rest(len(listed), len(points), t))
