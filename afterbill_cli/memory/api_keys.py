"""Keys of the answer API in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.api_keys import ApiKey


@dataclass
class MemoryApiKeys:
    """ApiKeys and KeyRing over a dictionary; what changes is seen at once."""

    known: dict[str, ApiKey] = field(default_factory=dict)

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stands."""
        return self.known.get(id_)

    def add(self, key: ApiKey) -> bool:
        """Store a new key; False, and nothing done, where its id is taken."""
        return self.known.setdefault(key.id, key) is key

    def issued(self) -> Collection[ApiKey]:
        """All there are, the oldest first."""
        return sorted(self.known.values(), key=lambda key: (key.created_at, key.id))

    def revoke(self, id_: str, now: datetime) -> bool:
        """Make it void from `now` on; False where there is no such key, or it was revoked before."""
        key = self.known.get(id_)
        if key is None or key.revoked_at:
            return False
        self.known[id_] = replace(key, revoked_at=now)
        return True
