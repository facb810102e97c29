"""A connection that died while a function was frozen, at a local server that tells nobody."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.ses import SesMailer
from afterbill.model.messages import Accepted, Mail, Unknown

MAIL = Mail("ada@example.com", "survey@example.com", None, "?", "?", "<p>?</p>", {}, {"invitation": "0a" * 16})
BODY = b'{"MessageId": "message-1"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Forgetful:
    """Takes one mail per connection and keeps it open; whatever comes on it afterwards is answered with a reset."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(65536)
            connection.sendall(ANSWER)
            connection.recv(65536)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def server() -> Iterator[Forgetful]:
    forgetful = Forgetful()
    yield forgetful
    forgetful.listening.close()


@pytest.fixture
def ses(server: Forgetful, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)
    return client("sesv2", attempts=1)


def test_over_a_connection_that_died_meanwhile_nobody_knows_what_became_of_a_mail(ses: Any) -> None:
    mailer = SesMailer(ses, "afterbill")
    assert mailer.send(MAIL) == Accepted("message-1")
    assert isinstance(mailer.send(MAIL), Unknown)


def test_a_client_that_was_closed_connects_anew(ses: Any, server: Forgetful) -> None:
    mailer = SesMailer(ses, "afterbill")
    for _ in range(3):
        ses.close()
        assert mailer.send(MAIL) == Accepted("message-1")
    assert server.connections == 3
