"""The state of the sweep of versions in memory."""

from dataclasses import dataclass

from afterbill_actions.ports import VersionSweep


@dataclass
class MemoryVersionSweeps:
    """VersionSweeps over one value."""

    state: VersionSweep | None = None

    def load(self) -> VersionSweep | None:
        """The state."""
        return self.state

    def store(self, sweep: VersionSweep) -> None:
        """Keep it."""
        self.state = sweep
