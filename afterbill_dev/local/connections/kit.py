"""The parts that the fake systems share: requests, faults on demand, limits of rates, a search that lags.

`POST /_fault` takes JSON: `status` is an HTTP status, 0 (the connection ends without an answer), "slow" or "html";
`count` of the next calls meet it, none when 0. `after_write` has the call done first, `retry_after` adds the header,
`seconds` says how slow (20), and `error` names one of the vendor's own errors in place of a status.
"""

import base64
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl, unquote

from afterbill_dev.local.connections.accounts import FAULT, STATE
from afterbill_dev.local.forwarding import Answer

UNANSWERED = Answer(0, (), b"")
"""The server ends the connection in place of an answer."""
PAGE = b"<!doctype html><title>Maintenance</title><p>We will be back shortly."
SLOW_SECONDS = 20.0
"""Longer than the 15 seconds for which a client of ours waits."""
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A call of a system; `path` is the part below its address, names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def read(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> "Request":
        """Read a call of `target`, a path and perhaps a query."""
        path, _, query = target.partition("?")
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), lower, body)

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def content(self) -> dict[str, Any] | None:
        """The JSON object in the body; None for anything else."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return None
        return read if isinstance(read, dict) else None

    def form(self) -> dict[str, str]:
        """The fields of a body in the form of HTML."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def basic_user(self) -> str:
        """The user of Basic authentication, empty without one."""
        scheme, _, shown = self.headers.get("authorization", "").partition(" ")
        try:
            user, _, _ = base64.b64decode(shown, validate=True).decode().partition(":")
        except ValueError:
            return ""
        return user if scheme == "Basic" else ""

    def bearer(self) -> str:
        """The bearer token, empty without one."""
        scheme, _, shown = self.headers.get("authorization", "").partition(" ")
        return shown if scheme == "Bearer" else ""


def as_json(status: int, content: object, headers: Headers = ()) -> Answer:
    """An answer of JSON."""
    return Answer(status, (("Content-Type", "application/json; charset=utf-8"), *headers), json.dumps(content).encode())


def as_text(status: int, text: str, headers: Headers = ()) -> Answer:
    """An answer of plain text."""
    return Answer(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), text.encode())


def retry_after(seconds: float) -> Headers:
    """The header, in whole seconds as its grammar asks."""
    return (("Retry-After", str(max(1, -int(-seconds // 1)))),)


@dataclass(frozen=True, slots=True)
class Fault:
    """The way in which calls fail."""

    status: int | str = 0
    after_write: bool = False
    retry_after: float | None = None
    seconds: float = SLOW_SECONDS
    error: str = ""


class Faults:
    """The fault that was asked for, and the number of calls that are still to meet it."""

    def __init__(self) -> None:
        self._fault, self.left = Fault(), 0

    def order(self, request: Request) -> Answer:
        """Take an order; 400 says how it has to look."""
        asked = request.content()
        if asked is None or not _orderly(asked):
            return as_json(HTTPStatus.BAD_REQUEST, {"error": "see afterbill_dev/local/connections/kit.py"})
        self.left = asked.pop("count", 1)
        self._fault = Fault(**asked)
        return Answer(HTTPStatus.NO_CONTENT, (), b"")

    def take(self) -> Fault | None:
        """The fault for one more call; None when there is none."""
        if not self.left:
            return None
        self.left -= 1
        return self._fault


_KINDS: Mapping[str, tuple[type, ...]] = {
    "status": (int, str),
    "count": (int,),
    "after_write": (bool,),
    "retry_after": (int, float, type(None)),
    "seconds": (int, float),
    "error": (str,),
}
_LEAST_STATUS, _MOST_STATUS = 200, 599


def _orderly(asked: Mapping[str, Any]) -> bool:
    status = asked.get("status", 0)
    known = status in {0, "slow", "html"} or (isinstance(status, int) and _LEAST_STATUS <= status <= _MOST_STATUS)
    return known and all(isinstance(value, _KINDS.get(key, ())) for key, value in asked.items())


def right_now() -> datetime:
    """The time on the clock of this machine."""
    return datetime.now(UTC)


class FakeSystem(ABC):
    """A system that keeps state and fails on demand; safe for threads, which it serves one at a time."""

    def __init__(self, now: Callable[[], datetime] = right_now, wait: Callable[[float], None] = time.sleep) -> None:
        self.now, self._wait = now, wait
        self._faults = Faults()
        self._lock = threading.RLock()
        self._calls = 0

    def answer(self, request: Request) -> Answer:
        """Serve a call, or fail it as was ordered."""
        with self._lock:
            if request.path == STATE:
                return as_json(HTTPStatus.OK, {"calls": self._calls, **self.state()})
            if request.path == FAULT and request.method == "POST":
                return self._faults.order(request)
            self._calls += 1
            fault = self._faults.take()
            if fault is None:
                return self.serve(request)
            served = self.serve(request) if fault.after_write else None
        return self._fail(fault, served, request)

    @abstractmethod
    def serve(self, request: Request) -> Answer:
        """Serve a call of the vendor's API."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that the system holds, as JSON."""

    def refuse(self, status: int, headers: Headers) -> Answer:
        """Refuse with a status, in the vendor's form."""
        return as_json(status, {"error": responses.get(status, "Unknown")}, headers)

    def refuse_by_name(self, error: str, headers: Headers, request: Request) -> Answer:  # noqa: ARG002  # of some
        """Refuse with one of the vendor's own errors, which not every vendor has."""
        return as_json(HTTPStatus.BAD_REQUEST, {"error": error}, headers)

    def _fail(self, fault: Fault, served: Answer | None, request: Request) -> Answer:
        headers = () if fault.retry_after is None else retry_after(fault.retry_after)
        if fault.error:
            return self.refuse_by_name(fault.error, headers, request)
        match fault.status:
            case 0:
                return UNANSWERED
            case "slow":
                self._wait(fault.seconds)
                return served or self.refuse(HTTPStatus.GATEWAY_TIMEOUT, headers)
            case "html":
                return Answer(HTTPStatus.OK, (("Content-Type", "text/html"), *headers), PAGE)
            case status:
                return self.refuse(int(status), headers)


class Window:
    """A limit of calls in each whole minute."""

    SECONDS = 60

    def __init__(self, limit: int) -> None:
        self.limit, self.used, self._began = limit, 0, 0.0

    def take(self, now: datetime) -> float:
        """Count one call; the seconds to wait when it is one too many, else 0."""
        at = now.timestamp()
        began = at - at % self.SECONDS
        if began != self._began:
            self._began, self.used = began, 0
        if self.used >= self.limit:
            return began + self.SECONDS - at
        self.used += 1
        return 0


class Bucket:
    """Points that are used up by calls and come back with time."""

    def __init__(self, capacity: float, each_second: float) -> None:
        self.capacity, self.each_second = capacity, each_second
        self._held, self._seen = capacity, 0.0

    def held(self, now: datetime) -> float:
        """The points that are there."""
        at = now.timestamp()
        self._held = min(self.capacity, self._held + max(0.0, at - self._seen) * self.each_second)
        self._seen = at
        return self._held

    def take(self, points: float, now: datetime) -> float:
        """Use points; the seconds to wait when there are too few, else 0."""
        missing = points - self.held(now)
        if missing > 0:
            return missing / self.each_second
        self._held -= points
        return 0


class LaggingIndex:
    """A search that knows a record as it was some time ago."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._coming: list[tuple[float, int, dict[str, Any] | None]] = []
        self._known: dict[int, dict[str, Any]] = {}

    def put(self, id_: int, record: dict[str, Any] | None, now: datetime) -> None:
        """Tell of a record as it is from now on; None once it is gone."""
        self._coming.append((now.timestamp() + self._seconds, id_, record))

    def all(self, now: datetime) -> list[dict[str, Any]]:
        """The records that the search knows."""
        while self._coming and self._coming[0][0] <= now.timestamp():
            _, id_, record = self._coming.pop(0)
            self._known.pop(id_, None)
            if record is not None:
                self._known[id_] = record
        return list(self._known.values())
