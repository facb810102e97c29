"""A console over memory at an address of this machine, for a browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from afterbill_dev.console.world import World, request_for

Clock = Callable[[], datetime]


def server(make: Callable[[str], World], port: int = 0, clock: Clock | None = None) -> ThreadingHTTPServer:
    """Return a server of the world that `make` returns for its origin; without a clock its time stands still.

    Browsers open connections that they may not use; one request is answered at a time all the same.
    """
    turns = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _serve(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            cookies = {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
            request = request_for(self.command, self.path, headers, body)
            with turns:
                answer = world.console.respond(request, cookies, clock() if clock else world.now)
            content = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            for cookie in answer.cookies:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the browser went on to another page
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
            """Log nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    world = make(f"http://127.0.0.1:{made.server_port}")
    return made


@contextmanager
def serving(make: Callable[[str], World]) -> Iterator[World]:
    """Serve the world that `make` returns for its origin, in a thread, until the end."""
    worlds: list[World] = []

    def kept(origin: str) -> World:
        worlds.append(make(origin))
        return worlds[0]

    made = server(kept)
    Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield worlds[0]
    finally:
        made.shutdown()
        made.server_close()
