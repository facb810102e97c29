"""The gates of channels whose quota is used up: one item with an attribute for each, shared by all senders."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, stamp
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.errors import UnreadableError, refuse
from afterbill.outreach.quota_gate import Gate


class GatesTable(InvitationTable):
    """Gates over DynamoDB, by channel."""

    def gates(self, pass_over: Callable[[UnreadableError], None] = refuse) -> Mapping[str, Gate]:
        """Return the gates that are closed, or whose time is over and that no survey has probed yet.

        Those that cannot be read are told to `pass_over` and left out.
        """
        with transient("reading the gates of sending"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.sending_gate(), ConsistentRead=True)
        return gates_of(response.get("Item", {}), pass_over)

    def close_gate(self, channel: str, gate: Gate) -> None:
        """Close the gate, unless it is closed for longer; one of which nobody can read until when is replaced."""
        self.change(
            keys.sending_gate(),
            f"SET #{channel} = :gate",
            f"attribute_not_exists(#{channel}.#until) OR #{channel}.#until < :until",
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


def gates_of(item: Mapping[str, Any], pass_over: Callable[[UnreadableError], None]) -> dict[str, Gate]:
    """Return the gates by channel, of the item as the low-level client gives it.

    One that cannot be read is as good as open: the service that refused will refuse again, and close it anew.
    """
    gates: dict[str, Gate] = {}
    for channel in item.keys() - {keys.PK, keys.SK}:
        try:
            with reading(item):
                gates[channel] = _gate(decode({channel: item[channel]})[channel])
        except UnreadableError as error:
            pass_over(error)
    return gates


def _gate(plain: Mapping[str, Any]) -> Gate:
    since, until = (datetime.fromisoformat(plain[name]) for name in ("since", "until"))
    return Gate(since, until, timedelta(seconds=int(plain["pause_seconds"])))


def _plain(gate: Gate) -> dict[str, str | int]:
    return {
        "since": stamp(gate.since),
        "until": stamp(gate.until),
        "pause_seconds": int(gate.pause.total_seconds()),
    }
