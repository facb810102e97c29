"""CloudWatch's metrics, minute by minute."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60


@dataclass(slots=True)
class Values:
    """The values put within a minute, or a longer period."""

    number: int = 0
    total: float = 0
    least: float = math.inf
    most: float = -math.inf

    def add(self, value: float) -> None:
        """Count one value."""
        self.number, self.total = self.number + 1, self.total + value
        self.least, self.most = min(self.least, value), max(self.most, value)

    def statistic(self, name: str) -> float | None:
        """Return `Sum`, `Maximum`, `Minimum`, `Average` or `SampleCount`; None where nothing was put."""
        if not self.number:
            return None
        known = {"Sum": self.total, "Maximum": self.most, "Minimum": self.least, "SampleCount": self.number}
        return known.get(name, self.total / self.number)


@dataclass(frozen=True, slots=True)
class Name:
    """A metric: namespace, name and dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def named(namespace: str, name: str, dimensions: Mapping[str, str]) -> Name:
    """Return the name of a metric."""
    return Name(namespace, name, frozenset(dimensions.items()))


@dataclass
class Metrics:
    """Every metric by its name, and in it the values by minute."""

    minutes: dict[Name, dict[int, Values]] = field(default_factory=dict)

    def put(self, name: Name, value: float, time: float) -> None:
        """Add a value at this second."""
        self.minutes.setdefault(name, {}).setdefault(int(time // MINUTE), Values()).add(value)

    def period(self, name: Name, period: int) -> dict[int, Values]:
        """Return the values of each period of so many seconds in which something was put, by its number."""
        periods: dict[int, Values] = {}
        for minute, values in self.minutes.get(name, {}).items():
            whole = periods.setdefault(minute * MINUTE // period, Values())
            whole.number, whole.total = whole.number + values.number, whole.total + values.total
            whole.least, whole.most = min(whole.least, values.least), max(whole.most, values.most)
        return periods

    def total(self, name: Name) -> float:
        """Return the sum of all values."""
        return sum(values.total for values in self.minutes.get(name, {}).values())
