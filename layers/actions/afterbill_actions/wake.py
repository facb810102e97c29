"""The messages of the queue that wakes: ids and moments, which the table knows better."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from afterbill_actions.events import Event, EventType

MOST_DELAY = timedelta(minutes=15)
"""The longest delay of a message of SQS."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Look at this version of a response, which was published at `at`."""

    invitation_id: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tell:
    """Look at an event that is about no response."""

    event: Event


@dataclass(frozen=True, slots=True)
class Drain:
    """Carry out what is due for a connection."""

    connection: str


Wake: TypeAlias = Settle | Tell | Drain


def text_of(wake: Wake) -> str:
    """Return the text that the queue carries."""
    return json.dumps(_body_of(wake))


def _body_of(wake: Wake) -> dict[str, object]:
    match wake:
        case Settle(id_, version, at):
            return {"settle": id_, "version": version, "at": at.isoformat()}
        case Tell(event):
            told = {"id": event.id, "type": event.type, "at": event.at.isoformat(), "detail": dict(event.detail)}
            return {"tell": told}
        case _:
            return {"drain": wake.connection}


def wake_in(text: str) -> Wake:
    """Return the message in a text of `text_of`."""
    body = json.loads(text)
    if "drain" in body:
        return Drain(body["drain"])
    if "tell" in body:
        told = body["tell"]
        at = datetime.fromisoformat(told["at"])
        return Tell(Event(told["id"], EventType(told["type"]), at, told["detail"]))
    return Settle(body["settle"], body["version"], datetime.fromisoformat(body["at"]))
