"""Since when workflows are deployed, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class MemoryWorkflowsSeen:
    """WorkflowsSeen over a dictionary."""

    since: dict[str, datetime] = field(default_factory=dict)

    def seen(self, names: Collection[str], now: datetime) -> Mapping[str, datetime]:
        """Store those that are new."""
        return {name: self.since.setdefault(name, now) for name in names}
