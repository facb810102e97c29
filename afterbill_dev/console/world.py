"""A console over memory: everybody signs in as a role, and looks at a seeded year."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from afterbill.model.invitation import Invitation
from afterbill.runtime.http import Request
from afterbill.settings import config
from afterbill_cli.memory.console import MemoryOperators, MemorySessions
from afterbill_cli.memory.ledger import MemoryLedger
from afterbill_cli.memory.notices import MemoryPreferences
from afterbill_cli.memory.stored_reports import MemoryReports
from afterbill_console.adapters.settings import deployed
from afterbill_console.answer import Answer, redirect
from afterbill_console.app import Console
from afterbill_console.deps import ConsoleDeps
from afterbill_console.health.deps import StackDeps
from afterbill_console.health.document import PLACE
from afterbill_console.roles import Role
from afterbill_console.sessions import COOKIE, Session, Ticket
from afterbill_dev.console.actions import actions_of
from afterbill_dev.console.health import troubled
from afterbill_dev.console.people import people_of, table_of
from afterbill_dev.console.reports import ComputedReports
from afterbill_dev.console.words import worded
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.lives import Span, lives
from afterbill_dev.paths import ROOT

CONFIGURATION = str(ROOT / "layers" / "config")
if CONFIGURATION not in sys.path:
    # As Lambda has the configuration layer on its path.
    sys.path.append(CONFIGURATION)

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
ORIGIN = "http://127.0.0.1:8490"
CUSTOMERS, DAYS, SEED = 600, 400, 2026


def history(customers: int = CUSTOMERS, days: int = DAYS, now: datetime = NOW) -> list[Invitation]:
    """Return the facts of a seeded history with planted effects, up to now, with comments."""
    return worded(lives(SEED, customers, Span(now, days, ZONE), PLANTED))


@dataclass(frozen=True, slots=True)
class ByRole:
    """A sign-in by the name of a role, for looking: /app/sign-in?role=admin&language=de."""

    sessions: MemorySessions
    operators: MemoryOperators

    def answer(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer | None:  # noqa: ARG002  # the port's
        """Sign in, or out."""
        if request.path == "/app/sign-out":
            self.sessions.sessions.clear()
            return redirect("/app", [f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly"])
        if request.path != "/app/sign-in":
            return None
        asked = dict(parse_qsl(request.raw_query))
        ticket = signed_in(
            self.sessions, self.operators, Role(asked.get("role", "admin")), asked.get("language", "en"), now
        )
        return redirect("/app", [f"{COOKIE}={ticket}; Path=/; Secure; HttpOnly; SameSite=Lax"])

    def begin(self, request: Request, now: datetime) -> Answer:  # noqa: ARG002  # the port's
        """Lead to the sign-in."""
        return redirect("/app/sign-in")


def signed_in(
    sessions: MemorySessions, operators: MemoryOperators, role: Role, language: str = "en", now: datetime = NOW
) -> Ticket:
    """Store a session of an operator with this role; the content of its cookie."""
    ticket = Ticket(f"operator-{role}", f"{role.value:x<43}")
    operators.members[ticket.operator] = frozenset({role})
    sessions.store(Session(ticket.operator, ticket.key, frozenset({role}), language, now, now))
    return ticket


@dataclass
class World:
    """A console, its stores, and its clock."""

    now: datetime = NOW
    facts: list[Invitation] = field(default_factory=list)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    operators: MemoryOperators = field(default_factory=MemoryOperators)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)
    audit: MemoryLedger = field(default_factory=MemoryLedger)
    documents: MemoryReports = field(default_factory=MemoryReports)
    origin: str = ORIGIN
    journey: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = replace(config.report_rules(), journey=self.journey)
        self.reports = ComputedReports(self.facts, self.rules, ZONE, self.now)
        self.table = table_of(self.facts, self.now)
        self.actions, self.effects = actions_of(self.table, self.now)
        self.people = people_of(self.table, self.facts, self.now, self.effects)
        self.documents.store(PLACE, troubled(self.now))
        brand = config.brand()
        self.deps = ConsoleDeps(
            sessions=self.sessions,
            operators=self.operators,
            preferences=self.preferences,
            reports=self.reports,
            requests=self.reports,
            audit=self.audit,
            people=self.people,
            actions=self.actions,
            stack=StackDeps(self.documents, deployed),
            rules=self.rules,
            zone=ZONE,
            origin=self.origin,
            company=config.company(),
            accent={"light": brand.accent, "dark": brand.accent_dark},
        )
        self.console = Console(self.deps, ByRole(self.sessions, self.operators))

    def sign_in(self, role: Role = Role.ADMIN, language: str = "en") -> Ticket:
        """Sign in as this role."""
        return signed_in(self.sessions, self.operators, role, language, self.now)

    def get(self, place: str, ticket: Ticket | None = None, **headers: str) -> Answer:
        """Open an address."""
        return self.console.respond(request_for("GET", place, headers), _cookies(ticket), self.now)

    def post(self, place: str, ticket: Ticket, form: str = "") -> Answer:
        """Send a form of a page."""
        body = f"token={ticket.form_token}&{form}".encode()
        return self.console.respond(
            request_for("POST", place, {"origin": self.origin}, body), _cookies(ticket), self.now
        )


def request_for(method: str, place: str, headers: dict[str, str], body: bytes = b"") -> Request:
    """Return a request as API Gateway would hand it on."""
    parts = urlsplit(place)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, parts.path, {}, query, headers, body, "198.51.100.7", "console.example.com", parts.query)


def _cookies(ticket: Ticket | None) -> dict[str, str]:
    return {COOKIE: str(ticket)} if ticket else {}
