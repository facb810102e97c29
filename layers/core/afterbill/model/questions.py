"""The questions: recommendation, satisfaction, effort and buying again; their scores are never mixed."""

from dataclasses import dataclass
from enum import StrEnum


class Question(StrEnum):
    """The question of a touchpoint; every answer counts for its own question only."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    REBUY = "rebuy"


class Category(StrEnum):
    """The kind of person who gives a rating."""

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole numbers from `lowest` to `highest`; `good` and above is favourable, `bad` and below is not."""

    lowest: int
    highest: int
    good: int
    bad: int

    @property
    def ratings(self) -> range:
        """Every rating there is."""
        return range(self.lowest, self.highest + 1)

    def category(self, rating: int) -> Category:
        """Return promoter from `good`, detractor up to `bad`, passive between them."""
        if rating >= self.good:
            return Category.PROMOTER
        return Category.DETRACTOR if rating <= self.bad else Category.PASSIVE


SCALES = {
    Question.NPS: Scale(0, 10, good=9, bad=6),
    Question.CSAT: Scale(1, 5, good=4, bad=2),
    Question.CES: Scale(1, 7, good=5, bad=3),
    Question.REBUY: Scale(0, 10, good=9, bad=6),
}
"""Reichheld, "The One Number You Need to Grow" (2003) for the first; the top two of five for satisfaction; agreement
(5 to 7) that it was easy for effort (CES 2.0); buying again is asked and read like the recommendation."""


def scale_of(question: str) -> Scale:
    """The scale of a question by its name."""
    return SCALES[Question(question)]
