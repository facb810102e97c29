"""The few requests to Freshdesk's API, version 2, that actions make.

The vendor publishes no specification; docs/connections/freshdesk.md says how each of these is known.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode

from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import replies
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.outcome import Later, NeedsPerson, Outcome, TaskKind

Ticket: TypeAlias = Mapping[str, Any]
RECENT = timedelta(days=180)
"""Tickets that changed within this time are looked through."""
MOST_LISTED = 100
"""Freshdesk's largest page."""
OPEN, RESOLVED, CLOSED = 2, 4, 5
_BAD_REQUEST = 400
_PEOPLE = frozenset({"email", "unique_external_id"})


@dataclass(frozen=True, slots=True)
class Missing:
    """The ticket is not there any more, or in the bin."""


def requester(job: Job) -> Mapping[str, str]:
    """Return the field that names the customer to Freshdesk, an empty mapping where nothing may."""
    if job.mail_address:
        return {"email": job.mail_address}
    return {"unique_external_id": job.customer_ids[0]} if job.customer_ids else {}


def unknown_requester() -> NeedsPerson:
    """Return the task of a person about an answer whose customer cannot be named to Freshdesk."""
    reason = "the answer came by no mail to an address, and the source gave no id of the customer"
    return NeedsPerson(TaskKind.RECORD_MISSING, reason)


def list_tickets(open_: Open, person: Mapping[str, str]) -> Sequence[Ticket] | Outcome:
    """Return the recent tickets of a person, the newest first; none of somebody Freshdesk does not know."""
    since = (open_.now - RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {**person, "updated_since": since, "per_page": str(MOST_LISTED)}
    reply = _send(open_, "GET", f"/tickets?{urlencode(query)}")
    if reply.status in replies.NOT_FOUND or (reply.status == _BAD_REQUEST and _PEOPLE & set(_fields(reply))):
        return []  # "There is no contact matching the given email"
    failure = _failure(reply)
    if failure:
        return failure
    return sorted(replies.listed(reply.json()), key=lambda ticket: -number(ticket.get("id")))


def ticket(open_: Open, id_: str) -> Ticket | Missing | Outcome:
    """Return a ticket as it stands."""
    reply = _send(open_, "GET", f"/tickets/{id_}")
    found = replies.section(reply.json())
    if reply.status in replies.NOT_FOUND or found.get("deleted") is True or found.get("spam") is True:
        return Missing()
    return _failure(reply) or _with_id(found)


def create(open_: Open, fields: Mapping[str, Any]) -> Ticket | Outcome:
    """Make a ticket; the reply holds its id. A repeat makes another one."""
    reply = _send(open_, "POST", "/tickets", fields)
    return _failure(reply) or _with_id(replies.section(reply.json()))


def _with_id(found: Ticket) -> Ticket | Outcome:
    """Return a ticket that can be named again; any other is not Freshdesk's."""
    return found if number(found.get("id")) else Later("Freshdesk's reply holds no ticket")


def update(open_: Open, id_: str, fields: Mapping[str, Any]) -> Missing | Outcome | None:
    """Change fields of a ticket; `tags` replace those that stand there. None where it is done."""
    reply = _send(open_, "PUT", f"/tickets/{id_}", fields)
    return Missing() if reply.status in replies.NOT_FOUND else _failure(reply)


def add_note(open_: Open, id_: str, body: str) -> Missing | Outcome | None:
    """Add a note that only agents see. A repeat adds another one."""
    reply = _send(open_, "POST", f"/tickets/{id_}/notes", {"body": body, "private": True})
    return Missing() if reply.status in replies.NOT_FOUND else _failure(reply)


def newest_reference(open_: Open, id_: str, mark: str) -> str | Outcome:
    """Return the reference in the newest note of a ticket that bears this mark, empty where none does."""
    reply = _send(open_, "GET", f"/tickets/{id_}/conversations?per_page={MOST_LISTED}")
    failure = _failure(reply)
    if failure:
        return failure
    wanted = re.compile(rf"{re.escape(mark)}[.0-9a-z-]*")
    found = [
        (number(entry.get("id")), match[0])
        for entry in replies.listed(reply.json())
        if (match := wanted.search(str(entry.get("body"))))
    ]
    return max(found, default=(0, ""))[1]


def probe(open_: Open) -> Outcome | None:
    """Return why the key does not suffice to read tickets, None where it does."""
    return _failure(_send(open_, "GET", "/tickets?per_page=1"))


def number(value: object) -> int:
    """Return an id, or 0 where there is none."""
    return value if type(value) is int else 0


def tags_of(found: Ticket) -> list[str]:
    """Return the tags of a ticket."""
    tags = found.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _send(open_: Open, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Reply:
    key = b64encode(f"{open_.secret.get('key', '')}:X".encode()).decode()
    headers = {"accept": "application/json", "authorization": f"Basic {key}"}
    body = json.dumps(fields).encode() if fields is not None else b""
    if body:
        headers["content-type"] = "application/json"
    return open_.send(Request(method, f"{open_.connection.url}/api/v2{path}", headers, body))


def _failure(reply: Reply) -> Outcome | None:
    return replies.failure(reply, json=True, detail=replies.names(_fields(reply)))


def _fields(reply: Reply) -> list[str]:
    """Return the fields that Freshdesk complains about."""
    return [str(error.get("field", "")) for error in replies.listed(replies.section(reply.json()).get("errors"))]
