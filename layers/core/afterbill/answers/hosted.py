"""Plain links for a QR code or a portal: whoever opens one is asked at once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State
from afterbill.model.questions import Question
from afterbill.model.segments import segments_of

OPEN_FOR = timedelta(days=1)
"""How long a survey that somebody opened by such a link can be answered; without an answer it is kept no longer."""


@dataclass(frozen=True, slots=True)
class HostedLink:
    """One [links.<name>] of surveys.toml, with what the rule of its touchpoint says."""

    name: str
    touchpoint: str
    stage: str
    question: Question = Question.NPS

    @property
    def source(self) -> str:
        """What scores call it; no configured source can have a name with a dot."""
        return f"links.{self.name}"


def own_id(link: HostedLink, user: str, day: str) -> str:
    """The id of one user's survey on one day of the operator: opening the link again meets the same."""
    return hashlib.sha256(f"{link.source}|{user}|{day}".encode()).hexdigest()[:32]


def opened(link: HostedLink, id_: str, customer: Customer | None, locale: str, now: datetime) -> Invitation:
    """The invitation of whoever opened the link: it was not sent, and is open at once."""
    told = {
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
        segments=segments_of(told, customer),
        state=State.SENT,
        sent_at=now,
    )
