"""The one background process of ours: a plain address for each API, and the mail server with its page.

    python -m afterbill_dev.local.server --ministack-port 4566 --api-socket 5 --api-id ab12cd34 --routes {} ...

The API's own name, `<id>.execute-api.localhost`, does not resolve everywhere and cannot be told to every client; this
process calls MiniStack by that name and listens on a plain port. The mail server lies on the way of every mail from a
function to SES: it hands the call on unchanged, keeps what was accepted, and has the postman publish its events. Next
door, under /apis/, the billing systems answer, and under /connections/ the systems into which afterbill writes.
"""

import argparse
import json
import queue
import signal
import socket
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from afterbill_dev.local import billing_apis, inbox_pages, options_requests, processes, ses_events
from afterbill_dev.local.billing_apis import BillingApis
from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.kit import UNANSWERED
from afterbill_dev.local.connections.systems import Connections
from afterbill_dev.local.forwarding import Address, Answer, forward, read_body, send_answer
from afterbill_dev.local.mailbox import Mailbox, SentMail, Text, read_mail, read_texts
from afterbill_dev.paths import HOST

SES_PREFIX = "/v2/email/"
SEND_EMAIL = "/v2/email/outbound-emails"
TEXTS = "/_ministack/sns/sms-messages"
HTML = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))
JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
TOO_LARGE = Answer(413, JSON, b'{"message":"Request Entity Too Large"}')
NO_SUCH_MAIL = Answer(404, HTML, b"<!doctype html><title>Not here</title><p>No such mail.")
UNREADABLE = Answer(400, JSON, b'{"message":"Bad Request"}')


class RequestHandler(BaseHTTPRequestHandler):
    """Takes a request of any method whole, asks its server for the answer and gives that."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: "ProxyServer"

    def _serve(self) -> None:
        try:
            body = read_body(self)
        except ValueError:
            self.close_connection = True
            send_answer(self, UNREADABLE)
            return
        if body is None:
            self.close_connection = True
            send_answer(self, TOO_LARGE)
            return
        answer = self.server.answer(self, body)
        if answer == UNANSWERED:
            self.close_connection = True
            return
        send_answer(self, answer)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 (names are http.server's)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the standard library)
        """Log nothing: a path holds a customer's token."""


class ProxyServer(ThreadingHTTPServer):
    """A server on loopback with many guests at once."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, upstream: Address) -> None:
        super().__init__(listening.getsockname(), RequestHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.upstream = upstream

    def answer(self, request: RequestHandler, body: bytes) -> Answer:
        """Return the answer of the server behind."""
        return forward(request, body, self.upstream)


class ApiServer(ProxyServer):
    """The HTTP API at a plain address; webhooks of shops are overheard on their way."""

    def __init__(
        self, listening: socket.socket, upstream: Address, routes: Mapping[str, str], connections: Connections
    ) -> None:
        super().__init__(listening, upstream)
        self.routes = routes
        self.connections = connections

    def answer(self, request: RequestHandler, body: bytes) -> Answer:
        """Return the answer of the function behind the route."""
        if request.command == "OPTIONS":
            return options_requests.ask(request, body, self.routes)
        if request.command == "POST":
            self.connections.overhear(request.path, dict(request.headers.items()), body)
        return super().answer(request, body)


class MailServer(ProxyServer):
    """Hands SES calls on, remembers accepted mails, shows them; the neighbours' systems answer beside it."""

    def __init__(
        self, listening: socket.socket, upstream: Address, billing: BillingApis, connections: Connections
    ) -> None:
        super().__init__(listening, upstream)
        self.billing, self.connections = billing, connections
        self.mails = Mailbox()
        self.sent: queue.Queue[SentMail] = queue.Queue()

    def answer(self, request: RequestHandler, body: bytes) -> Answer:
        """A page, or what SES answers."""
        if request.path.startswith(billing_apis.PREFIX):
            return self.billing.answer(request.command, request.path, dict(request.headers.items()), body)
        if request.path.startswith(accounts.PREFIX):
            return self.connections.answer(request.command, request.path, dict(request.headers.items()), body)
        if not request.path.startswith(SES_PREFIX):
            return self._page(request.path)
        answer = super().answer(request, body)
        if request.path == SEND_EMAIL and answer.status == HTTPStatus.OK:
            mail = read_mail(body, json.loads(answer.body)["MessageId"])
            self.mails.put(mail)
            self.sent.put(mail)
        return answer

    def _page(self, path: str) -> Answer:
        if path == "/":
            return Answer(200, HTML, inbox_pages.list_page(self.mails.all(), self._texts()).encode())
        if path == "/texts.json":
            return Answer(200, JSON, inbox_pages.texts_as_json(self._texts()).encode())
        if path == "/mails.json":
            return Answer(200, JSON, inbox_pages.mails_as_json(self.mails.all()).encode())
        mail = self.mails.find(path.removeprefix("/mails/"))
        if mail is None:
            return NO_SUCH_MAIL
        return Answer(200, HTML, inbox_pages.mail_page(mail).encode())

    def _texts(self) -> list[Text]:
        """Return the text messages that MiniStack's SNS holds."""
        answer = processes.get(f"http://{self.upstream.host}:{self.upstream.port}{TEXTS}")
        return read_texts(answer) if answer else []


def main() -> None:
    """Serve until SIGTERM."""
    chosen = _arguments()
    sources = json.loads(chosen.billing.read_text())
    connections = Connections(sources)
    api = ApiServer(chosen.api_socket, _api(chosen.ministack_port, chosen.api_id), chosen.routes, connections)
    console = ProxyServer(chosen.console_socket, _api(chosen.ministack_port, chosen.console_id))
    post = MailServer(chosen.post_socket, Address(HOST, chosen.ministack_port), BillingApis(sources), connections)
    servers = [api.serve_forever, console.serve_forever, post.serve_forever]
    for work in (*servers, lambda: ses_events.work(post.sent, chosen.topic_arn)):
        threading.Thread(target=work, daemon=True).start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()


def _api(port: int, id_: str) -> Address:
    return Address(HOST, port, f"{id_}.execute-api.localhost:{port}")


def _inherited(number: str) -> socket.socket:
    return socket.socket(fileno=int(number))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ministack-port", type=int, required=True)
    parser.add_argument("--api-socket", type=_inherited, required=True, help="file number of a listening socket")
    parser.add_argument("--api-id", required=True)
    parser.add_argument("--routes", type=json.loads, required=True, help="JSON: path -> function")
    parser.add_argument("--console-socket", type=_inherited, required=True, help="file number of a listening socket")
    parser.add_argument("--console-id", required=True)
    parser.add_argument("--post-socket", type=_inherited, required=True, help="file number of a listening socket")
    parser.add_argument("--topic-arn", required=True)
    parser.add_argument("--billing", type=Path, required=True, help="file with what the billing systems know")
    return parser.parse_args()


if __name__ == "__main__":
    main()
