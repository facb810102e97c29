"""Plain links for a QR code or a portal: each opening makes a survey that can be answered at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State
from afterbill.model.questions import Question
from afterbill.model.segments import ANONYMOUS, segments_of

OPEN_FOR = timedelta(days=1)
"""How long such a survey can be answered; without an answer it is kept no longer."""


@dataclass(frozen=True, slots=True)
class HostedLink:
    """One [links.<name>] of surveys.toml, with what the rule of its touchpoint says.

    `declared` are the segments that reports read beyond those of scores, each with its attribute of the customer.
    """

    name: str
    touchpoint: str
    stage: str
    question: Question = Question.NPS
    declared: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The name of the link in scores; no configured source can have a name with a dot."""
        return f"links.{self.name}"


def own_id(link: HostedLink, user: str, day: str) -> str:
    """Return the id of one user's survey on one of the operator's days: opening the link again finds it."""
    return hashlib.sha256(f"{link.source}|{user}|{day}".encode()).hexdigest()[:32]


def opened(link: HostedLink, id_: str, customer: Customer | None, locale: str, now: datetime) -> Invitation:
    """Return the invitation for an opening by a proven user: it was not sent, and can be answered at once."""
    own = {
        "locale": locale,
        "source": link.source,
        "touchpoint": link.touchpoint,
        "stage": link.stage,
        "channel": Channel.LINK,
        "question": None if link.question is Question.NPS else link.question,
    }
    return Invitation(
        id=id_,
        fact=f"{link.source}|{id_}",
        customer_id=customer.id if customer else "",
        touchpoint=link.touchpoint,
        stage=link.stage,
        source=link.source,
        channel=Channel.LINK,
        locale=locale,
        created_at=now,
        occurred_at=now,
        due_at=now,
        expiry=OPEN_FOR,
        segments=segments_of(own, customer, link.declared),
        state=State.SENT,
        sent_at=now,
    )


def opened_by_anybody(link: HostedLink, id_: str, locale: str, now: datetime) -> Invitation:
    """Return the invitation for an opening by nobody who is known: its answer counts under the link's name alone."""
    invitation = opened(link, id_, None, locale, now)
    return replace(invitation, segments={**invitation.segments, ANONYMOUS: link.name})
