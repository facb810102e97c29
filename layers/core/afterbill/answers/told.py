"""One answer as another system tells it, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from afterbill.model.billing import Touchpoint
from afterbill.model.questions import Question

OLDEST_DAYS = 700
"""Older answers are refused: what is kept is forgotten after 730 days, and nothing is kept for less than a month."""
LATEST_MINUTES = 5
"""An answer may lie so far in the future, for clocks differ."""


@dataclass(frozen=True, slots=True)
class ReportedAnswer:
    """`answered_at` is None where nobody said when, `source` empty where nobody said where.

    `customer_source` with `customer_id`, and `email`, may lead to a known customer; none of them is stored.
    `segments` are plan, country and locale as far as they were said.
    """

    rating: int
    question: Question = Question.NPS
    answered_at: datetime | None = None
    comment: str = ""
    reason: str = ""
    contact_ok: bool = False
    touchpoint: Touchpoint = Touchpoint.RELATIONSHIP
    source: str = ""
    customer_source: str = ""
    customer_id: str = ""
    email: str = ""
    segments: Mapping[str, str] = field(default_factory=dict)
