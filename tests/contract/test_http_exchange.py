"""Requests to other systems, against servers on this machine."""

import ssl
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from afterbill_actions.adapters import addresses, http
from afterbill_actions.adapters.http import HttpExchange
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Request


class System(BaseHTTPRequestHandler):
    """Answers by path; `asked` collects what came in."""

    protocol_version = "HTTP/1.1"
    asked: list
    silence: threading.Event

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers), body))
        getattr(self, self.path.strip("/").partition("?")[0] or "plain")()

    def do_POST(self):
        self.do_GET()

    def do_PUT(self):
        self.do_GET()

    def plain(self, body=b"{}", status=200, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def moved(self):
        self.plain(b"", 302, Location="/plain")

    def limited(self):
        self.plain(b"slow down", 429, **{"Retry-After": "7"})

    def failing(self):
        self.plain(b"<html>", 503)

    def large(self):
        self.plain(b" " * 2_000_001)

    def cut(self):
        self.plain(b'{"cut": ', length=100)
        self.close_connection = True

    def silent(self):
        self.silence.wait(10)
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving(context=None):
    handler = type("Fresh", (System,), {"asked": [], "silence": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield server.server_address[1], handler
        handler.silence.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def system(monkeypatch):
    monkeypatch.setenv("AFTERBILL_LOOPBACK", "1")
    with serving() as (port, handler):
        yield f"http://127.0.0.1:{port}", handler


@pytest.fixture
def send():
    exchange = HttpExchange()
    yield exchange
    exchange.pool.clear()


def test_a_request_arrives_as_it_was_meant_and_its_reply_comes_back(system, send):
    url, handler = system

    reply = send(Request("PUT", f"{url}/plain?a=1", {"x-id": "1"}, b"body"))

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"{}", "2")
    ((method, path, headers, body),) = handler.asked
    assert (method, path, body) == ("PUT", "/plain?a=1", b"body")
    assert (headers["x-id"], headers["user-agent"]) == ("1", "afterbill")
    assert headers["host"] == url.removeprefix("http://")


@pytest.mark.parametrize(("path", "status"), [("moved", 302), ("limited", 429), ("failing", 503)])
def test_whatever_comes_back_comes_back_once(system, send, path, status):
    url, handler = system

    assert send(Request("POST", f"{url}/{path}")).status == status
    assert len(handler.asked) == 1


def test_what_the_system_asks_for_is_in_the_headers(system, send):
    assert send(Request("GET", f"{system[0]}/limited")).headers["retry-after"] == "7"


@pytest.mark.parametrize("path", ["large", "cut"])
def test_a_reply_that_is_too_large_or_was_cut_is_none(system, send, path):
    assert send(Request("POST", f"{system[0]}/{path}")).status == NO_REPLY


def test_a_system_that_says_nothing_is_left(system):
    exchange = HttpExchange(longest=0.05)

    assert exchange(Request("POST", f"{system[0]}/silent")).status == NO_REPLY


def test_a_name_that_takes_too_long_to_look_up_is_left():
    never = threading.Event()

    def resolve(_host, _port):
        never.wait(10)
        return []

    assert HttpExchange(resolve=resolve, longest=0.05)(Request("GET", "https://api.example/")).status == NO_REPLY
    never.set()


def test_nothing_was_sent_where_nobody_listens(send, monkeypatch):
    monkeypatch.setenv("AFTERBILL_LOOPBACK", "1")
    with serving() as (port, _):
        pass

    reply = send(Request("POST", f"http://127.0.0.1:{port}/"))

    assert (reply.status, reply.body) == (NOT_SENT, b"no connection: NewConnectionError")


def test_nothing_is_sent_to_a_place_that_may_not_be_called(system, send, monkeypatch):
    monkeypatch.setenv("AFTERBILL_LOOPBACK", "")
    url, handler = system

    reply = send(Request("POST", f"{url}/plain"))

    assert (reply.status, reply.body) == (NOT_SENT, b"the url does not begin with https://")
    assert handler.asked == []


def test_a_header_that_would_be_two_is_not_sent(system, send):
    url, handler = system

    reply = send(Request("GET", url, {"authorization": "Bearer a\nx-other: b"}))

    assert (reply.status, reply.body) == (NOT_SENT, b"a header would not be one line of ASCII: authorization")
    assert handler.asked == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for `api.example`, which an authority of its own vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=api.example", "-addext", "subjectAltName=DNS:api.example"]
    command += ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def secured(certificate, monkeypatch):
    """A system with TLS on this machine, at an address that counts as public for once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setattr(addresses, "public", lambda _address: True)
    with serving(context) as (port, handler):
        yield port, handler, str(certificate / "cert.pem")


def trusting(authority, resolve):
    exchange = HttpExchange(resolve=resolve)
    exchange.pool.connection_pool_kw["ca_certs"] = authority
    return exchange


def test_the_name_is_looked_up_once_and_proved_by_tls_though_the_address_is_called(secured):
    port, handler, authority = secured
    looked_up = []

    def resolve(host, _port):
        looked_up.append(host)
        return ["127.0.0.1"]

    exchange = trusting(authority, resolve)

    assert exchange(Request("GET", f"https://api.example:{port}/plain")).status == 200
    assert looked_up == ["api.example"]
    assert handler.asked[0][2]["host"] == f"api.example:{port}"
    exchange.pool.clear()


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_system_that_proves_another_name_is_not_spoken_to(secured, host):
    port, handler, authority = secured
    exchange = trusting(authority, lambda _host, _port: ["127.0.0.1"])

    reply = exchange(Request("POST", f"https://{host}:{port}/plain", body=b"secret"))

    assert (reply.status, reply.body) == (NOT_SENT, b"the certificate does not prove the host")
    assert handler.asked == []
    exchange.pool.clear()


def test_nor_is_one_that_nobody_vouches_for(secured):
    port, handler, _ = secured
    exchange = HttpExchange(resolve=lambda _host, _port: ["127.0.0.1"])

    assert exchange(Request("POST", f"https://api.example:{port}/plain")).status == NOT_SENT
    assert handler.asked == []
    exchange.pool.clear()


def test_names_are_looked_up_by_the_system():
    assert addresses.resolve("127.0.0.1", 443) == ["127.0.0.1"]


def test_the_exchange_is_the_one_client_of_the_project():
    assert http.exchange.__module__ == "afterbill.adapters.http.http_client"
    assert partial(HttpExchange)().pool.connection_pool_kw["cert_reqs"] == "CERT_REQUIRED"
