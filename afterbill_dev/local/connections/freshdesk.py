"""Freshdesk's API of tickets: what the vendor's documentation tells, and how hard it is where that is silent.

A list has no descriptions unless `include=description` asks for them, holds tickets of the last 30 days unless
`updated_since` goes further back, and refuses the address of a stranger. Tags of a PUT replace those that were there,
custom fields stay beside those given. The search lags. Nothing is idempotent.
"""

import html
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from afterbill_dev.local.connections import freshdesk_search
from afterbill_dev.local.connections.accounts import FRESHDESK, FRESHDESK_FIELDS
from afterbill_dev.local.connections.freshdesk_fields import (
    Wrong,
    faults_of_a_note,
    faults_of_a_ticket,
    unknown,
    wrong,
)
from afterbill_dev.local.connections.kit import (
    FakeSystem,
    Headers,
    LaggingIndex,
    Request,
    Window,
    as_json,
    retry_after,
    right_now,
)
from afterbill_dev.local.forwarding import Answer

PER_MINUTE, CREATED_PER_MINUTE = 400, 160
"""Limits of the plan Pro."""
LAG_SECONDS = 60.0
PAGE_SIZE, LARGEST_PAGE, DAYS_LISTED = 30, 100, 30
_ROOT = "/api/v2"
_LISTED_BY = frozenset(
    {"email", "unique_external_id", "requester_id", "updated_since", "include", "page", "per_page", "order_by"}
    | {"order_type"}
)
_ORDERS = frozenset({"created_at", "updated_at", "status"})
_INCLUDED = frozenset({"description", "requester", "stats"})
_KEPT = frozenset(
    {"subject", "description", "type", "status", "priority", "source", "group_id", "responder_id", "tags"}
)
_TAG = re.compile(r"<[^>]*>")
_INVALID_JSON = {"code": "invalid_json", "message": "Request body has invalid json format"}
_NOT_LOGGED_IN = {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}


@dataclass
class Contact:
    """A requester of tickets."""

    id: int
    email: str | None = None
    unique_external_id: str | None = None
    name: str | None = None


@dataclass
class Ticket:
    """A ticket with its notes; the times are in UTC."""

    id: int
    requester: Contact
    created_at: datetime
    updated_at: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    custom_fields: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(FRESHDESK_FIELDS))
    notes: list[dict[str, Any]] = field(default_factory=list)

    def change(self, sent: Mapping[str, Any], now: datetime) -> None:
        """Put what was sent in the place of what was there."""
        self.fields |= {name: value for name, value in sent.items() if name in _KEPT}
        self.custom_fields |= sent.get("custom_fields", {})
        self.updated_at = now

    def listed(self) -> dict[str, Any]:
        """The ticket in a list, without its description."""
        kept = {"type": None, "source": 2, "group_id": None, "responder_id": None, "tags": [], **self.fields}
        kept.pop("description", None)
        times = {"created_at": _text(self.created_at), "updated_at": _text(self.updated_at)}
        own = {"id": self.id, "requester_id": self.requester.id, "custom_fields": dict(self.custom_fields)}
        return {**own, **kept, "tags": list(kept["tags"]), **times}

    def described(self) -> dict[str, Any]:
        """The description, as it was sent and as plain text."""
        sent = self.fields.get("description", "")
        return {"description": sent, "description_text": html.unescape(_TAG.sub("", sent))}


class Freshdesk(FakeSystem):
    """The helpdesk."""

    def __init__(
        self,
        now: Callable[[], datetime] = right_now,
        wait: Callable[[float], None] = time.sleep,
        per_minute: int = PER_MINUTE,
        created_per_minute: int = CREATED_PER_MINUTE,
    ) -> None:
        super().__init__(now, wait)
        self._tickets: dict[int, Ticket] = {}
        self._contacts: list[Contact] = []
        self._limit, self._limit_of_new = Window(per_minute), Window(created_per_minute)
        self._index = LaggingIndex(LAG_SECONDS)
        self._numbers = 0

    def state(self) -> dict[str, Any]:
        """All tickets with their notes, the oldest first."""
        return {"tickets": [_held(ticket) for ticket in self._tickets.values()]}

    def refuse(self, status: int, headers: Headers) -> Answer:
        """Refuse in the vendor's form; 404 has no body."""
        match status:
            case HTTPStatus.NOT_FOUND:
                return Answer(status, headers, b"")
            case HTTPStatus.UNAUTHORIZED:
                return as_json(status, _NOT_LOGGED_IN, headers)
            case HTTPStatus.BAD_REQUEST:
                return _refused([wrong("subject", "refused on demand", "invalid_value")], headers)
            case HTTPStatus.TOO_MANY_REQUESTS:
                return as_json(status, {"message": "You have exceeded the limit of requests per minute"}, headers)
            case _:
                return as_json(status, {"code": "error", "message": f"refused with {status}"}, headers)

    def serve(self, request: Request) -> Answer:
        """Answer a call, with the headers that tell what is left of the limit."""
        made = request.method == "POST" and request.path == f"{_ROOT}/tickets"
        seconds = self._limit.take(self.now()) or (self._limit_of_new.take(self.now()) if made else 0)
        if seconds:
            answer = self.refuse(HTTPStatus.TOO_MANY_REQUESTS, retry_after(seconds))
        elif request.basic_user() != FRESHDESK["key"]:
            answer = self.refuse(HTTPStatus.UNAUTHORIZED, ())
        else:
            answer = self._route(request)
        left = self._limit.limit - self._limit.used
        told = (("X-RateLimit-Total", str(self._limit.limit)), ("X-RateLimit-Remaining", str(left)))
        return Answer(answer.status, (*answer.headers, *told, ("X-RateLimit-Used-CurrentRequest", "1")), answer.body)

    def _route(self, request: Request) -> Answer:
        root, _, path = request.path.partition(f"{_ROOT}/")
        match request.method, *(path.split("/") if not root else ()):
            case "GET", "tickets":
                return self._list(request)
            case "POST", "tickets":
                return self._with_content(request, self._create)
            case "GET", "search", "tickets":
                return self._search(request)
            case "GET", "ticket_fields":
                fields = FRESHDESK_FIELDS.items()
                kinds = {str: "custom_text", int: "custom_number"}
                return as_json(HTTPStatus.OK, [{"name": name, "type": kinds[kind]} for name, kind in fields])
            case method, "tickets", number, *below if number.isdigit() and int(number) in self._tickets:
                return self._route_ticket(method, self._tickets[int(number)], below, request)
        return self.refuse(HTTPStatus.NOT_FOUND, ())

    def _route_ticket(self, method: str, ticket: Ticket, below: list[str], request: Request) -> Answer:
        match method, *below:
            case ("GET",):
                return as_json(HTTPStatus.OK, _shown(ticket, request.query.get("include", "")))
            case ("PUT",):
                return self._with_content(request, lambda sent: self._change(ticket, sent))
            case ("DELETE",):
                return self._delete(ticket)
            case "POST", "notes":
                return self._with_content(request, lambda sent: self._note(ticket, sent))
            case "GET", "conversations":
                faults = _faults_of_pages(request.query)
                return _refused(faults) if faults else as_json(HTTPStatus.OK, _page(ticket.notes, request.query))
        return self.refuse(HTTPStatus.NOT_FOUND, ())

    def _with_content(self, request: Request, work: Callable[[dict[str, Any]], Answer]) -> Answer:
        if request.content_type != "application/json":
            return as_json(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {"code": "invalid_content_type", "message": "JSON only"})
        sent = request.content()
        return as_json(HTTPStatus.BAD_REQUEST, _INVALID_JSON) if sent is None else work(sent)

    def _create(self, sent: dict[str, Any]) -> Answer:
        faults = faults_of_a_ticket(sent, new=True)
        if faults:
            return _refused(faults)
        self._numbers += 1
        ticket = Ticket(self._numbers, self._requester(sent), self.now(), self.now())
        self._tickets[ticket.id] = ticket
        return self._written(ticket, sent, HTTPStatus.CREATED)

    def _change(self, ticket: Ticket, sent: dict[str, Any]) -> Answer:
        faults = faults_of_a_ticket(sent, new=False)
        if not sent:
            faults = [wrong("request", "It should not be empty", "missing_field")]
        if faults:
            return _refused(faults)
        if sent.get("email") or sent.get("unique_external_id"):
            ticket.requester = self._requester(sent)
        return self._written(ticket, sent, HTTPStatus.OK)

    def _written(self, ticket: Ticket, sent: dict[str, Any], status: HTTPStatus) -> Answer:
        ticket.change(sent, self.now())
        self._index.put(ticket.id, ticket.listed(), self.now())
        return as_json(status, _shown(ticket, ""))

    def _delete(self, ticket: Ticket) -> Answer:
        del self._tickets[ticket.id]
        self._index.put(ticket.id, None, self.now())
        return Answer(HTTPStatus.NO_CONTENT, (), b"")

    def _note(self, ticket: Ticket, sent: dict[str, Any]) -> Answer:
        faults = faults_of_a_note(sent)
        if faults:
            return _refused(faults)
        self._numbers += 1
        at = _text(self.now())
        note = {"id": self._numbers, "ticket_id": ticket.id, "body": sent["body"], "private": sent.get("private", True)}
        note |= {"body_text": html.unescape(_TAG.sub("", sent["body"])), "created_at": at, "updated_at": at}
        ticket.notes.append(note)
        ticket.updated_at = self.now()
        return as_json(HTTPStatus.CREATED, note)

    def _requester(self, sent: Mapping[str, Any]) -> Contact:
        """The contact that a ticket names, a new one for a stranger."""
        for name in ("email", "unique_external_id"):
            known = self._contact(name, sent.get(name))
            if known:
                return known
        self._numbers += 1
        email, external = sent.get("email"), sent.get("unique_external_id")
        self._contacts.append(Contact(self._numbers, email, external, sent.get("name")))
        return self._contacts[-1]

    def _contact(self, name: str, value: str | None) -> Contact | None:
        same = (one for one in self._contacts if value and str(getattr(one, name) or "").lower() == value.lower())
        return next(same, None)

    def _list(self, request: Request) -> Answer:
        query = request.query
        faults = [*_faults_of_a_list(query), *self._strangers(query)]
        if faults:
            return _refused(faults)
        found = sorted(self._wanted(query), key=lambda one: one.listed()[query.get("order_by", "created_at")])
        found = found if query.get("order_type") == "asc" else found[::-1]
        page, include = _page(found, query), query.get("include", "")
        rows = [{**one.listed(), **_included(one, include)} for one in page]
        more = int(query.get("page", 1)) * int(query.get("per_page", PAGE_SIZE)) < len(found)
        link = (("Link", f'<{request.path}?page={int(query.get("page", 1)) + 1}>; rel="next"'),)
        return as_json(HTTPStatus.OK, rows, link if more else ())

    def _strangers(self, query: Mapping[str, str]) -> list[Wrong]:
        asked = [name for name in ("email", "unique_external_id") if name in query]
        nobody = [name for name in asked if self._contact(name, query[name]) is None]
        return [wrong(name, f"There is no contact matching the given {name}", "invalid_value") for name in nobody]

    def _wanted(self, query: Mapping[str, str]) -> list[Ticket]:
        tickets = list(self._tickets.values())
        for name in ("email", "unique_external_id"):
            if name in query:
                whose = self._contact(name, query[name])
                tickets = [one for one in tickets if one.requester is whose]
        if "requester_id" in query:
            tickets = [one for one in tickets if str(one.requester.id) == query["requester_id"]]
        if "updated_since" in query:
            return [one for one in tickets if one.updated_at >= datetime.fromisoformat(query["updated_since"])]
        return [one for one in tickets if one.created_at >= self.now() - timedelta(days=DAYS_LISTED)]

    def _search(self, request: Request) -> Answer:
        number = request.query.get("page", "1")
        if not number.isdigit() or not 1 <= int(number) <= freshdesk_search.LAST_PAGE:
            message = f"It should be a Positive Integer less than or equal to {freshdesk_search.LAST_PAGE}"
            return _refused([wrong("page", message, "invalid_value")])
        try:
            test = freshdesk_search.read(request.query.get("query", ""))
        except ValueError as error:
            return _refused([wrong("query", str(error), "invalid_value")])
        found = [one for one in self._index.all(self.now()) if test(one)]
        page = _page(found, {"page": number, "per_page": str(freshdesk_search.PAGE_SIZE)})
        return as_json(HTTPStatus.OK, {"total": len(found), "results": page})


def _faults_of_pages(query: Mapping[str, str]) -> list[Wrong]:
    wrong_ones = []
    for name, most in (("page", 2**31), ("per_page", LARGEST_PAGE)):
        number = query.get(name, "1")
        if not number.isdigit() or not 1 <= int(number) <= most:
            message = f"It should be a Positive Integer less than or equal to {most}"
            wrong_ones.append(wrong(name, message, "invalid_value"))
    return wrong_ones


def _faults_of_a_list(query: Mapping[str, str]) -> list[Wrong]:
    faults = [*(unknown(name) for name in query if name not in _LISTED_BY), *_faults_of_pages(query)]
    if not set(filter(None, query.get("include", "").split(","))) <= _INCLUDED:
        faults.append(
            wrong("include", f"It should be one of these values: '{','.join(sorted(_INCLUDED))}'", "invalid_value")
        )
    if query.get("order_by", "created_at") not in _ORDERS:
        faults.append(wrong("order_by", "It should be one of these values", "invalid_value"))
    if "updated_since" in query and not _is_time(query["updated_since"]):
        faults.append(
            wrong("updated_since", "It should be in the 'combined date and time ISO8601' format", "invalid_date")
        )
    return faults


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _page(rows: list[Any], query: Mapping[str, str]) -> list[Any]:
    size = int(query.get("per_page", PAGE_SIZE))
    start = (int(query.get("page", 1)) - 1) * size
    return rows[start : start + size]


def _shown(ticket: Ticket, include: str) -> dict[str, Any]:
    conversations = {"conversations": ticket.notes[:10]} if "conversations" in include else {}
    return {**ticket.listed(), **ticket.described(), **_included(ticket, include), **conversations}


def _included(ticket: Ticket, include: str) -> dict[str, Any]:
    contact = ticket.requester
    parts = {
        "description": ticket.described(),
        "requester": {"requester": {"id": contact.id, "email": contact.email, "name": contact.name}},
        "stats": {"stats": {"closed_at": None}},
    }
    return {key: value for name in include.split(",") for key, value in parts.get(name, {}).items()}


def _held(ticket: Ticket) -> dict[str, Any]:
    whose = {"email": ticket.requester.email, "unique_external_id": ticket.requester.unique_external_id}
    return {**ticket.listed(), **ticket.described(), **whose, "notes": ticket.notes}


def _refused(faults: list[Wrong], headers: Headers = ()) -> Answer:
    return as_json(HTTPStatus.BAD_REQUEST, {"description": "Validation failed", "errors": faults}, headers)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
