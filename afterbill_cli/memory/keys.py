"""Link keys in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class MemoryLinkKeys:
    """`upcoming` keys become known at the next refresh, as after a rotation."""

    known: Mapping[int, bytes]
    upcoming: Mapping[int, bytes] = field(default_factory=dict)

    def current(self) -> Mapping[int, bytes]:
        """Those known now."""
        return self.known

    def refresh(self) -> bool:
        """Done only where something is new."""
        news, self.known = bool(self.upcoming), {**self.known, **self.upcoming}
        self.upcoming = {}
        return news
