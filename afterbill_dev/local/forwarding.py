"""Handing an HTTP request on as it came: every method, header and byte, and no redirect followed."""

from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler

LARGEST_BODY = 10 * 1024 * 1024
"""The limit of API Gateway."""
OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)


@dataclass(frozen=True)
class Address:
    """The address of a server, and its Host header (as received when None)."""

    host: str
    port: int
    called: str | None = None


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def forward(request: BaseHTTPRequestHandler, body: bytes, address: Address) -> Answer:
    """The answer of the server at `address`, 502 when it gives none."""
    connection = HTTPConnection(address.host, address.port, timeout=60)
    try:
        connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in _joined(request.headers.items(), address.called):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read())
    except (OSError, HTTPException) as error:
        return Answer(502, (("Content-Type", "text/plain; charset=utf-8"),), f"No answer: {error}\n".encode())
    finally:
        connection.close()


def _joined(headers: Iterable[tuple[str, str]], called: str | None) -> Iterable[tuple[str, str]]:
    """Repeated headers become one with commas, as API Gateway hands them to a function."""
    joined: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        if name.lower() not in OF_ONE_CONNECTION:
            first = joined.get(name.lower())
            joined[name.lower()] = (name, f"{first[1]},{value}" if first else value)
    if called:
        joined["host"] = ("Host", called)
    return joined.values()


def read_body(request: BaseHTTPRequestHandler) -> bytes | None:
    """The body, sent in one piece or in chunks; None when it is larger than API Gateway admits."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(request)
    length = int(request.headers.get("Content-Length") or 0)
    return request.rfile.read(length) if length <= LARGEST_BODY else None


def _read_chunks(request: BaseHTTPRequestHandler) -> bytes | None:
    body = bytearray()
    while size := int(request.rfile.readline().split(b";")[0], 16):
        if len(body) + size > LARGEST_BODY:
            return None
        body += request.rfile.read(size)
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return bytes(body)


def send_answer(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Send `answer`; to HEAD without its body, as HTTP has it."""
    request.send_response_only(answer.status)
    for name, value in answer.headers:
        if name.lower() not in OF_ONE_CONNECTION:
            request.send_header(name, value)
    if answer.status not in {204, 304} and request.command != "HEAD":
        request.send_header("Content-Length", str(len(answer.body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(answer.body)
