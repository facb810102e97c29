"""Sessions and operators of the console, in memory."""

from dataclasses import dataclass, field

from afterbill_console.roles import Role
from afterbill_console.sessions import Session


@dataclass
class MemorySessions:
    """Sessions over a dictionary."""

    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)

    def load(self, operator: str, key: str) -> Session | None:
        """The session."""
        return self.sessions.get((operator, key))

    def store(self, session: Session) -> None:
        """Keep it."""
        self.sessions[session.operator, session.key] = session

    def renew(self, session: Session) -> bool:
        """Keep it, if it is there."""
        there = (session.operator, session.key) in self.sessions
        if there:
            self.store(session)
        return there

    def end(self, operator: str, key: str) -> None:
        """Forget it."""
        self.sessions.pop((operator, key), None)

    def end_all(self, operator: str) -> None:
        """Forget those of the operator."""
        self.sessions = {place: one for place, one in self.sessions.items() if place[0] != operator}


@dataclass
class MemoryOperators:
    """Operators over a dictionary."""

    members: dict[str, frozenset[Role]] = field(default_factory=dict)

    def roles(self, operator: str) -> frozenset[Role]:
        """Their roles."""
        return self.members.get(operator, frozenset())
