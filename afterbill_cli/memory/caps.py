"""Caps and the state of sending in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from afterbill.outreach.caps import Cap


@dataclass
class MemoryCaps:
    """Caps and SendingStatus: counters, and the reason of a pause while there is one."""

    used: Counter[str] = field(default_factory=Counter)
    pause: str = ""

    def take(self, caps: Sequence[Cap]) -> Cap | None:
        """All or nothing."""
        used_up = next((cap for cap in caps if self.used[cap.counter] >= cap.most), None)
        if used_up is None:
            self.used.update(cap.counter for cap in caps)
        return used_up

    def give_back(self, caps: Sequence[Cap]) -> None:
        """One mail less."""
        self.used.subtract(cap.counter for cap in caps if self.used[cap.counter])

    def pause_reason(self) -> str:
        """Why nothing may be sent now."""
        return self.pause
