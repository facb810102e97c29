"""Answers to tell of, and systems that give the replies of a test."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Job, Open
from afterbill_actions.effects import Written
from afterbill_actions.exchange import Reply, Request
from tests.factories import invitation

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
LINK = "https://console.example.com/app/responses/one"
OK = Reply(200, b'{"ok": true, "channel": "C0123", "ts": "1764579600.000100"}')


def answered(rating: int = 3, **changes: Any):
    answer = Answer(rating, **changes)
    return invitation(answer=answer, answered_at=NOW, touchpoint="order_paid", source="shop")


def job(rating: int = 3, **changes: Any) -> Job:
    one = changes.pop("invitation", answered(rating))
    settings = {"text": "", "comment": False, "language": "en", **changes.pop("settings", {})}
    return Job(**{"settings": settings, "mark": "afterbill-one", "link": LINK, "invitation": one, **changes})


def written(action: str = "message", **record: str) -> Written:
    return Written("team", action, "version", NOW, {"rating": "3", **record})


@dataclass
class System:
    """Gives replies in order, the last one for ever, and keeps what it was asked."""

    replies: list[Reply]
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def said(self) -> list[Any]:
        return [json.loads(one.body) for one in self.asked if one.body]


@pytest.fixture
def connect():
    def to(connector: str, *replies: Reply, secret: dict[str, str], **changes: Any) -> tuple[Open, System]:
        system = System(list(replies) or [OK])
        url = changes.pop("url", "https://system.example.com")
        connection = Connection("team", connector, url, 60, settings=changes)
        return Open(connection, secret, system, NOW), system

    return to
