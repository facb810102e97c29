"""The answers behind a figure that stands for one value of a dimension."""

from afterbill_console.links import answers_link
from afterbill_console.names import BOTH, UNNAMED
from afterbill_console.visit import Visit

SCOPES = ("touchpoint", "reason", "source", "plan", "country")
"""The dimensions by which answers can be listed."""


def answers_of(visit: Visit, dimension: str, value: str, rating: str = "") -> str | None:
    """Return the address of the answers of a value, or of two values together; None where they cannot be listed."""
    pairs = (
        list(zip(dimension.split(BOTH), value.split(BOTH), strict=False)) if BOTH in dimension else [(dimension, value)]
    )
    if any(name not in SCOPES or text in UNNAMED for name, text in pairs):
        return None
    return answers_link(visit, rating, **dict(pairs))
