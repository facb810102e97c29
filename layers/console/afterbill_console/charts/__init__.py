"""Charts as SVG that is written here: geometry in Python, colours by classes, the same figures in a table beside.

Across, marks stand at a share of the width, so that texts keep their size on a phone; down, at pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from afterbill.model.plain_text import one_line
from afterbill_actions.texts import Texts

MOST_POINTS = 370
"""Points of a line: a year of days."""

MOST_ROWS = 60
"""Rows of the table beside a chart, and bars of one: the report itself has the others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table. A `link` opens the answers behind it; a `note` stands beside, small."""

    text: str
    link: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a chart; the first cell of a row names it. `more` says what is left out."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A mark of a drawing in words: `kind` is the mark, drawn before the text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing whose `title` says the finding; `description` says what is to be seen, to those who do not see it.

    `notes` explain the marks that occur.
    """

    title: str
    description: str
    svg: Markup
    table: Table
    notes: Sequence[Note] = ()

    @property
    def caption(self) -> str:
        """The title as it is shown: a name in it may be a customer's. A percent sign stays with its number."""
        return one_line(self.title).replace(" %", "\u00a0%")


def name_cell(label: str, link: str | None = None, note: str = "") -> Cell:
    """Return the first cell of a row; the name may be a customer's word."""
    return Cell(one_line(label), link, note)


def rest(shown: int, there: int, t: Texts) -> str:
    """Return the sentence about what is left out, empty where nothing is."""
    return t("charts.more", n=there - shown) if there > shown else ""
