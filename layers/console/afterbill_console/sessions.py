"""Sessions of operators: an item each, found by the cookie, which alone knows its secret."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from afterbill_console.roles import Right, Role, rights_of

LONGEST = timedelta(hours=8)
"""The time after which everybody signs in again."""
CHECKED = timedelta(minutes=5)
"""The time after which the user pool is asked again whether the operator still has these roles."""
COOKIE = "__Host-afterbill"

_COOKIE = re.compile(r"([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `operator` is the user's `sub`, `key` the SHA-256 of the secret in the cookie, in hex.

    It names nobody: the address of an operator stands in the user pool alone.
    """

    operator: str
    key: str
    roles: frozenset[Role]
    language: str
    created_at: datetime
    checked_at: datetime

    @property
    def expires_at(self) -> datetime:
        """The moment from which it is none any more."""
        return self.created_at + LONGEST

    @property
    def rights(self) -> frozenset[Right]:
        """All that its roles may."""
        return rights_of(self.roles)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The content of a cookie: whose session, and its secret."""

    operator: str
    secret: str

    @property
    def key(self) -> str:
        """The name of the session: whoever reads the table cannot make a cookie of it."""
        return sha256(self.secret.encode()).hexdigest()

    @property
    def form_token(self) -> str:
        """The hidden field of every form, which no other site can know."""
        return hmac.digest(self.secret.encode(), b"form", "sha256").hex()[:32]

    def __str__(self) -> str:
        return f"{self.operator}.{self.secret}"


def ticket_of(cookie: str) -> Ticket | None:
    """Return the content of a cookie; None where it is none of ours."""
    match = _COOKIE.fullmatch(cookie)
    return Ticket(match[1], match[2]) if match else None
