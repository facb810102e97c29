"""Requests to other systems and their replies, as values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

NOT_SENT, NO_REPLY = 0, -1
"""Statuses that stand for no answer: the request never left; it left, and nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `url` is whole. Secrets stand in headers, or in the url of systems that want it so: never log it."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request; `headers` have lower-case names. NOT_SENT and NO_REPLY are statuses too."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Any:  # noqa: ANN401  # any JSON
        """Return the body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


Exchange: TypeAlias = Callable[[Request], Reply]
"""Sends one request, once. Redirects are not followed; it never raises for what a network or a server does."""
