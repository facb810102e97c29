"""Digests and alerts over memory: operators, their answers and reports as a test sets them, and an outbox."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.answers.read_responses import ReadDeps
from afterbill.insight.ports import Asking
from afterbill.insight.reports.asked import ReportRules
from afterbill.insight.reports.requested import request_of
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.settings import config
from afterbill_actions.silences import SilenceDeps
from afterbill_cli.memory.actions.bus import MemoryBus
from afterbill_cli.memory.answered import MemoryAnswered
from afterbill_cli.memory.handled import MemoryAnswers
from afterbill_cli.memory.ledger import MemoryLedger
from afterbill_cli.memory.notices import MemoryClaims, MemoryNotices, MemoryPreferences, MemoryRecipients, MemoryTasks
from afterbill_cli.memory.queues import MemoryMailer
from afterbill_cli.memory.table import MemoryTable
from afterbill_console.digest.compose import Composer
from afterbill_console.digest.hand_over import Post
from afterbill_console.digest.notify import NoticeDeps, Run, notify
from afterbill_console.digest.ports import Recipient
from afterbill_console.preferences import Choices
from afterbill_console.roles import Role
from tests.contract.people import invitation

ZONE = ZoneInfo("Europe/Berlin")
ORIGIN = "https://console.example.com"
MONDAY = datetime(2026, 11, 30, 6, 5, tzinfo=UTC)
"""Five past seven in Berlin."""
TOTAL: dict[str, Any] = {
    "n": 142,
    "score": -22.535211,
    "low": -34.191978,
    "high": -9.945954,
    "few": False,
    "change": 4.2,
    "real": False,
    "sent": 510,
    "response_rate": 0.239216,
}
NOTHING = TOTAL | dict.fromkeys(("score", "low", "high", "change", "response_rate")) | {"n": 0, "sent": 0, "few": True}


def row(touchpoint: str, score: float | None, *, change: float | None = None, real: bool = False) -> dict[str, Any]:
    """A row of the journey."""
    low, high = (None, None) if score is None else (score - 9, score + 9)
    about = {"stage": "purchase", "touchpoint": touchpoint, "n": 40, "few": False}
    return about | {"score": score, "low": low, "high": high, "change": change, "real": real}


@dataclass
class Reports:
    """Stored reports, and those that are asked for; `totals` are those of the trend by the first day of a window."""

    total: dict[str, Any] = field(default_factory=lambda: dict(TOTAL))
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)
    journey: list[dict[str, Any]] = field(default_factory=list)
    usual: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers_at_once: bool = True
    why: str = ""

    def load(self, place: str) -> Any:
        """The document, or nothing yet."""
        return self.documents.get(place)

    def ask(self, request: Any, now: datetime) -> Asking:
        """Compute it, unless it takes time."""
        assert request_of(request.payload(), ReportRules()) == request, "compute_reports refuses it"
        self.asked.append(request.name)
        if self.answers_at_once:
            self.store(request, now)
        return Asking.ASKED

    def store(self, request: Any, now: datetime) -> None:
        """Store what this request is answered."""
        window = request.window
        total = self.totals.get(str(window.first), self.total)
        body = {"trend": {"rows": [], "total": total}, "journey": {"rows": self.journey}}[request.name]
        self.put(request.place, request.name, window, {"why": self.why} if self.why else body, now)

    def put(self, place: str, name: str, window: Any, body: dict[str, Any], now: datetime) -> None:
        """Store a document."""
        days = {"name": window.name, "first": str(window.first), "last": str(window.last)}
        self.documents[place] = {
            "name": name,
            "question": "nps",
            "window": days,
            "computed_at": now.isoformat(),
            "fingerprint": "" if self.why else "x",
            "scopes": {"": body},
        }


@dataclass
class Office:
    """Everything that notify needs; `run` is one run at a moment."""

    reports: Reports = field(default_factory=Reports)
    table: MemoryTable = field(default_factory=MemoryTable)
    recipients: MemoryRecipients = field(default_factory=MemoryRecipients)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)
    claims: Any = field(default_factory=MemoryClaims)
    notices: Any = field(default_factory=MemoryNotices)
    mailer: Any = field(default_factory=MemoryMailer)
    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    audit: MemoryLedger = field(default_factory=MemoryLedger)
    bus: MemoryBus = field(default_factory=MemoryBus)

    def __post_init__(self) -> None:
        self.earlier = MemoryAnswers(self.table)

    def join(self, role: Role, **choices: Any) -> Recipient:
        """Make somebody an operator."""
        who = Recipient(f"operator-{role}", f"{role}@example.com", frozenset({role}))
        self.recipients.people[who.operator] = who
        self.preferences.choices[who.operator] = Choices(**choices)
        return who

    def answer(self, number: int, rating: int, comment: str, at: datetime, **changes: Any) -> Invitation:
        """Store an answer."""
        parts: dict[str, Any] = {"state": State.SENT, "sent_at": at, "customer_id": f"{number:032x}"} | changes
        one = replace(
            invitation(f"{number:032x}", **parts),
            answer=Answer(rating, comment),
            answered_at=at,
            answered_day=at.astimezone(ZONE).date().isoformat(),
        )
        self.table.invitations[one.id] = one
        return one

    def deps(self) -> NoticeDeps:
        """The dependencies."""
        return NoticeDeps(
            recipients=self.recipients,
            preferences=self.preferences,
            notices=self.notices,
            tasks=self.tasks,
            post=Post(self.claims, self.mailer),
            answers=ReadDeps(MemoryAnswered(self.table), lambda one: one),
            earlier=self.earlier,
            reports=self.reports,
            requests=self.reports,
            audit=self.audit,
            composer=Composer(config.brand(), ORIGIN, "survey@example.com", ZONE),
            rules=ReportRules(),
            zone=ZONE,
            language="en",
            silences=SilenceDeps(self.bus),
        )

    def run(self, now: datetime = MONDAY) -> Run:
        """Run once."""
        return notify(self.deps(), now)

    def mails(self, to: str = "") -> list[Any]:
        """The mails to somebody, or to all."""
        return [mail for mail in self.mailer.outbox if to in mail.to]

    def counted(self) -> dict[str, int]:
        """The number of mails to each address."""
        found: dict[str, int] = defaultdict(int)
        for mail in self.mailer.outbox:
            found[mail.to] += 1
        return dict(found)
