"""What a Lambda function meets at start: the runtime API, and a Secrets Manager that knows one secret. On loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

_NEXT = "/2018-06-01/runtime/invocation/next"
_KEYS = {"identity": "0" * 64, "links": {}}


class StartError(Exception):
    """The function did not start; the text is what it reported."""


class RuntimeApi(ThreadingHTTPServer):
    """Tells when a function asks for its first event, which it never gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.asked: SimpleQueue[StartError | None] = SimpleQueue()
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    def await_request(self, seconds: float = 30) -> None:
        """Return as soon as the function asks for an event; StartError if it failed, queue.Empty if it never did."""
        if error := self.asked.get(timeout=seconds):
            raise error


class _Conversation(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        if self.path == _NEXT:
            self.server.asked.put(None)
            self.server.closing.wait()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("X-Amz-Target") == "secretsmanager.GetSecretValue":
            return self._answer(200, {"SecretString": json.dumps(_KEYS)})
        self.server.asked.put(StartError(f"{self.path}: {body.decode()}"))
        return self._answer(202, {})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name the base class gives it
        """Say nothing."""


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """Serving until the end of the block."""
    with RuntimeApi() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            serving.join()
