"""A pool of connections to servers that say what a test wants, and a clock that only moves when told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.adapters.http.http_client import HttpClient

Said = tuple[int, bytes] | tuple[int, bytes, Mapping[str, str]] | Exception


@dataclass
class Response:
    """As urllib3 gives it, unread."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    closed: bool = False

    def read(self, amount: int) -> bytes:
        chunk, self.body = self.body[:amount], self.body[amount:]
        self.closed = not chunk
        return chunk

    def close(self) -> None:
        self.closed = True

    def release_conn(self) -> None:
        assert self.closed


@dataclass
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Pool:
    """Answers in order, the last one for ever."""

    said: list[Said]
    asked: list[Request] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def request(self, method: str, url: str, *, headers: Any, body: Any, **options: Any) -> Response:
        self.asked.append(Request(method, url, headers, body or b""))
        self.options = options
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(said, Exception):
            raise said
        status, text, *more = said
        return Response(status, text, *(more or [{}]))


@dataclass
class Clock:
    """Seconds; sleeping lets them pass."""

    now: float = 1000
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Net:
    """A client over such a pool."""

    pool: Pool
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.http = HttpClient(self.pool, self.clock, self.clock.sleep)


def net(*said: Said) -> Net:
    return Net(Pool(list(said)))
