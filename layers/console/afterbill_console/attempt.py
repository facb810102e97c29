"""One attempt to sign in: what proves it comes from a secret that only its browser holds, so that nothing is stored."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

COOKIE = "__Host-afterbill-sign-in"
LASTS = timedelta(minutes=10)
"""The time in which a sign-in has to be done: a first one has a password to change, too."""
HOME = "/app"

_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9]{1,11})\.([A-Za-z0-9_-]{0,2800})")
_PLACE = re.compile(r"/app(/[!#-\[\]-~]{0,1999})?")
"""Our own addresses, with their queries: no other host, no second line, nothing that a browser reads as a slash."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`secret` are 32 random bytes in base64url; `place` is where somebody wanted to go."""

    secret: str
    begun_at: datetime
    place: str = HOME

    @property
    def state(self) -> str:
        """The value that Cognito hands back: another browser's answer does not have it (RFC 6749, section 10.12)."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """The value that the id token repeats (OpenID Connect Core 1.0, section 3.1.2.1)."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The secret of PKCE, 43 characters (RFC 7636, section 4.1)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier as the login page is told it, by the method S256."""
        return text_of(sha256(self.verifier.encode()).digest())

    @property
    def cookie(self) -> str:
        """The content of its cookie."""
        return f"{self.secret}.{int(self.begun_at.timestamp())}.{text_of(self.place.encode())}"

    def lasts(self, now: datetime) -> bool:
        """Return whether it may still be completed, whatever the browser did with the cookie."""
        return timedelta() <= now - self.begun_at <= LASTS

    def proven_by(self, state: str) -> bool:
        """Return whether this is the state of this attempt."""
        return hmac.compare_digest(self.state.encode(), state.encode())

    def _derived(self, what: str) -> str:
        words = f"{what} {int(self.begun_at.timestamp())} {self.place}"
        return text_of(hmac.digest(self.secret.encode(), words.encode(), "sha256"))


def begin(secret: bytes, place: str, now: datetime) -> Attempt:
    """Return a new attempt; a place that is none of ours becomes the first page."""
    return Attempt(text_of(secret), now.replace(microsecond=0), place if is_place(place) else HOME)


def attempt_of(cookie: str) -> Attempt | None:
    """Return the attempt in a cookie; None where it is none of ours."""
    match = _COOKIE.fullmatch(cookie)
    if match is None:
        return None
    try:
        place = urlsafe_b64decode(f"{match[3]}==").decode()
    except ValueError:
        return None
    return Attempt(match[1], datetime.fromtimestamp(int(match[2]), UTC), place) if is_place(place) else None


def is_place(place: str) -> bool:
    """Return whether this is an address of a page of ours, and not of the way in or out."""
    path = place.partition("?")[0]
    return bool(_PLACE.fullmatch(place)) and path not in {"/app/sign-in", "/app/callback", "/app/sign-out"}


def text_of(content: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(content).decode().rstrip("=")
