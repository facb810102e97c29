"""The answers behind a figure that stands for one value of a dimension."""

from afterbill_console.links import answers_link, can_list
from afterbill_console.names import scopes_of
from afterbill_console.visit import Visit


def answers_of(visit: Visit, dimension: str, value: str, rating: str = "") -> str | None:
    """Return the address of the answers of a value, or of two values together; None where they cannot be listed."""
    scopes = scopes_of(dimension, value)
    if not scopes or not all(map(can_list, scopes)):
        return None
    return answers_link(visit, rating, **dict(scopes))
