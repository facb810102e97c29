"""The part of the differences in a figure that goes with each of several attributes: R2 divided by Shapley's rule.

Lindeman, Merenda and Gold, "Introduction to Bivariate and Multivariate Analysis" (1980); Groemping, "Relative
Importance for Linear Regression in R" (Journal of Statistical Software 17, 2006): what an attribute adds to R2, as the
mean over all orders in which attributes can be taken in. The parts sum to R2. It is no proof of a cause.
"""

from collections.abc import Sequence
from math import factorial

MOST_GROUPS = 8
"""Attributes at most: the subsets of so many are 256."""

_DEPENDENT = 1e-9
"""The share of its own variance below which a column tells nothing new."""

Matrix = list[list[float]]


def lmg(sizes: Sequence[int], products: Sequence[Sequence[float]]) -> list[float]:
    """Return the part of R2 of each group, from the cross products of centred columns.

    `sizes` says how many columns each group has; they come in this order, and the figure itself last. Columns that
    follow from others are passed over. All parts are 0 where the figure never differs.
    """
    whole = products[-1][-1]
    if whole <= 0:
        return [0.0] * len(sizes)
    explained = [0.0] * 2 ** len(sizes)
    _fill(explained, sizes, [list(row) for row in products], whole)
    return [_part(explained, group, len(sizes)) for group in range(len(sizes))]


def _fill(explained: list[float], sizes: Sequence[int], products: Matrix, whole: float) -> None:
    """Put R2 of every subset of groups in its place: bit g of the place stands for group g."""
    waiting: list[tuple[int, int, Matrix]] = [(0, 0, products)]
    while waiting:
        group, chosen, left = waiting.pop()
        if group == len(sizes):
            explained[chosen] = 1 - left[-1][-1] / whole
            continue
        width = sizes[group]
        first = sum(sizes[:group])
        own = [products[first + column][first + column] for column in range(width)]
        waiting.append((group + 1, chosen, [row[width:] for row in left[width:]]))
        waiting.append((group + 1, chosen | 1 << group, _without(left, own)))


def _without(products: Matrix, own: Sequence[float]) -> Matrix:
    """Return what is left of all other columns once the first ones, of these variances, are known."""
    left = products
    for variance in own:
        pivot, rest = left[0], left[1:]
        if pivot[0] <= _DEPENDENT * variance:
            left = [row[1:] for row in rest]
        else:
            left = [[value - row[0] * above / pivot[0] for value, above in zip(row[1:], pivot[1:])] for row in rest]  # noqa: B905  # both are rows of one matrix, and this is the innermost loop
    return left


def _part(explained: Sequence[float], group: int, groups: int) -> float:
    """Return what a group adds to the R2 of every subset without it, averaged over the orders."""
    bit = 1 << group
    return sum(
        (explained[subset | bit] - explained[subset])
        * factorial(subset.bit_count())
        * factorial(groups - subset.bit_count() - 1)
        for subset in range(2**groups)
        if not subset & bit
    ) / factorial(groups)
