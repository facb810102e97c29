"""The share of favourable answers to a question, how far it can be trusted, and whether it really changed.

The interval is the score interval of Wilson, "Probable Inference, the Law of Succession, and Statistical Inference"
(Journal of the American Statistical Association 22, 1927). A change is significant where the interval of the difference
leaves out 0: that of Newcombe, "Interval Estimation for the Difference Between Independent Proportions: Comparison of
Eleven Methods" (Statistics in Medicine 17, 1998), method 10, made of two of Wilson's; it holds for few answers too.
"""

from math import hypot, sqrt

from afterbill.insight.nps import Z95, Comparison, Tally, two_sided
from afterbill.model.questions import Scale

_FARTHEST = 38.0
"""Standard errors beyond which a chance is 0 in double precision."""

_HALVINGS = 50


def share(tally: Tally, scale: Scale) -> float | None:
    """Percentage of favourable answers, 0 to 100; None without answers."""
    return 100 * tally.favourable(scale) / tally.n if tally.n else None


def mean(tally: Tally) -> float | None:
    """The mean rating; None without answers."""
    return sum(rating * given for rating, given in enumerate(tally.ratings)) / tally.n if tally.n else None


def interval(tally: Tally, scale: Scale) -> tuple[float, float] | None:
    """The 95 % confidence interval of the share, within 0 to 100; None without answers."""
    if not tally.n:
        return None
    low, high = bounds(tally.favourable(scale), tally.n)
    return 100 * low, 100 * high


def compare(tally: Tally, before: Tally, scale: Scale) -> Comparison | None:
    """The change from `before` in points of a percentage; None where either has no answers."""
    current, previous = share(tally, scale), share(before, scale)
    if current is None or previous is None:
        return None
    low, high = difference((tally.favourable(scale), tally.n), (before.favourable(scale), before.n))
    return Comparison(current - previous, significant=low > 0 or high < 0)


def difference(first: tuple[int, int], second: tuple[int, int], z: float = Z95) -> tuple[float, float]:
    """The interval of the first share minus the second, each given as (successes, all); 95 % with the usual `z`."""
    (low, high), (low_2, high_2) = bounds(*first, z), bounds(*second, z)
    share_1, share_2 = first[0] / first[1], second[0] / second[1]
    apart = share_1 - share_2
    return apart - hypot(share_1 - low, high_2 - share_2), apart + hypot(high - share_1, share_2 - low_2)


def p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The level at which Newcombe's interval of the difference just reaches 0; both have answers.

    The interval turned round into a test: p is below 0.05 where the 95 % interval leaves out 0, so where `compare` says
    significant. Intervals grow with their level, so halving finds it.
    """
    if first[0] * second[1] == second[0] * first[1]:
        return 1.0
    least, most = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        z = (least + most) / 2
        low, high = difference(first, second, z)
        least, most = (z, most) if low > 0 or high < 0 else (least, z)
    return two_sided(least)


def bounds(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """The interval of a share, in shares of 1; it always holds the share itself, even after rounding.

    Successes and `n` need not be whole where answers are weighted.
    """
    point, square = min(1.0, successes / n), z**2
    middle = point + square / (2 * n)
    margin = z * sqrt(point * (1 - point) / n + square / (4 * n * n))
    low, high = ((middle - margin) / (1 + square / n), (middle + margin) / (1 + square / n))
    return max(0.0, min(low, point)), min(1.0, max(high, point))
