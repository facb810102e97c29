"""A rate limit counted in memory, where requests arrive: no table is read or written."""

from collections import OrderedDict
from collections.abc import Hashable


class RateLimiter:
    """Admits each key `most` times in `seconds` from its first use; beyond `keys`, the longest idle one is forgotten.

    Every instance of a function counts for itself: the limit holds for one instance, not for all together.
    """

    def __init__(self, most: int = 60, seconds: float = 60, keys: int = 1000) -> None:
        self._most, self._seconds, self._keys = most, seconds, keys
        self._counted: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def admits(self, key: Hashable, now: float) -> bool:
        """Count one use at `now`, in seconds of any clock; False if it is one too many."""
        since, uses = self._counted.pop(key, (now, 0))
        if now - since >= self._seconds:
            since, uses = now, 0
        self._counted[key] = since, uses + 1
        if len(self._counted) > self._keys:
            self._counted.popitem(last=False)
        return uses < self._most
