"""The way in and out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from afterbill.runtime.http import Request
from afterbill_console.answer import Answer


class SignIn(Protocol):
    """The addresses of signing in and out: /app/sign-in, /app/callback, /app/sign-out."""

    def answer(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer | None:
        """Return the answer at one of these addresses; None at all others."""

    def begin(self, request: Request, now: datetime) -> Answer:
        """Return the answer to somebody who is not signed in and wants a page."""
