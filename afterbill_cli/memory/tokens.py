"""Tokens in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from afterbill.intake.connector import Token


@dataclass
class MemoryTokens:
    """Tokens by source; nobody else is ever at work here."""

    stored: dict[str, Token] = field(default_factory=dict)

    def token(self, source: str) -> Token | None:
        """The one stored."""
        return self.stored.get(source)

    def renewed(self, source: str, used: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        """The token after `used`."""
        known = self.stored.get(source)
        if known is None or known.access != used.access:
            return known
        bought = renew(known)
        if bought:
            self.stored[source] = bought
        return bought
