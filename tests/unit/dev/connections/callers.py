"""Calls of a fake system in the same process, on a clock that the test turns."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.kit import FakeSystem, Request

SHOP_SECRET = "shpss_of_the_source"


class Clock:
    """A clock that stands still until it is turned; it knows for how long somebody waited."""

    def __init__(self) -> None:
        self.at = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
        self.waited: list[float] = []

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **spell: float) -> None:
        self.at += timedelta(**spell)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


class Reply(NamedTuple):
    status: int
    content: Any
    headers: dict[str, str]


class Caller:
    """Calls one system with the headers that open it."""

    def __init__(self, system: FakeSystem, **opening: str) -> None:
        self.system, self.opening = system, opening

    def call(self, method: str, target: str, content: Any = None, **headers: str) -> Reply:
        body = b"" if content is None else json.dumps(content).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        return self.send(method, target, body, **kind, **headers)

    def form(self, target: str, fields: dict[str, str]) -> Reply:
        return self.send("POST", target, urlencode(fields).encode(), **{"Content-Type": FORM})

    def send(self, method: str, target: str, body: bytes, **headers: str) -> Reply:
        sent = {**self.opening, **headers}
        answer = self.system.answer(Request.read(method, target, sent, body))
        is_json = dict(answer.headers).get("Content-Type", "").startswith("application/json")
        read = json.loads(answer.body) if is_json else answer.body.decode()
        return Reply(answer.status, read, dict(answer.headers))

    def fail(self, **fault: Any) -> Reply:
        return self.call("POST", accounts.FAULT, fault)

    @property
    def state(self) -> Any:
        return self.call("GET", accounts.STATE).content


FORM = "application/x-www-form-urlencoded"


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:X".encode()).decode()


def shopify_headers(topic: str, body: bytes, secret: str = SHOP_SECRET) -> dict[str, str]:
    """The headers with which Shopify signs a webhook."""
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"x-shopify-topic": topic, "x-shopify-hmac-sha256": signature}
