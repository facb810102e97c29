"""Three systems that actions write to, with a memory and moods, and a connector for each.

The helpdesk makes a second ticket of a repeated request, and can be searched; the shop's tags can be set twice without
harm; the chat can neither be searched nor asked twice.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply, Request
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Outcome, Refused, TaskKind, Unclear

HTML = Reply(200, b"<html>Down for maintenance</html>")
_NONE = Reply(NO_REPLY)
BEFORE = [
    *(Reply(status, b"{}") for status in (400, 403, 404, 409, 422, 500, 502, 503)),
    Reply(401, b"{}"),
    Reply(429, b"{}", {"retry-after": "20"}),
    Reply(429, b"{}"),
    HTML,
    _NONE,
    Reply(NOT_SENT),
]
"""Answers of a system that did nothing."""
AFTER = [_NONE, _NONE, Reply(500, b"{}"), Reply(504, b"{}"), HTML]
"""Answers of one that did what it was asked."""
SLOW = timedelta(seconds=15)


class Nothing(BaseModel):
    """No settings."""


@dataclass
class System:
    """What a system holds: texts by its own ids, each under our mark; and when it was asked."""

    name: str
    clock: Callable[[], datetime]
    pass_time: Callable[[timedelta], None]
    chance: random.Random
    trouble: float = 0.0
    held: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[datetime] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    moods: Counter[str] = field(default_factory=Counter)
    revoked: bool = False

    def send(self, request: Request) -> Reply:
        """Answer, or misbehave."""
        self.asked.append(self.clock())
        if self.revoked:
            return Reply(401, b"{}")
        mood = self.chance.random() / self.trouble if self.trouble else 1.0
        if mood < 0.6:  # of the troubles
            reply = self.chance.choice(BEFORE)
            self.moods[f"before: {reply.status}"] += 1
            return reply
        if mood < 0.7:  # as above
            self.moods["slow"] += 1
            self.pass_time(SLOW)
        done = self._do(request)
        if 0.7 <= mood < 1:  # as above
            reply = self.chance.choice(AFTER)
            self.moods[f"after: {reply.status}"] += 1
            return reply
        return done

    def _do(self, request: Request) -> Reply:
        _, _, key = request.url.rpartition("/")
        asked: dict[str, str] = json.loads(request.body or b"{}")
        if request.method == "GET":
            found = [id_ for id_, (mark, _) in self.held.items() if mark == key]
            return _json(200, found)
        if request.method == "POST":
            key = f"{self.name}-{len(self.log)}"
        elif request.method == "DELETE":
            self.held.pop(key, None)
            return Reply(204)
        self.held[key] = (asked["mark"], asked["text"])
        self.log.append(self.held[key])
        return _json(201, {"id": key})


def _json(status: int, content: object) -> Reply:
    return Reply(status, json.dumps(content).encode())


def words(job: Job) -> str:
    """What our writing says."""
    answer = job.invitation.answer if job.invitation else None
    return f"{answer.rating} {answer.comment}" if answer else "taken back"


def _failed(reply: Reply, *, sure: bool = True) -> Outcome | None:
    """What a reply means, None where it did what was asked."""
    status = f"{reply.status}"
    match reply.status:
        case 401 | 403:
            outcome: Outcome | None = Denied(status)
        case 400 | 422:
            outcome = Refused(status)
        case 404:
            outcome = NeedsPerson(TaskKind.RECORD_MISSING, status)
        case 429:
            asked = reply.headers.get("retry-after")
            outcome = Later(status, timedelta(seconds=int(asked)) if asked else None, everybody=True)
        case 200 | 201 | 204 if not reply.body.startswith(b"<"):
            outcome = None
        case _:
            outcome = Later(status) if sure or reply.status in {409, NOT_SENT} else Unclear(status)
    return outcome


def _ask(opened: Open, method: str, key: str, job: Job | None = None) -> Reply:
    body = json.dumps({"mark": job.mark, "text": words(job)}).encode() if job else b""
    return opened.send(Request(method, f"{opened.connection.url}/{key}", body=body))


# The helpdesk


def _ticket(job: Job, opened: Open) -> Outcome:
    id_, failure = _known(job, opened)
    if failure:
        return failure
    reply = _ask(opened, "PUT", id_, job) if id_ else _ask(opened, "POST", "", job)
    return _failed(reply) or Done({"id": id_ or str(reply.json()["id"])})


def _no_ticket(job: Job, opened: Open) -> Outcome:
    id_, failure = _known(job, opened)
    if failure:
        return failure
    return (_failed(_ask(opened, "DELETE", id_)) if id_ else None) or Done()


def _known(job: Job, opened: Open) -> tuple[str, Outcome | None]:
    if job.written:
        return job.written.record["id"], None
    if not job.maybe:
        return "", None
    reply = _ask(opened, "GET", job.mark)
    failure = _failed(reply)
    return ("", failure) if failure else (next(iter(reply.json()), ""), None)


# The shop


def _tag(job: Job, opened: Open) -> Outcome:
    return _failed(_ask(opened, "PUT", job.mark, job)) or Done({"tag": words(job)})


def _no_tag(job: Job, opened: Open) -> Outcome:
    return _failed(_ask(opened, "DELETE", job.mark)) or Done()


# The chat


def _message(job: Job, opened: Open) -> Outcome:
    if job.written:
        id_ = job.written.record["id"]
        return _failed(_ask(opened, "PUT", id_, job)) or Done({"id": id_})
    reply = _ask(opened, "POST", "", job)
    return _failed(reply, sure=False) or Done({"id": str(reply.json()["id"])})


def _no_message(job: Job, opened: Open) -> Outcome:
    if not job.written:
        return Unclear("nobody knows whether it stands there")
    body = json.dumps({"mark": job.mark, "text": "taken back"}).encode()
    request = Request("PUT", f"{opened.connection.url}/{job.written.record['id']}", body=body)
    return _failed(opened.send(request)) or Done(job.written.record)


def _connector(name: str, action: Action) -> Connector:
    return Connector(name, name, Nothing, (), {"put": action}, lambda _opened: Done(), 1000, ())


CONNECTORS: dict[str, Connector] = {
    "helpdesk": _connector("helpdesk", Action(Nothing, _ticket, _no_ticket, _no_ticket)),
    "shop": _connector("shop", Action(Nothing, _tag, _no_tag, _no_tag)),
    "chat": _connector("chat", Action(Nothing, _message, _no_message, _no_message, _message, repeatable=False)),
}


def systems(clock: Callable[[], datetime], pass_time: Callable[[timedelta], None], seed: int) -> dict[str, System]:
    """One of each."""
    kinds: Any = CONNECTORS
    return {name: System(name, clock, pass_time, random.Random(f"{seed}{name}")) for name in kinds}
