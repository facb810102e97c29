"""Limits and the switch of all sending in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from afterbill.outreach.caps import Limit


@dataclass
class MemoryLimits:
    """Counters, and a reason to halt while it is set."""

    used: Counter[str] = field(default_factory=Counter)
    halt: str = ""

    def take(self, limits: Sequence[Limit]) -> Limit | None:
        """All or nothing."""
        used_up = next((limit for limit in limits if self.used[limit.counter] >= limit.most), None)
        if used_up is None:
            self.used.update(limit.counter for limit in limits)
        return used_up

    def give_back(self, limits: Sequence[Limit]) -> None:
        """One mail less."""
        self.used.subtract(limit.counter for limit in limits if self.used[limit.counter])

    def halted(self) -> str:
        """Why nothing may be sent now."""
        return self.halt
