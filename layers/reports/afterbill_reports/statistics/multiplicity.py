"""Many comparisons that are shown together: how many of the striking ones may be chance.

Benjamini and Hochberg, "Controlling the False Discovery Rate" (Journal of the Royal Statistical Society B 57, 1995).
"""

from collections.abc import Sequence

LEVEL = 0.05
"""The share of chance among what is called real, at most, on average."""


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Return the adjusted p of each, 0 to 1, in the order given; at most LEVEL is called real.

    None stays None: what was not compared is not among the comparisons.
    """
    order = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    least = 1.0
    for rank in range(len(order), 0, -1):
        p, place = order[rank - 1]
        least = min(least, p * len(order) / rank)
        found[place] = least
    return found
