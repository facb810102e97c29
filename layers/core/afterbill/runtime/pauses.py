"""Short pauses between tries, of random length and only while the invocation has time left."""

from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from time import sleep
from typing import Any

_MOST = 5
_LONGEST = 4.0
_RESERVE = 15.0
"""Seconds that stay for what follows the pauses: calls that time out, and the rest of the batch."""


@dataclass
class Pauses:
    """Pauses of `first` seconds, then twice as long each time, to 4 s; `context` is set at the start of an invocation.

    Half of each is random, so that those who met at one item or limit do not meet there again.
    """

    first: float
    context: Any = None
    wait: Callable[[float], None] = sleep

    def __call__(self, tries: int) -> bool:
        """Pause after this many tries before the last one, five at most; False, and no pause, without time for it."""
        pause = min(self.first * 2**tries, _LONGEST)
        left = self.context.get_remaining_time_in_millis() / 1000 if self.context else 0.0
        if tries >= _MOST or left < pause + _RESERVE:
            return False
        self.wait(uniform(pause / 2, pause))  # noqa: S311  # spreads load, guards nothing
        return True
