"""The content of a TELL about an event: its detail for programs, and a title with a sentence for people."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from afterbill_actions.events import Event
from afterbill_actions.texts import texts

_UNKNOWN = "-"


def told(event: Event, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an action with these settings tells of an event; it holds no more of a person than their id."""
    t = texts(str(settings.get("language", "en")))
    values = defaultdict(lambda: _UNKNOWN, {name: str(value) for name, value in event.detail.items()})
    return {
        "id": event.id,
        "type": str(event.type),
        "at": event.at.isoformat(),
        "language": t.language,
        "title": t.maybe(f"told.{event.type}", event.type).format_map(values),
        "text": t.maybe(f"told.{event.type}_text", "").format_map(values),
        "detail": dict(event.detail),
    }
