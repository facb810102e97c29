"""Answers that count by weights: a score for those who were asked, and not only for those who answered.

Weights make the answers as those who were invited: cell by cell where every cell has answers enough, else by raking
(Deming and Stephan, "On a Least Squares Adjustment of a Sampled Frequency Table", Annals of Mathematical Statistics 11,
1940). The interval is that of the plain score on Kish's effective number of answers (Survey Sampling, 1965).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from afterbill.insight import nps, proportions
from afterbill.insight.nps import Tally
from afterbill.model.questions import SCALES, Question

LEAST_IN_CELL = 20
"""Answers of a cell, or of a value, below which its weight would be chance."""

MOST_ALONE = 20
"""Values of a dimension that raking tells apart."""

HEAVIEST = 5.0
"""Times the mean weight that no answer exceeds."""

_ROUNDS = 200
_CLOSE = 1e-9

REST = "\0rest"
"""Stands for all values of a dimension with too few answers; no value of anybody's is named like this."""

Cell = tuple[str, ...]
"""One value of each dimension that weights go by."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A score of weighted answers with its 95 % interval; `n_eff` answers of equal weight would tell as much."""

    score: float
    low: float
    high: float
    n_eff: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of an answer in each cell, 1 on average; `by` is "cells" or "raking".

    `trimmed` answers would weigh more, `unheard` of those invited have a value that nobody of those answering has.
    """

    by: str
    of: Mapping[Cell, float]
    trimmed: int = 0
    unheard: int = 0


def effective(weights: Iterable[tuple[float, int]]) -> float:
    """Return Kish's effective number, of weights and how many answers have each; 0 without any."""
    listed = list(weights)
    squares = sum(weight * weight * n for weight, n in listed)
    return sum(weight * n for weight, n in listed) ** 2 / squares if squares else 0.0


def weighted(question: Question, parts: Iterable[tuple[float, Tally]]) -> Weighted | None:
    """Return the score of tallies whose answers have a weight each; None where none has any."""
    listed = [(weight, tally) for weight, tally in parts if tally.n]
    total = sum(weight * tally.n for weight, tally in listed)
    if not total:
        return None
    scale, n_eff = SCALES[question], effective((weight, tally.n) for weight, tally in listed)
    good = n_eff * sum(weight * tally.favourable(scale) for weight, tally in listed) / total
    bad = n_eff * sum(weight * tally.unfavourable(scale) for weight, tally in listed) / total
    if question is Question.NPS:
        return Weighted(100 * (good - bad) / n_eff, *nps.bounds(good, bad, n_eff), n_eff)
    low, high = proportions.bounds(good, n_eff)
    return Weighted(100 * good / n_eff, 100 * low, 100 * high, n_eff)


def post_stratified(
    question: Question, invited: Mapping[Cell, int], answered: Mapping[Cell, Tally]
) -> tuple[Weights, Weighted] | None:
    """Return the score as if those who answered were like those who were invited; None where it cannot be weighed."""
    made = weights(invited, {cell: tally.n for cell, tally in answered.items()})
    found = made and weighted(question, ((made.of.get(cell, 0.0), tally) for cell, tally in answered.items()))
    return (made, found) if made and found else None


def weights(invited: Mapping[Cell, int], answered: Mapping[Cell, int]) -> Weights | None:
    """Return weights by which those who answered are like those who were invited; None where there are none.

    There are none without answers, and where no weights fit all dimensions at once. Everybody who answered is among the
    invited. Cells have the same number of dimensions in both. For raking, the values with fewer answers than
    LEAST_IN_CELL are taken together, and those after the first MOST_ALONE.
    """
    heard = {cell: n for cell, n in answered.items() if n}
    if not heard:
        return None
    if all(heard.get(cell, 0) >= LEAST_IN_CELL for cell, n in invited.items() if n):
        plain = {cell: invited.get(cell, 0) / n for cell, n in heard.items()}
        return _trimmed(Weights("cells", plain), heard)
    pooled = _pool(heard)
    raked, unheard = rake(_under(pooled, heard), _under(pooled, invited))
    if not raked:
        return None
    return _trimmed(Weights("raking", {cell: raked[_named(pooled, cell)] for cell in heard}, unheard=unheard), heard)


def rake(sample: Mapping[Cell, int], target: Mapping[Cell, int]) -> tuple[dict[Cell, float], int]:
    """Return weights of the cells of the sample, by which each value has the share it has in the target.

    They are empty where no weights do that. Beside them stand the most invited, over the dimensions, whose value the
    sample does not have: these are left out.
    """
    found = dict.fromkeys(sample, 1.0)
    margins = [_margin(target, place) for place in range(len(next(iter(sample))))]
    present = [_margin(sample, place) for place in range(len(margins))]
    unheard = max(
        sum(n for value, n in wanted.items() if value not in there)
        for wanted, there in zip(margins, present, strict=True)
    )
    for _ in range(_ROUNDS):
        if max(_fit(found, sample, wanted, place) for place, wanted in enumerate(margins)) < _CLOSE:
            return found, unheard
    return {}, unheard


def _fit(found: dict[Cell, float], sample: Mapping[Cell, int], wanted: Mapping[str, int], place: int) -> float:
    """Scale the weights so that the values at this place have their shares; return the largest change of a factor."""
    have: Counter[str] = Counter()
    for cell, n in sample.items():
        have[cell[place]] += found[cell] * n  # type: ignore[assignment]  # counts are weighted
    there = sum(wanted.get(value, 0) for value in have)
    total = sum(have.values())
    factors = {value: wanted.get(value, 0) * total / (there * n) if n and there else 1.0 for value, n in have.items()}
    for cell in found:
        found[cell] *= factors[cell[place]]
    return max(abs(factor - 1) for factor in factors.values())


def _trimmed(made: Weights, heard: Mapping[Cell, int]) -> Weights:
    """Return the weights with the mean 1 and none above HEAVIEST."""
    mean = sum(made.of[cell] * n for cell, n in heard.items()) / sum(heard.values())
    trimmed = sum(n for cell, n in heard.items() if made.of[cell] > HEAVIEST * mean)
    of = {cell: min(weight / mean, HEAVIEST) for cell, weight in made.of.items()}
    return replace(made, of=of, trimmed=trimmed)


def _margin(table: Mapping[Cell, int], place: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for cell, n in table.items():
        counts[cell[place]] += n
    return counts


def _pool(heard: Mapping[Cell, int]) -> Sequence[frozenset[str]]:
    """Return, for each dimension, the values with most answers that have enough of them to stand alone."""
    leading = (_margin(heard, place).most_common(MOST_ALONE) for place in range(len(next(iter(heard)))))
    return [frozenset(value for value, n in values if n >= LEAST_IN_CELL) for values in leading]


def _named(alone: Sequence[frozenset[str]], cell: Cell) -> Cell:
    return tuple(value if value in there else REST for value, there in zip(cell, alone, strict=True))


def _under(alone: Sequence[frozenset[str]], table: Mapping[Cell, int]) -> Counter[Cell]:
    counts: Counter[Cell] = Counter()
    for cell, n in table.items():
        counts[_named(alone, cell)] += n
    return counts
