"""The time that an invocation has left."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any


def goes_on(context: Any, reserve: timedelta) -> Callable[[], bool]:  # noqa: ANN401  # Lambda's
    """Return what a step asks before each piece of work: True while more than `reserve` is left.

    The reserve covers the longest piece, and what the step stores at its end.
    """
    return lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()) > reserve
