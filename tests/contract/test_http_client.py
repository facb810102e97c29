"""The client of billing systems' APIs against a server on this machine: what a fake pool cannot show."""

import gzip
import socket
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from afterbill.adapters.http.http_client import HttpClient
from afterbill.model.errors import PayloadError, TransientError


class Server(BaseHTTPRequestHandler):
    """Answers by path; `asked` collects what came in."""

    protocol_version = "HTTP/1.1"
    asked: list

    def do_GET(self):
        self.asked.append((self.command, self.path, dict(self.headers), self._body()))
        getattr(self, self.path.strip("/").partition("?")[0] or "plain")()

    def do_POST(self):
        self.do_GET()

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def plain(self, body=b"{}", status=200, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self):
        self.plain(b"", 302, Location="/plain")

    def zipped(self):
        self.plain(gzip.compress(b'{"zipped": true}'), **{"Content-Encoding": "gzip"})

    def large(self):
        self.plain(gzip.compress(b" " * 3_000_000), **{"Content-Encoding": "gzip"})

    def cut(self):
        self.plain(b'{"cut": ', length=100)
        self.close_connection = True

    def failing(self):
        self.plain(b"", 503)

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler):
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def server():
    handler = type("Fresh", (Server,), {"asked": []})
    with serving(handler) as url:
        yield url, handler.asked


@pytest.fixture
def client():
    client = HttpClient(sleep=lambda _: None)
    yield client
    client.pool.clear()


def test_a_request_arrives_as_it_was_meant(server, client):
    url, asked = server

    answer = client.send("POST", f"{url}/plain?a=1", {"User-Agent": "afterbill", "X-Id": "1"}, b"body")

    assert (answer.status, answer.body) == (200, b"{}")
    ((method, path, headers, body),) = asked
    assert (method, path, body) == ("POST", "/plain?a=1", b"body")
    assert headers["User-Agent"] == "afterbill"
    assert headers["X-Id"] == "1"


def test_a_redirect_is_not_followed(server, client):
    url, asked = server

    assert client.send("GET", f"{url}/redirect", {}).status == 302
    assert len(asked) == 1


def test_a_compressed_answer_is_read(server, client):
    assert client.send("GET", f"{server[0]}/zipped", {}).body == b'{"zipped": true}'


def test_a_compressed_answer_counts_by_what_it_unfolds_to(server, client):
    with pytest.raises(PayloadError, match="larger"):
        client.send("GET", f"{server[0]}/large", {})


def test_an_answer_that_was_cut_is_no_answer(server, client):
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:\d+: "):
        client.send("GET", f"{server[0]}/cut", {})

    assert len(server[1]) == 2


def test_a_failing_server_is_asked_twice_and_then_left_alone(server, client):
    for _ in range(3):
        with pytest.raises(TransientError):
            client.send("GET", f"{server[0]}/failing", {})

    assert len(server[1]) == 2


def test_connections_are_used_again(server, client):
    for _ in range(3):
        client.send("GET", f"{server[0]}/plain", {})

    (pool,) = (client.pool.pools[key] for key in client.pool.pools.keys())  # noqa: SIM118  # no mapping
    assert (pool.num_connections, pool.num_requests) == (1, 3)


def test_nobody_there_is_told_as_such(client):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(TransientError, match="NewConnectionError"):
        client.send("GET", f"http://127.0.0.1:{port}/", {})


def test_a_server_that_cannot_prove_itself_is_not_spoken_to(server, client):
    with pytest.raises(TransientError, match="SSLError"):
        client.send("GET", server[0].replace("http:", "https:") + "/plain", {})

    assert server[1] == []
