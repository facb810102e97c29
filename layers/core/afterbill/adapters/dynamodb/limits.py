"""Limits and the switch of all sending over DynamoDB."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.table import InvitationReader
from afterbill.outreach.caps import Limit

_KEPT = timedelta(days=40)
_LOOK_AGAIN = 60
"""Seconds for which the switch is taken to stand as it was read."""


class LimitsTable(InvitationReader):
    """Limits: one counter per hour, day, or touchpoint and month."""

    def take(self, limits: Sequence[Limit]) -> Limit | None:
        """Count one mail under each of them, or under none: then the limit that is used up."""
        taken: list[Limit] = []
        for limit in limits:
            if not self._add(limit):
                self.give_back(taken)
                return limit
            taken.append(limit)
        return None

    def give_back(self, limits: Sequence[Limit]) -> None:
        """One mail less: it was not sent after all."""
        for limit in limits:
            self.change(keys.counter(limit.counter), "ADD used :less", "used > :none", {":less": -1, ":none": 0})

    def _add(self, limit: Limit) -> bool:
        return self.change(
            keys.counter(limit.counter),
            f"SET {keys.TTL} = :until ADD used :one",
            "attribute_not_exists(used) OR used < :most",
            {":until": int((limit.until + _KEPT).timestamp()), ":one": 1, ":most": limit.most},
        )


@dataclass
class HaltSwitch:
    """Halts: one item, read at most once a minute; `monotonic` counts seconds."""

    table: InvitationReader
    monotonic: Callable[[], float]
    _known: tuple[float, str] | None = field(default=None, init=False)

    def halted(self) -> str:
        """Why nothing may be sent now; empty where it may."""
        now = self.monotonic()
        if self._known is None or now - self._known[0] >= _LOOK_AGAIN:
            self._known = (now, self._read())
        return self._known[1]

    def _read(self) -> str:
        with transient("reading whether sending is halted"):
            found = self.table.dynamodb.get_item(TableName=self.table.table, Key=keys.halt(), ConsistentRead=True)
        return str(found["Item"]["reason"]["S"]) if "reason" in found.get("Item", {}) else ""
