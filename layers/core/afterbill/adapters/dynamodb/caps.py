"""Caps over DynamoDB."""

from collections.abc import Sequence
from datetime import timedelta

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.outreach.caps import Cap

_KEPT = timedelta(days=40)


class CapsTable(InvitationTable):
    """Caps: one counter per hour, day, or touchpoint and month."""

    def take(self, caps: Sequence[Cap]) -> Cap | None:
        """Count one mail under each of them, or under none: then return the cap that is used up."""
        taken: list[Cap] = []
        for cap in caps:
            if not self._add(cap):
                self.give_back(taken)
                return cap
            taken.append(cap)
        return None

    def give_back(self, caps: Sequence[Cap]) -> None:
        """Count one mail less under each of them: it was not sent after all."""
        for cap in caps:
            self.change(keys.counter(cap.counter), "ADD used :less", "used > :none", {":less": -1, ":none": 0})

    def _add(self, cap: Cap) -> bool:
        return self.change(
            keys.counter(cap.counter),
            f"SET {keys.TTL} = :until ADD used :one",
            "attribute_not_exists(used) OR used < :most",
            {":until": int((cap.until + _KEPT).timestamp()), ":one": 1, ":most": cap.most},
        )
