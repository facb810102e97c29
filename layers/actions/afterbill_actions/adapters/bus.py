"""The stack's event bus over EventBridge."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.errors import TransientError
from afterbill_actions.events import Event

_BATCH = 10
"""Most events PutEvents takes."""
SOURCE = "afterbill"
"""The `source` of all events, for the patterns of rules."""


@dataclass(frozen=True, slots=True)
class EventBridgeBus:
    """Bus over PutEvents; `name` is that of the bus."""

    events: Any
    name: str

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """One call for ten of them; after one that fails as a whole nothing more is tried."""
        missed = list[str]()
        for start in range(0, len(events), _BATCH):
            some = events[start : start + _BATCH]
            try:
                missed += self._put(some)
            except TransientError:
                return [*missed, *(event.id for event in events[start:])]
        return missed

    def _put(self, events: Sequence[Event]) -> list[str]:
        with transient("publishing events"):
            answer = self.events.put_events(Entries=[entry(event, self.name) for event in events])
        # One that is refused for good comes to the dead letters of the stream, and its alarm.
        return [event.id for event, one in zip(events, answer["Entries"], strict=True) if one.get("ErrorCode")]


def entry(event: Event, bus: str) -> dict[str, Any]:
    """Return an event as PutEvents takes it; the id and the moment stand in its detail as well."""
    detail = {"id": event.id, "at": event.at.isoformat(), **event.detail}
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": str(event.type),
        "Time": event.at,
        "Detail": json.dumps(detail, ensure_ascii=False),
    }
