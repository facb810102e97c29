"""People who run commands, and servers that answer them, for tests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.adapters.http.http_client import Answer
from afterbill.model.webhooks import Source
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.terminal import Terminal


@dataclass
class Person:
    """Answers questions in order, and remembers what was shown; nothing is typed in twice."""

    answers: Iterator[str]
    shown: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    slept: float = 0

    @property
    def terminal(self) -> Terminal:
        return Terminal(self._answer, self._answer, self.shown.append, self._sleep)

    @property
    def saw(self) -> str:
        return "\n".join(self.shown)

    def _answer(self, prompt: str) -> str:
        self.asked.append(prompt)
        return next(self.answers)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds


def person(*answers: str) -> Person:
    return Person(iter(answers))


@dataclass
class Server:
    """Gives one answer to everything."""

    status: int = 202
    body: Any = field(default_factory=dict)
    requests: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        self.requests.append((method, url, headers, body))
        return Answer(self.status, json.dumps(self.body).encode())


def stored(stack: Deployed, secret: str) -> dict[str, Any]:
    secret_entry = stack_secrets.secret(stack, f"{secret}SecretArn")
    return dict(secret_entry.value())


def store(stack: Deployed, secret: str, value: Mapping[str, Any]) -> None:
    stack_secrets.secret(stack, f"{secret}SecretArn").store(value)


def source(stack: Deployed, name: str) -> Source:
    return stack.source(name)
