"""A pool of connections to servers that give the replies of a test, and a clock that only a test moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.adapters.http.http_client import HttpClient

Reply = tuple[int, bytes] | tuple[int, bytes, Mapping[str, str]] | Exception


@dataclass
class Response:
    """A response as urllib3 returns it, unread."""

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
    """Gives the replies in order, the last one for ever."""

    replies: list[Reply]
    asked: list[Request] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def request(self, method: str, url: str, *, headers: Any, body: Any, **options: Any) -> Response:
        self.asked.append(Request(method, url, headers, body or b""))
        self.options = options
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        status, text, *more = reply
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
    """An HTTP client over a pool, with its clock."""

    pool: Pool
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.http = HttpClient(self.pool, self.clock, self.clock.sleep)


def net(*replies: Reply) -> Net:
    return Net(Pool(list(replies)))
