"""Answers that were given elsewhere: told by another system, imported, or given without having been asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.questions import Question
from afterbill.model.segments import segments_of

COLLECTED = "collected"
"""The reason with which their invitations are closed: they were never ours to send."""


@dataclass(frozen=True, slots=True)
class ExternalResponse:
    """One answer from elsewhere; `id` is 32 hex digits, the same for every repetition, `fact` says what it comes from.

    `day` is the operator's local day of `answered_at`. `segments` are what the teller knows (plan, country, locale).
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


def invitation_of(collected: ExternalResponse, now: datetime) -> Invitation:
    """It as a closed invitation with its answer; kept as long as one that is due `now`."""
    told = {
        **collected.segments,
        "source": collected.source,
        "touchpoint": collected.touchpoint,
        "stage": collected.stage,
        "channel": collected.channel,
        "question": None if collected.question is Question.NPS else collected.question,
    }
    segments = segments_of(told, collected.customer)
    return Invitation(
        id=collected.id,
        fact=collected.fact,
        customer_id=collected.customer.id if collected.customer else "",
        touchpoint=collected.touchpoint,
        stage=collected.stage,
        source=collected.source,
        channel=collected.channel,
        locale=segments.get("locale", ""),
        created_at=now,
        occurred_at=collected.answered_at,
        due_at=now,
        expiry=timedelta(0),
        segments=segments,
        state=State.CLOSED,
        reason=COLLECTED,
        closed_at=now,
        answer=collected.answer,
        answered_at=collected.answered_at,
        answered_day=collected.day,
    )
