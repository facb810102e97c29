"""Requests to other systems, sent once, over the project's one HTTP client: bounded in time, size and reach."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, SSLError

from afterbill.adapters.http.http_client import SlowError, exchange, new_pool
from afterbill.model.errors import PayloadError
from afterbill_actions.adapters.addresses import Resolve, Target, resolve, target
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply, Request

LONGEST_SECONDS = 20.0
"""The time after which a request is given up, whatever the server does meanwhile."""
_MISMATCH = "CertificateError"
_AGENT = {"user-agent": "afterbill"}


def _never(reason: str) -> Reply:
    return Reply(NOT_SENT, reason.encode())


@dataclass
class HttpExchange:
    """Exchange over HTTP; the body of a NOT_SENT reply says why in plain words, without the url.

    A thread of its own does the work, since neither the look-up of a name nor a server that trickles its headers can be
    interrupted; one that never ends is left behind, and ends with the process.
    """

    resolve: Resolve = resolve
    pool: Any = field(default_factory=new_pool)
    clock: Callable[[], float] = time.monotonic
    longest: float = LONGEST_SECONDS

    def __call__(self, request: Request) -> Reply:
        """Send one request, once."""
        replies: list[Reply] = []
        worker = threading.Thread(target=lambda: replies.append(self._sent(request)), daemon=True)
        worker.start()
        worker.join(self.longest)
        return replies[0] if replies else Reply(NO_REPLY)

    def _sent(self, request: Request) -> Reply:
        for name, value in request.headers.items():
            if not (value.isascii() and value.isprintable()):
                return _never(f"a header would not be one line of ASCII: {name}")
        try:
            place = target(request.url, self.resolve)
            return _never(place) if isinstance(place, str) else self._exchanged(request, place)
        except ConnectTimeoutError as error:  # also for a connection that was refused: never made, so nothing was done
            return _never(f"no connection: {type(error).__name__}")
        except SSLError as error:
            # A certificate is checked before anything is sent; any other failure may come in the midst of it.
            return _never("the certificate does not prove the host") if _unproven(error) else Reply(NO_REPLY)
        except (HTTPError, SlowError, PayloadError):
            return Reply(NO_REPLY)

    def _exchanged(self, request: Request, place: Target) -> Reply:
        headers = {**_AGENT, **request.headers, "host": place.authority}
        connections = _connections(self.pool, place)
        answer = exchange(connections, request.method, place.path, headers, request.body, clock=self.clock)
        return Reply(answer.status, answer.body, answer.headers)


def _connections(pool: urllib3.PoolManager, place: Target) -> urllib3.HTTPConnectionPool:
    """Return connections to the checked address; with TLS they ask for, and check, the name of the host."""
    name = {"server_hostname": place.host, "assert_hostname": place.host} if place.scheme == "https" else {}
    return pool.connection_from_host(place.address, place.port, place.scheme, pool_kwargs=name)


def _unproven(error: SSLError) -> bool:
    # The mismatch of a name is an error of urllib3's own, whose module is another one in version 1 and 2.
    causes = (*error.args, error.__cause__)
    return any(isinstance(one, ssl.SSLCertVerificationError) or type(one).__name__ == _MISMATCH for one in causes)
