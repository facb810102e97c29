"""The score of a tally by its question: the net score for the recommendation, the favourable share for all others."""

from dataclasses import dataclass

from afterbill.insight import nps, proportions
from afterbill.insight.nps import Comparison, Tally
from afterbill.model.questions import SCALES, Question

GROUPS = ("promoters", "passives", "detractors")
"""The groups of people for the recommendation, in the order favourable, neutral, unfavourable."""

OTHER_GROUPS = ("favourable", "neutral", "unfavourable")
"""The groups of answers for every other question, in the same order."""


@dataclass(frozen=True, slots=True)
class Measures:
    """`score` with its 95 % interval `low` to `high`, None without answers; `groups` are counts by name.

    A net score from -100 to 100, or a percentage of favourable answers, which comes with the `mean` rating.
    """

    score: float | None
    low: float | None
    high: float | None
    groups: dict[str, int]
    mean: float | None = None


def measures(question: Question, tally: Tally) -> Measures:
    """Return the score of the tally with everything that comes with it."""
    scale = SCALES[question]
    good, bad = tally.favourable(scale), tally.unfavourable(scale)
    counts = (good, tally.n - good - bad, bad)
    if question is Question.NPS:
        low, high = nps.interval(tally) or (None, None)
        return Measures(nps.score(tally), low, high, dict(zip(GROUPS, counts, strict=True)))
    low, high = proportions.interval(tally, scale) or (None, None)
    groups = dict(zip(OTHER_GROUPS, counts, strict=True))
    return Measures(proportions.share(tally, scale), low, high, groups, proportions.mean(tally))


def score(question: Question, tally: Tally) -> float | None:
    """Return the score alone."""
    return nps.score(tally) if question is Question.NPS else proportions.share(tally, SCALES[question])


def compare(question: Question, tally: Tally, before: Tally) -> Comparison | None:
    """The change from `before`, in points of the score; None where either has no answers."""
    return (
        nps.compare(tally, before) if question is Question.NPS else proportions.compare(tally, before, SCALES[question])
    )


def p_value(question: Question, tally: Tally, other: Tally) -> float:
    """The chance, with no real difference, of one at least as large as theirs; it agrees with `compare`.

    Both have answers.
    """
    if question is Question.NPS:
        return nps.p_value(tally, other)
    scale = SCALES[question]
    return proportions.p_value((tally.favourable(scale), tally.n), (other.favourable(scale), other.n))
