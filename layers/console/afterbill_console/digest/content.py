"""The content of a digest, from the reports of its period; each figure is that of the report's JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afterbill.insight.periods import Window
from afterbill_console.digest.comments import Comment, Words
from afterbill_console.digest.periods import Period
from afterbill_console.roles import Right

if TYPE_CHECKING:
    from afterbill_console.digest.ports import Recipient

Document = Mapping[str, Any]
ReadReport = Callable[[str, Window], Document | None]
"""Returns a report of a window by its name; None where it is being computed, or cannot be."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a period as reports have them: `total` of the trend, and rows of the journey.

    `changed` are touchpoints whose score really changed, `lowest` is the one with the lowest score. Surveys of the last
    days can still be answered, so no change of the response rate is called real.
    """

    total: Document
    before: Document
    changed: tuple[Document, ...] = ()
    lowest: Document | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest, as somebody with certain rights gets it; parts that they may not see are None or empty."""

    period: Period
    figures: Figures | None = None
    comment_rate: float | None = None
    comment_rate_before: float | None = None
    comments: tuple[Comment, ...] = ()
    tasks: int | None = None
    people: bool = False

    @property
    def empty(self) -> bool:
        """True where there is nothing to say."""
        return not (self.figures or self.comments or self.tasks)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All there is to say about a period, for whoever may see everything."""

    period: Period
    figures: Figures
    words: Words = field(default_factory=Words)
    before: Words = field(default_factory=Words)

    @property
    def nothing_came(self) -> bool:
        """True where nobody answered, and nobody was asked."""
        return not (self.figures.total["n"] or self.figures.total["sent"] or self.words.answers)


def figures_of(period: Period, report: ReadReport) -> Figures | None:
    """Return the figures of a period; None while one of their reports is missing."""
    # All are asked for before one is waited for.
    trend, before = report("trend", period.window), report("trend", period.before)
    journey = report("journey", period.window)
    if not (trend and before and journey):
        return None
    touchpoints = [row for row in journey.get("rows", ()) if row.get("touchpoint")]
    scored = [row for row in touchpoints if row["score"] is not None]
    return Figures(
        trend.get("total", _NOTHING),
        before.get("total", _NOTHING),
        tuple(sorted((row for row in scored if row["real"]), key=lambda row: row["change"])),
        min(scored, key=lambda row: row["score"]) if len(scored) > 1 else None,
    )


def digest_for(reader: "Recipient", gathered: Gathered, open_tasks: Callable[[], int]) -> Digest:
    """Return the digest of a period as its reader may see it."""
    figures, comments = reader.may(Right.FIGURES), reader.may(Right.COMMENTS)
    return Digest(
        gathered.period,
        gathered.figures if figures else None,
        gathered.words.rate if figures else None,
        gathered.before.rate if figures else None,
        gathered.words.comments if comments else (),
        open_tasks() if reader.may(Right.PEOPLE) else None,
        people=reader.may(Right.PEOPLE),
    )


_NOTHING: Document = {
    "n": 0,
    "score": None,
    "low": None,
    "high": None,
    "few": True,
    "change": None,
    "real": False,
    "sent": 0,
    "response_rate": None,
    "why": "no_answers",
}
"""The total of a report that says nothing, as before the archive begins."""
