"""Domain events: ids, numbers and names of what happened; never an address, a name or a comment.

docs/events holds a JSON Schema of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The kinds of events, as EventBridge's `detail-type`."""

    SURVEY_SENT = "SurveySent"
    RESPONSE_RECORDED = "ResponseRecorded"
    RESPONSE_CHANGED = "ResponseChanged"
    RESPONSE_REVIEWED = "ResponseReviewed"
    CATEGORY_CHANGED = "CategoryChanged"
    CUSTOMER_OBJECTED = "CustomerObjected"
    SOURCE_SILENT = "SourceSilent"


ABOUT_NO_RESPONSE = frozenset({EventType.SURVEY_SENT, EventType.CUSTOMER_OBJECTED, EventType.SOURCE_SILENT})
"""Events that are told of once, and of which nothing can be updated or taken back."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; a repeat of it has the same id. `detail` is what JSON can hold, without the id and the moment."""

    id: str
    type: EventType
    at: datetime
    detail: Mapping[str, Any]
