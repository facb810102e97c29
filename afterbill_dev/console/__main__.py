"""`python -m afterbill_dev.console`: the console over a seeded year at http://127.0.0.1:8490, to look at."""

import sys
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from afterbill_dev.console.world import ORIGIN, World, history, request_for


def main() -> int:
    """Serve until it is stopped."""
    now = datetime.now(UTC)
    world = World(now=now, facts=history(now=now))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _serve(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            cookies = {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
            answer = world.console.respond(request_for(self.command, self.path, headers, body), cookies, datetime.now(UTC))
            content = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            for cookie in answer.cookies:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
            """Log nothing."""

    print(f"{ORIGIN}/app/sign-in?role=admin&language=en (roles: admin, analyst, agent, viewer; languages: en, de)")
    ThreadingHTTPServer(("127.0.0.1", 8490), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
