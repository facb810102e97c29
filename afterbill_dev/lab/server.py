"""The real handler of the answer page behind a small server on this machine, over memory, at a set time."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import ModuleType
from typing import Any, cast
from unittest import mock

from afterbill.answers.visitors import Visitors
from afterbill.model.visits import Integrity
from afterbill.settings import config
from afterbill_dev.lab.survey_harness import TOKEN, SurveyHarness, address_of, hash_network
from afterbill_dev.paths import ROOT

_SETTINGS = {
    "TABLE": "laboratory",
    "KEYS_SECRET": "laboratory",
    "PUBLIC_URL": "https://example.com",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_SERVICE_NAME": "laboratory",
    "POWERTOOLS_METRICS_NAMESPACE": "laboratory",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
}
MAIL = "/mail"
"""A page as a mail program with a browser inside shows it: every link of the mail, fetched ahead when pointed at."""
_AHEAD = """<script>
document.querySelectorAll("a").forEach(function (link) {
  link.addEventListener("mouseenter", function () {
    var ahead = document.createElement("link");
    ahead.rel = "prefetch"; ahead.href = link.href;
    document.head.append(ahead);
  });
});
</script>"""


class Laboratory:
    """One mail in memory, and the handler that serves its links; `now` moves only by `pass_time`."""

    def __init__(self, integrity: Integrity) -> None:
        self.harness = SurveyHarness(integrity)
        self._app = _handler()
        app, ours = vars(self._app), self.harness.responding
        app["_responding"] = replace(app["_responding"], responses=ours.responses, keys=ours.keys, day_of=ours.day_of)
        app["_visitors"] = Visitors(integrity.scanners, integrity.networks, hash_network)
        app["datetime"], app["count"] = _LaboratoryClock(self.harness), lambda *_metric: None

    def pass_time(self, seconds: float) -> None:
        """Move the clock by so many seconds."""
        self.harness.now += timedelta(seconds=seconds)

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> dict[str, Any]:
        """`path` is /NETWORK/s/TOKEN?QUERY: the first part says which network the request comes from."""
        path, _, query = path.partition("?")
        network = path.split("/")[1]
        event = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "pathParameters": {"token": path.rsplit("/", 1)[-1]},
            "requestContext": {"http": {"method": method, "sourceIp": address_of(network)}},
            "body": body.decode(),
        }
        answer = cast("dict[str, Any]", self._app.handler(event, None))
        self.harness.stream()
        return answer


def link(network: str, rating: str = "") -> str:
    """The address of a link, as somebody in that network opens it."""
    return f"/{network}/s/{TOKEN}" + (f"?rating={rating}" if rating else "")


@contextmanager
def serving(laboratory: Laboratory) -> Iterator[str]:
    """Its address, while it is served on a free port."""

    class Request(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            response: dict[str, Any] = {"statusCode": 404, "headers": {}, "body": ""}
            if self.path.startswith(MAIL):
                response = {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": mail(self.path)}
            elif "/s/" in self.path:
                response = laboratory.request(self.command, self.path, dict(self.headers), body)
            self.send_response(response["statusCode"])
            for name, value in response["headers"].items():
                self.send_header(name, value)
            content = str(response["body"]).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else content)

        do_GET = do_HEAD = do_POST = _answer  # noqa: N815  # as the standard library calls them

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Request) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def mail(path: str) -> str:
    """The links as they stand in the mail, for somebody in the network that the path's end names."""
    network = path.rsplit("/", 1)[-1]
    links = (f'<p><a href="{link(network, str(rating))}">{rating}</a></p>' for rating in ("none", *range(11)))
    return f"<!doctype html><title>mail</title>{''.join(links)}{_AHEAD}"


def _handler() -> ModuleType:
    """A fresh copy of functions/record_response, started with the shipped configuration and no AWS."""
    spec = importlib.util.spec_from_file_location("lab_record_response", ROOT / "functions/record_response/app.py")
    if spec is None or spec.loader is None:
        raise AssertionError("functions/record_response/app.py is not there")
    app = importlib.util.module_from_spec(spec)
    ours = mock.Mock(return_value=ROOT / "layers" / "config")
    with mock.patch.dict(os.environ, _SETTINGS), mock.patch.object(config, "folder", ours):
        _forget()
        spec.loader.exec_module(app)
    _forget()
    return app


def _forget() -> None:
    """This configuration is another one than the process has read, or will read."""
    config.surveys_table.cache_clear()
    config.brand.cache_clear()


class _LaboratoryClock:
    """Stands for the class of the handler's clock."""

    def __init__(self, harness: SurveyHarness) -> None:
        self._harness = harness

    def now(self, zone: tzinfo = UTC) -> datetime:
        """Return the laboratory's time."""
        return self._harness.now.astimezone(zone)
