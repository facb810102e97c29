"""The switch of all sending as those who turn it see it; adapters/dynamodb/limits.py reads it for senders."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.table import InvitationReader
from afterbill.outreach.reputation import Figures, Halt


class SwitchTable(InvitationReader):
    """Switch over DynamoDB: one item, with a `reason` while sending is stopped."""

    def state(self) -> Halt:
        """How it stands; as nobody has ever turned it where there is no item."""
        with transient("reading whether sending is halted"):
            found = self.dynamodb.get_item(TableName=self.table, Key=keys.halt(), ConsistentRead=True)
        return _halt_of(decode(found.get("Item", {})))

    def stop(self, halt: Halt) -> bool:
        """One conditional update; the client's own retry after a lost answer meets its own stop."""
        resumed_on = halt.resumed_on.isoformat() if halt.resumed_on else ""
        as_known = "resumed_on = :resumed" if resumed_on else "attribute_not_exists(resumed_on)"
        return self.change(
            keys.halt(),
            "SET reason = :reason, since = :since, figures = :figures",
            f"(attribute_not_exists(reason) AND {as_known}) OR since = :since",
            {":reason": halt.reason, ":since": halt.since and halt.since.isoformat(), ":figures": _plain(halt.figures)}
            | ({":resumed": resumed_on} if resumed_on else {}),
        )

    def resume(self, day: date) -> bool:
        """One conditional update; whoever repeats it finds that it was done."""
        return self.change(
            keys.halt(),
            "SET resumed_on = :day REMOVE reason, since, figures",
            "attribute_exists(reason)",
            {":day": day.isoformat()},
        )


def _plain(figures: Figures | None) -> dict[str, int] | None:
    if figures is None:
        return None
    return {"sent": figures.sent, "bounced": figures.bounced, "complained": figures.complained}


def _halt_of(plain: Mapping[str, Any]) -> Halt:
    since, counted, resumed_on = (plain.get(name) for name in ("since", "figures", "resumed_on"))
    return Halt(
        reason=plain.get("reason", ""),
        since=datetime.fromisoformat(since) if since else None,
        figures=Figures(**{name: int(number) for name, number in counted.items()}) if counted else None,
        resumed_on=date.fromisoformat(resumed_on) if resumed_on else None,
    )
