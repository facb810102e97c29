"""The ports of the console: protocols of what its pages need of the world."""

from collections.abc import Mapping
from typing import Protocol

from afterbill_console.preferences import Choices
from afterbill_console.roles import Role
from afterbill_console.sessions import Session


class Sessions(Protocol):
    """The sessions of operators; each is one item."""

    def load(self, operator: str, key: str) -> Session | None:
        """Return the session, read consistently; None where it is gone. Whether its time is over the caller looks."""

    def store(self, session: Session) -> None:
        """Store a new session."""

    def renew(self, session: Session) -> bool:
        """Store what is known anew of a session that is still there; False, and nothing done, where it is gone."""

    def end(self, operator: str, key: str) -> None:
        """Remove one session: a sign-out."""

    def end_all(self, operator: str) -> None:
        """Remove every session of an operator: a removal, or a change of roles."""


class Operators(Protocol):
    """The user pool, as far as a page needs it."""

    def roles(self, operator: str) -> frozenset[Role]:
        """Return the roles of a user as they are now; none where there is no such user, or the user is disabled."""


class Reply(Protocol):
    """The answer of a server."""

    @property
    def status(self) -> int:
        """The status of HTTP."""

    @property
    def body(self) -> bytes:
        """The whole body."""


class Http(Protocol):
    """Requests to other servers, of bounded time and size."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Return the answer; raises TransientError without one, PayloadError where it is too large."""


class Preferences(Protocol):
    """The choices of operators; each is one item."""

    def load(self, operator: str) -> Choices:
        """Return what the operator chose; the usual where nothing was."""

    def store(self, operator: str, choices: Choices) -> None:
        """Store what the operator chose, in the place of what was chosen before."""
