"""The switch of all sending: turned by operators and the watch, read by senders before each message."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.outreach.reputation import Figures, SendingPause

_LOOK_AGAIN = 60
"""Seconds for which a read of the switch is believed."""


class SendingSwitchTable(InvitationTable):
    """SendingSwitch over DynamoDB: one item, with a `reason` while sending is stopped."""

    def state(self) -> SendingPause:
        """The pause as it stands; an empty one where nobody has ever turned the switch."""
        with transient("reading whether sending is halted"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.sending_pause(), ConsistentRead=True)
        return _pause_of(decode(response.get("Item", {})))

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
        """Resume in one conditional update; False when it was done before."""
        return self.change(
            keys.sending_pause(),
            "SET resumed_on = :day REMOVE reason, since, figures",
            "attribute_exists(reason)",
            {":day": day.isoformat()},
        )


@dataclass
class CachedSendingStatus:
    """SendingStatus: one item, read at most once a minute; `monotonic` counts seconds."""

    table: InvitationTable
    monotonic: Callable[[], float]
    _known: tuple[float, str] | None = field(default=None, init=False)

    def pause_reason(self) -> str:
        """The reason why nothing may be sent now; empty where it may."""
        now = self.monotonic()
        if self._known is None or now - self._known[0] >= _LOOK_AGAIN:
            self._known = (now, self._read())
        return self._known[1]

    def _read(self) -> str:
        with transient("reading whether sending is halted"):
            response = self.table.dynamodb.get_item(
                TableName=self.table.table, Key=keys.sending_pause(), ConsistentRead=True
            )
        return str(response["Item"]["reason"]["S"]) if "reason" in response.get("Item", {}) else ""


def _plain(figures: Figures | None) -> dict[str, int] | None:
    if figures is None:
        return None
    return asdict(figures)


def _pause_of(plain: Mapping[str, Any]) -> SendingPause:
    since, counted, resumed_on = (plain.get(name) for name in ("since", "figures", "resumed_on"))
    return SendingPause(
        reason=plain.get("reason", ""),
        since=datetime.fromisoformat(since) if since else None,
        figures=Figures(**{name: int(number) for name, number in counted.items()}) if counted else None,
        resumed_on=date.fromisoformat(resumed_on) if resumed_on else None,
    )
