"""A score in which every customer weighs what they pay, and how far it can be trusted.

The score is the sum of weight times answer over the sum of weights. Its interval is that of the plain score on Kish's
effective number of answers, the square of the sum of weights over the sum of their squares (Survey Sampling, 1965).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from afterbill.insight import nps, proportions
from afterbill.model.questions import Question
from afterbill_reports.statistics.weighting import Weighted


@dataclass(frozen=True, slots=True)
class Sums:
    """Answers of one kind: how many there are, the sum of their weights, and the sum of the squares of these."""

    n: int = 0
    weights: float = 0
    squares: float = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.n + other.n, self.weights + other.weights, self.squares + other.squares)

    @classmethod
    def of(cls, weights: Iterable[float]) -> "Sums":
        """Return the sums of these weights."""
        listed = list(weights)
        return cls(len(listed), sum(listed), sum(weight * weight for weight in listed))


def weighted(question: Question, good: Sums, neutral: Sums, bad: Sums) -> Weighted | None:
    """Return the score of answers of the three kinds; None where nothing weighs anything."""
    every = good + neutral + bad
    if not every.squares:
        return None
    n_eff = float(every.weights**2 / every.squares)
    liked, disliked = (float(n_eff * kind.weights / every.weights) for kind in (good, bad))
    if question is Question.NPS:
        return Weighted(100 * (liked - disliked) / n_eff, *nps.bounds(liked, disliked, n_eff), n_eff)
    low, high = proportions.bounds(liked, n_eff)
    return Weighted(100 * liked / n_eff, 100 * low, 100 * high, n_eff)
