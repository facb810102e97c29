"""What a tally comes to, by what was asked: the net score of the recommendation, the favourable share of all others."""

from dataclasses import dataclass

from afterbill.insight import nps, proportions
from afterbill.insight.nps import Comparison, Tally
from afterbill.model.questions import SCALES, Question

GROUPS = ("promoters", "passives", "detractors")
"""Who answered, of the recommendation."""

OTHER_GROUPS = ("favourable", "neutral", "unfavourable")
"""What was answered, of every other question."""


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
    """What the tally says."""
    if question is Question.NPS:
        low, high = nps.interval(tally) or (None, None)
        counts = (tally.promoters, tally.passives, tally.detractors)
        return Measures(nps.score(tally), low, high, dict(zip(GROUPS, counts, strict=True)))
    scale = SCALES[question]
    good, bad = proportions.favourable(tally, scale), proportions.unfavourable(tally, scale)
    low, high = proportions.interval(tally, scale) or (None, None)
    groups = dict(zip(OTHER_GROUPS, (good, tally.n - good - bad, bad), strict=True))
    return Measures(proportions.share(tally, scale), low, high, groups, proportions.mean(tally))


def compare(question: Question, tally: Tally, before: Tally) -> Comparison | None:
    """The change from `before`, in points of the score; None where either has no answers."""
    return (
        nps.compare(tally, before) if question is Question.NPS else proportions.compare(tally, before, SCALES[question])
    )
