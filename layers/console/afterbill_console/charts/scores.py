"""The parts that charts of scores share: an axis from -100 to 100, intervals in words, cells of a table."""

from collections.abc import Sequence
from typing import Protocol

from afterbill_actions.texts import Texts
from afterbill_console.charts import Cell, Note, name_cell
from afterbill_console.numbers import Numbers

HIGHEST, NET, SHARE = 100, -100, 0
"""The ends of the axis: of a net score, and of a share of favourable answers."""


class Scored(Protocol):
    """A score with its interval; it is None below ten answers."""

    @property
    def label(self) -> str:
        """Whatever has it."""

    @property
    def n(self) -> int:
        """The number of answers."""

    @property
    def score(self) -> float | None:
        """The score itself."""

    @property
    def low(self) -> float | None:
        """The lower end of its interval."""

    @property
    def high(self) -> float | None:
        """The upper end."""

    @property
    def few(self) -> bool:
        """True below thirty answers."""

    @property
    def link(self) -> str | None:
        """The way to the answers."""


def ticks(lowest: int) -> Sequence[int]:
    """Return the values that are written at the axis."""
    return (-100, -50, 0, 50, 100) if lowest < 0 else (0, 25, 50, 75, 100)


def span(low: float | None, high: float | None, t: Texts, numbers: Numbers) -> str:
    """Return an interval in words."""
    if low is None or high is None:
        return numbers.score(None)
    return t("charts.span", low=numbers.score(low), high=numbers.score(high))


def cells(one: Scored, t: Texts, numbers: Numbers, note: str = "") -> tuple[Cell, Cell, Cell, Cell]:
    """Return name, score, interval and number of answers."""
    few = t("charts.few") if one.few and one.score is not None else ""
    return (
        name_cell(one.label, one.link, note),
        Cell(numbers.score(one.score), note=few),
        Cell(span(one.low, one.high, t, numbers)),
        Cell(numbers.count(one.n)),
    )


def few_note(rows: Sequence[Scored], t: Texts) -> list[Note]:
    """Return the words about hollow marks, and about missing ones, where there are any."""
    hollow = any(one.few and one.score is not None for one in rows)
    missing = any(one.score is None for one in rows)
    return [
        *([Note("hollow", t("charts.note_few"))] if hollow else []),
        *([Note("none", t("charts.note_missing"))] if missing else []),
    ]
