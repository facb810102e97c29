"""A score taken apart: what each part of the answers adds to it or costs, exactly, so that the parts sum to the whole.

Points are Fractions until `rounded`, which rounds all parts together.
"""

from collections.abc import Hashable, Mapping
from fractions import Fraction
from math import floor
from typing import TypeVar

from afterbill.insight.nps import Tally
from afterbill.model.questions import SCALES, Question

PLACES = 6
"""Decimals of every figure in a document; tables show fewer."""

_Part = TypeVar("_Part", bound=Hashable)


def worth(question: Question, tally: Tally) -> int:
    """Return the sum of its answers in points: 100 for a favourable one; of the recommendation, -100 for a bad one."""
    scale = SCALES[question]
    bad = tally.unfavourable(scale) if question is Question.NPS else 0
    return 100 * (tally.favourable(scale) - bad)


def contributions(question: Question, parts: Mapping[_Part, Tally]) -> dict[_Part, Fraction]:
    """Return the share of each part times its own score. Their sum is the score; nothing without answers."""
    n = sum(tally.n for tally in parts.values())
    return {part: Fraction(worth(question, tally), n) for part, tally in parts.items()} if n else {}


def pulls(question: Question, parts: Mapping[_Part, Tally]) -> dict[_Part, Fraction]:
    """Return the share of each part times how far its score lies above that of all answers. Their sum is 0."""
    total = sum(tally.n for tally in parts.values())
    added = contributions(question, parts)
    whole = sum(added.values())
    return {part: points - whole * Fraction(parts[part].n, total) for part, points in added.items()}


def costs(question: Question, parts: Mapping[_Part, Tally]) -> dict[_Part, Fraction]:
    """Return the points that the answers of each part fall short of 100: its share times (100 - its score).

    Their sum is 100 - score. Favourable answers cost nothing, so that a part is not dear by being large.
    """
    n = sum(tally.n for tally in parts.values())
    return {part: Fraction(100 * tally.n - worth(question, tally), n) for part, tally in parts.items()} if n else {}


def rounded(parts: Mapping[_Part, Fraction], places: int = PLACES) -> dict[_Part, float]:
    """Return the parts with so many decimals; their decimal sum is the rounded sum, to the last digit.

    The largest remainders are rounded up, those of equal size in the order given.
    """
    unit = 10**places
    lower = {part: floor(points * unit) for part, points in parts.items()}
    missing = round(sum(parts.values()) * unit) - sum(lower.values())
    by_remainder = sorted(parts, key=lambda part: lower[part] - parts[part] * unit)
    up = set(by_remainder[:missing])
    return {part: (whole + (part in up)) / unit for part, whole in lower.items()}
