"""The event bus in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from afterbill_actions.events import Event


@dataclass
class MemoryBus:
    """Bus over a list; events whose id is in `refused` are not taken."""

    taken: list[Event] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Take them."""
        self.taken += [event for event in events if event.id not in self.refused]
        return [event.id for event in events if event.id in self.refused]
