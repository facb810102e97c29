"""A mail that was sent at noon, its links in use, and the runs that judge the clicks, on a table in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterbill.answers.review_clicks import ReviewRun, review_clicks
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.visits import Integrity, Kind, Visit
from afterbill_cli.memory.scores import MemoryReviews
from afterbill_cli.memory.table import MemoryTable
from tests.factories import NOON, day_of, invitation

ID = invitation().id


@dataclass
class World:
    """The clock stands where the last thing happened."""

    now: datetime = NOON
    integrity: Integrity = field(default_factory=Integrity)

    def __post_init__(self) -> None:
        sent = invitation(state=State.SENT, sent_at=NOON, sent_day="2026-11-22", expiry=timedelta(days=30))
        self.responses = MemoryTable({ID: sent})
        self.table = MemoryReviews(self.responses.invitations)

    @property
    def invitation(self) -> Invitation:
        return self.responses.invitations[ID]

    def at(self, seconds: float) -> None:
        self.now = NOON + timedelta(seconds=seconds)

    def visit(self, kind: Kind, rating: int | None = None, network: str = "home") -> None:
        self.responses.visit(ID, Visit(self.now, kind, rating, network, "safari"))
        if kind is Kind.SEEN:
            self.table.mark_for_review([ID], self.now)

    def click(self, rating: int, seconds: float, network: str = "home") -> None:
        """Open a number, and see its page."""
        self.at(seconds)
        self.visit(Kind.OPENED, rating, network)
        self.visit(Kind.SEEN, rating, network)

    def trap(self, seconds: float, network: str = "gateway") -> None:
        self.at(seconds)
        self.visit(Kind.HIDDEN, None, network)

    def confirm(self, rating: int) -> None:
        self.responses.record(ID, Answer(rating, "said"), self.now, day_of(self.now))

    def review(self, after: float = 601, table: object = None) -> ReviewRun:
        """A run so many seconds after the last thing."""
        self.now += timedelta(seconds=after)
        return review_clicks(table or self.table, self.integrity, self.now, day_of)
