"""The gates of channels whose quota is used up: one item with an attribute for each, shared by all senders."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, stamp
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.outreach.quota_gate import Gate


class GatesTable(InvitationTable):
    """Gates over DynamoDB, by channel."""

    def gates(self) -> Mapping[str, Gate]:
        """Return the gates that are closed, or whose time is over and that no survey has probed yet."""
        with transient("reading the gates of sending"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.sending_gate(), ConsistentRead=True)
        return gates_of(response.get("Item", {}))

    def close_gate(self, channel: str, gate: Gate) -> None:
        """Close the gate, unless it is closed for longer."""
        self.change(
            keys.sending_gate(),
            f"SET #{channel} = :gate",
            f"attribute_not_exists(#{channel}) OR #{channel}.#until < :until",
            {":gate": _plain(gate), ":until": stamp(gate.until)},
        )

    def probe_gate(self, channel: str, gate: Gate, probed: Gate) -> bool:
        """Put `probed` in the place of `gate`; False where another sender was faster."""
        return self.change(
            keys.sending_gate(),
            f"SET #{channel} = :gate",
            f"#{channel}.#until = :until",
            {":gate": _plain(probed), ":until": stamp(gate.until)},
        )

    def open_gate(self, channel: str, gate: Gate) -> None:
        """Open the gate, unless it is another by now."""
        self.change(
            keys.sending_gate(), f"REMOVE #{channel}", f"#{channel}.#until = :until", {":until": stamp(gate.until)}
        )


def gates_of(item: Mapping[str, Any]) -> dict[str, Gate]:
    """Return the gates by channel, of the item as the low-level client gives it."""
    plain = {name: value for name, value in decode(item).items() if name not in {keys.PK, keys.SK}}
    return {
        channel: Gate(
            since=datetime.fromisoformat(gate["since"]),
            until=datetime.fromisoformat(gate["until"]),
            pause=timedelta(seconds=int(gate["pause_seconds"])),
        )
        for channel, gate in plain.items()
    }


def _plain(gate: Gate) -> dict[str, str | int]:
    return {
        "since": stamp(gate.since),
        "until": stamp(gate.until),
        "pause_seconds": int(gate.pause.total_seconds()),
    }
