"""The switch of all sending: turned by operators and the watch, read by senders before each message."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.ledger import LedgerTable, entries_of
from afterbill.adapters.dynamodb.sending_gate import GatesTable, gates_of
from afterbill.adapters.dynamodb.stored import reading, require, require_texts
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.outreach.quota_gate import Gate
from afterbill.outreach.reputation import Figures, SendingPause

_LOOK_AGAIN = 60
"""Seconds for which a read of the switch is believed."""
_MISSES = (
    "the table was restored to an earlier time and misses {missing} of the entries of the ledger since: "
    "`afterbill privacy reapply` applies them again"
)
_LOST = (
    "the ledger was restored to an earlier time and lacks {missing} of the entries that the table knows: "
    "`afterbill privacy reapply` applies what is left of it"
)


def restored(missing: int) -> str:
    """Return what is wrong with a table that misses so many entries of the ledger, empty where it misses none."""
    return (_MISSES if missing > 0 else _LOST).format(missing=abs(missing)) if missing else ""


class SendingSwitchTable(InvitationTable):
    """SendingSwitch over DynamoDB: one item, with a `reason` while sending is stopped."""

    def state(self) -> SendingPause:
        """The pause as it stands; an empty one where nobody has ever turned the switch.

        Where it cannot be read sending is stopped, and the reason says so: whatever it says, it may mean that.
        """
        return _pause_of(self._item())

    def stop(self, halt: SendingPause) -> bool:
        """Pause in one conditional update; the client's own retry after a lost answer meets its own stop."""
        resumed_on = halt.resumed_on.isoformat() if halt.resumed_on else ""
        as_known = "resumed_on = :resumed" if resumed_on else "attribute_not_exists(resumed_on)"
        return self.change(
            keys.sending_pause(),
            "SET reason = :reason, since = :since, figures = :figures",
            f"(attribute_not_exists(reason) AND {as_known}) OR since = :since",
            {":reason": halt.reason, ":since": halt.since and halt.since.isoformat(), ":figures": _plain(halt.figures)}
            | ({":resumed": resumed_on} if resumed_on else {}),
        )

    def resume(self, day: date) -> bool:
        """Resume in one conditional update; False when it was done before. What could not be read is made good."""
        stopped = _pause_of(self._item()).reason
        return self.change(
            keys.sending_pause(),
            "SET resumed_on = :day REMOVE reason, since, figures",
            "attribute_exists(pk)" if stopped else "attribute_exists(reason)",
            {":day": day.isoformat()},
        )

    def _item(self) -> Mapping[str, Any]:
        with transient("reading whether sending is halted"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.sending_pause(), ConsistentRead=True)
        item: Mapping[str, Any] = response.get("Item", {})
        return item


@dataclass
class CachedSendingStatus:
    """SendingStatus: switch and gates, read in one call at most once a minute; `monotonic` counts seconds.

    With a ledger a table that was restored is paused too, until what it misses was applied again: one call more.
    """

    table: InvitationTable
    monotonic: Callable[[], float]
    ledger: LedgerTable | None = None
    _read_at: float | None = field(default=None, init=False)
    _reason: str = field(default="", init=False)
    _gates: dict[str, Gate] = field(default_factory=dict, init=False)

    def pause_reason(self) -> str:
        """The reason why nothing may be sent now; empty where it may."""
        self._look()
        return self._reason

    def gate(self, channel: str) -> Gate | None:
        """The gate of the channel; None where it is open."""
        self._look()
        return self._gates.get(channel)

    def close(self, channel: str, gate: Gate) -> None:
        """Close the gate, unless it is closed for longer."""
        self._gates[channel] = gate
        self._table.close_gate(channel, gate)

    def probe(self, channel: str, gate: Gate, probed: Gate) -> bool:
        """Put `probed` in the place of `gate`; False where another sender was faster, whose gate is read next."""
        if self._table.probe_gate(channel, gate, probed):
            self._gates[channel] = probed
            return True
        self._read_at = None
        return False

    def open(self, channel: str, gate: Gate) -> None:
        """Open the gate, unless it is another by now."""
        self._gates.pop(channel, None)
        self._table.open_gate(channel, gate)

    @property
    def _table(self) -> GatesTable:
        return GatesTable(self.table.dynamodb, self.table.table)

    def _look(self) -> None:
        now = self.monotonic()
        if self._read_at is None or now - self._read_at >= _LOOK_AGAIN:
            # The ledger first: what is noted in between counts in the table, and not as missing.
            entries = self.ledger.entries() if self.ledger else 0
            halt, gates, reconciled = self._read()
            missing = self.ledger.lacking(entries, entries_of(reconciled)) if self.ledger else 0
            self._reason = _pause_of(halt).reason or restored(missing)
            self._gates = gates_of(gates, lambda _: None)
            self._read_at = now

    def _read(self) -> list[Mapping[str, Any]]:
        looked_at = [keys.sending_pause(), keys.sending_gate(), keys.reconciled()]
        wanted = {"Keys": looked_at, "ConsistentRead": True}
        with transient("reading whether sending is halted"):
            page = self.table.dynamodb.batch_get_item(RequestItems={self.table.table: wanted})
        if page.get("UnprocessedKeys"):
            message = "the table left the switch of sending unread: it is throttling"
            raise TransientError(message)
        items = {item[keys.SK]["S"]: item for item in page["Responses"].get(self.table.table, ())}
        return [items.get(key[keys.SK]["S"], {}) for key in looked_at]


def _plain(figures: Figures | None) -> dict[str, int] | None:
    if figures is None:
        return None
    return asdict(figures)


def _pause_of(item: Mapping[str, Any]) -> SendingPause:
    try:
        with reading(item):
            return _readable(decode(item))
    except UnreadableError as error:
        return SendingPause(f"the switch of sending cannot be read: {error}")


def _readable(plain: Mapping[str, Any]) -> SendingPause:
    since, counted, resumed_on = (plain.get(name) for name in ("since", "figures", "resumed_on"))
    require_texts(plain, ["reason"])
    require(plain.get("reason", "?"), "a stop without a reason")
    return SendingPause(
        reason=plain.get("reason", ""),
        since=datetime.fromisoformat(since) if since else None,
        figures=Figures(**{name: int(number) for name, number in counted.items()}) if counted else None,
        resumed_on=date.fromisoformat(resumed_on) if resumed_on else None,
    )
