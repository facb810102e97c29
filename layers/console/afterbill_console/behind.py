"""The answers behind a figure that stands for one value of a dimension."""

from afterbill_console.links import answers_link
from afterbill_console.names import UNNAMED, scopes_of
from afterbill_console.visit import Visit

SCOPES = ("touchpoint", "reason", "source", "plan", "country")
"""The dimensions by which answers can be listed."""


def answers_of(visit: Visit, dimension: str, value: str, rating: str = "") -> str | None:
    """Return the address of the answers of a value, or of two values together; None where they cannot be listed."""
    scopes = scopes_of(dimension, value)
    if not scopes or any(name not in SCOPES or text in UNNAMED for name, text in scopes):
        return None
    return answers_link(visit, rating, **dict(scopes))
