"""A helpdesk as Freshdesk is said to be, as small as the tests need it."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from afterbill_actions.exchange import Reply, Request

_FIELDS = {
    "email",
    "unique_external_id",
    "subject",
    "description",
    "status",
    "priority",
    "tags",
    "type",
    "group_id",
    "custom_fields",
}


def reply(status: int, body: Any = None) -> Reply:
    return Reply(status, json.dumps(body).encode() if body is not None else b"")


def _invalid(name: str) -> Reply:
    return reply(400, {"description": "Validation failed", "errors": [{"field": name, "message": "?", "code": "x"}]})


@dataclass
class Helpdesk:
    """Tickets by id, notes by the id of their ticket; `custom` are the custom fields that exist."""

    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()

    def __call__(self, request: Request) -> Reply:
        assert b64decode(request.headers["authorization"].split()[1]) == b"k:X"
        url = urlsplit(request.url)
        path = url.path.removeprefix("/api/v2/").split("/")
        body = json.loads(request.body) if request.body else {}
        match request.method, path:
            case "GET", ["tickets"]:
                return self._list(parse_qs(url.query))
            case "POST", ["tickets"]:
                return self._create(body)
            case method, ["tickets", id_, *rest]:
                return self._one(method, int(id_), rest, body)
        return reply(405)

    def add(self, **fields: Any) -> int:
        id_ = len(self.tickets) + 1
        base = {"id": id_, "status": 2, "priority": 1, "tags": [], "email": "ada@example.com"}
        self.tickets[id_] = base | fields
        return id_

    def _list(self, query: Mapping[str, list[str]]) -> Reply:
        named = {name: query[name][0] for name in ("email", "unique_external_id") if name in query}
        mine = [one for one in self.tickets.values() if all(one.get(name) == value for name, value in named.items())]
        if named and not mine:
            return _invalid(next(iter(named)))
        return reply(200, [one for one in mine if not one.get("deleted")])

    def _create(self, body: dict[str, Any]) -> Reply:
        wrong = [*(body.keys() - _FIELDS), *(body.get("custom_fields", {}).keys() - self.custom)]
        if wrong:
            return _invalid(wrong[0])
        assert all(len(tag) <= 32 for tag in body["tags"])
        id_ = self.add(**{"email": None} | body)
        return reply(201, self.tickets[id_])

    def _one(self, method: str, id_: int, rest: list[str], body: dict[str, Any]) -> Reply:
        ticket = self.tickets.get(id_)
        if ticket is None or (ticket.get("deleted") and method != "GET"):
            return Reply(404)
        match method, rest:
            case "GET", []:
                return reply(200, ticket)
            case "PUT", []:
                ticket.update(body)
                return reply(200, ticket)
            case "GET", ["conversations"]:
                return reply(
                    200, [{"id": 90 + place, "body": text} for place, text in enumerate(self.notes.get(id_, ()))]
                )
            case "POST", ["notes"]:
                assert body.keys() == {"body", "private"}
                assert body["private"] is True
                self.notes.setdefault(id_, []).append(body["body"])
                return reply(201, {"id": 1})
        return reply(405)
