"""The share of favourable answers to a question, how far it can be trusted, and whether it really changed.

The interval is the score interval of Wilson, "Probable Inference, the Law of Succession, and Statistical Inference"
(Journal of the American Statistical Association 22, 1927). A change is significant where the interval of the difference
leaves out 0: that of Newcombe, "Interval Estimation for the Difference Between Independent Proportions: Comparison of
Eleven Methods" (Statistics in Medicine 17, 1998), method 10, made of two of Wilson's; it holds for few answers too.
"""

from math import hypot, sqrt

from afterbill.insight.nps import Z95, Comparison, Tally
from afterbill.model.questions import Scale


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
    low, high = _wilson(tally.favourable(scale), tally.n)
    return 100 * low, 100 * high


def compare(tally: Tally, before: Tally, scale: Scale) -> Comparison | None:
    """The change from `before` in points of a percentage; None where either has no answers."""
    current, previous = share(tally, scale), share(before, scale)
    if current is None or previous is None:
        return None
    low, high = difference((tally.favourable(scale), tally.n), (before.favourable(scale), before.n))
    return Comparison(current - previous, significant=low > 0 or high < 0)


def difference(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of the first share minus the second, each given as (successes, all)."""
    (low, high), (low_2, high_2) = _wilson(*first), _wilson(*second)
    share_1, share_2 = first[0] / first[1], second[0] / second[1]
    apart = share_1 - share_2
    return apart - hypot(share_1 - low, high_2 - share_2), apart + hypot(high - share_1, share_2 - low_2)


def _wilson(successes: int, n: int) -> tuple[float, float]:
    """The interval in shares of 1; it always holds the share itself, even after rounding."""
    point, square = successes / n, Z95**2
    middle = point + square / (2 * n)
    margin = Z95 * sqrt(point * (1 - point) / n + square / (4 * n * n))
    low, high = ((middle - margin) / (1 + square / n), (middle + margin) / (1 + square / n))
    return max(0.0, min(low, point)), min(1.0, max(high, point))
