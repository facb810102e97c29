"""Too many uses of one link in a short time, counted where they arrive: no table is asked, none is written."""

from collections import OrderedDict
from collections.abc import Hashable


class RateLimiter:
    """Admits each key `most` times in `seconds` from its first use; of more than `keys` the one idle longest is lost.

    Every instance of a function counts for itself: it bounds what one of them does, and promises nothing of the whole.
    """

    def __init__(self, most: int = 60, seconds: float = 60, keys: int = 1000) -> None:
        self._most, self._seconds, self._keys = most, seconds, keys
        self._counted: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def admits(self, key: Hashable, now: float) -> bool:
        """Count one use at `now`, in seconds of any clock; whether it is not too many."""
        since, uses = self._counted.pop(key, (now, 0))
        if now - since >= self._seconds:
            since, uses = now, 0
        self._counted[key] = since, uses + 1
        if len(self._counted) > self._keys:
            self._counted.popitem(last=False)
        return uses < self._most
