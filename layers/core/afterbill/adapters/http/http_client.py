"""HTTP to foreign servers, with bounded patience: a slow one must not hold up whoever waits behind it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from afterbill.model.errors import PayloadError, TransientError

MAX_ANSWER_BYTES = 2_000_000
_PATIENCE = urllib3.Timeout(connect=2, read=5)
_LONGEST_ANSWER = 10
"""Seconds in which the whole body must be there, however steadily it trickles."""
_PAUSES = ("0", "1", "2")
"""Seconds in Retry-After that are waited for."""
_PAUSE = 0.5
_REST = 30
_CHUNK = 16_384
_LATER = frozenset({408, 425, 429})
_TOO_MANY = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's response; `headers` have lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """The reason why there is no answer, and the seconds until the next try; None: no further try now."""

    what: str
    pause: float | None


def new_pool() -> urllib3.PoolManager:
    """Return connections that check certificates."""
    return urllib3.PoolManager(cert_reqs="CERT_REQUIRED", timeout=_PATIENCE, retries=False)


@dataclass
class HttpClient:
    """`clock` counts seconds and never goes back. Redirects are never followed."""

    pool: Any = field(default_factory=new_pool)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _resting: dict[str, float] = field(default_factory=dict)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """The answer, after at most two tries; a host that gave none is left alone for half a minute.

        Raises TransientError without a useful answer, PayloadError when there is too much of it.
        """
        host = urlsplit(url).netloc
        if self.clock() < self._resting.get(host, 0):
            raise TransientError(f"{host}: left alone for {_REST} seconds after a failure")
        outcome = self._try(method, url, headers, body)
        if isinstance(outcome, _Trouble) and outcome.pause is not None:
            self.sleep(outcome.pause)
            outcome = self._try(method, url, headers, body)
        if isinstance(outcome, _Trouble):
            self._resting[host] = self.clock() + _REST
            raise TransientError(f"{host}: {outcome.what}")
        return outcome

    def _try(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer | _Trouble:
        again = _PAUSE if method == "GET" else None  # anything else may have been done, though no answer came
        try:
            answer = exchange(self.pool, method, url, headers, body, clock=self.clock)
        except ConnectTimeoutError as error:  # also for a connection that was refused: never made, so nothing was done
            return _Trouble(type(error).__name__, _PAUSE)
        except (HTTPError, SlowError) as error:
            return _Trouble(type(error).__name__, again)
        if answer.status in _LATER or answer.status >= _SERVER_ERROR:
            repeatable = answer.status == _TOO_MANY or again is not None
            return _Trouble(f"status {answer.status}", _pause(answer.headers) if repeatable else None)
        return answer


class SlowError(Exception):
    """The answer takes too long."""


def exchange(  # noqa: PLR0913  # what a request is made of
    pool: Any,  # noqa: ANN401  # urllib3's, of version 1 or 2
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    clock: Callable[[], float],
) -> Answer:
    """Send a request once, follow no redirect; raises HTTPError or SlowError, PayloadError when there is too much."""
    response = pool.request(
        method,
        url,
        headers=dict(headers),
        body=body or None,
        redirect=False,
        retries=False,
        preload_content=False,
        enforce_content_length=True,
    )
    told = {name.lower(): value for name, value in response.headers.items()}
    return Answer(int(response.status), _read(response, clock), told)


def _read(response: Any, clock: Callable[[], float]) -> bytes:  # noqa: ANN401  # as above
    body, deadline = bytearray(), clock() + _LONGEST_ANSWER
    try:
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise PayloadError(f"the API's answer is larger than {MAX_ANSWER_BYTES} bytes")
            if clock() > deadline:
                raise SlowError
    finally:
        (response.release_conn if response.closed else response.close)()
    return bytes(body)


def _pause(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the server asked; None when that is longer than anybody here waits, or a date."""
    retry_after = headers.get("retry-after")
    if retry_after is None:
        return _PAUSE
    return int(retry_after) if retry_after in _PAUSES else None
