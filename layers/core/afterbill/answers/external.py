"""Answers from elsewhere: reported by another system, imported, or given without an invitation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.questions import Question
from afterbill.model.segments import segments_of

OLDEST_DAYS = 700
"""Older answers are refused: responses are deleted after 730 days, and none is kept for less than a month."""
LATEST_MINUTES = 5
"""An answer may lie so far in the future, for clocks differ."""

COLLECTED = "collected"
"""The reason with which invitations of external answers are closed: they were never ours to send."""


@dataclass(frozen=True, slots=True)
class ReportedAnswer:
    """One answer as another system reports it, checked.

    `answered_at` is None and `source` is empty where the report does not say. `customer_source` with `customer_id`, and
    `email`, may lead to a known customer; none of them is stored. `segments` are plan, country and locale, as reported.
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


@dataclass(frozen=True, slots=True)
class ExternalResponse:
    """One answer from elsewhere; `id` is 32 hex digits, the same for every repetition, `fact` says what it comes from.

    `day` is the operator's local day of `answered_at`. `segments` are those the source reports (plan, country, locale).
    `declared` are further ones, each with its attribute of the customer.
    """

    id: str
    fact: str
    channel: Channel
    source: str
    touchpoint: str
    stage: str
    answer: Answer
    answered_at: datetime
    day: str
    question: Question = Question.NPS
    segments: Mapping[str, str] = field(default_factory=dict)
    customer: Customer | None = None
    declared: Mapping[str, str] = field(default_factory=dict)


def closed_invitation(response: ExternalResponse, now: datetime) -> Invitation:
    """Return the response as a closed invitation with its answer; it is kept as long as one that is due `now`."""
    customer = response.customer
    own = {
        **response.segments,
        "source": response.source,
        "touchpoint": response.touchpoint,
        "stage": response.stage,
        "channel": response.channel,
        "question": None if response.question is Question.NPS else response.question,
    }
    segments = segments_of(own, customer, response.declared)
    return Invitation(
        id=response.id,
        fact=response.fact,
        customer_id=customer.id if customer else "",
        touchpoint=response.touchpoint,
        stage=response.stage,
        source=response.source,
        channel=response.channel,
        locale=segments.get("locale", ""),
        created_at=now,
        occurred_at=response.answered_at,
        due_at=now,
        expiry=timedelta(0),
        segments=segments,
        state=State.CLOSED,
        reason=COLLECTED,
        closed_at=now,
        answer=response.answer,
        answered_at=response.answered_at,
        answered_day=response.day,
    )
