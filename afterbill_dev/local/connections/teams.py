"""Teams: a flow that posts an Adaptive Card, and answers 202 without a body.

Nothing that was posted can be changed or taken back.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from afterbill_dev.local.connections.accounts import TEAMS, TEAMS_FLOW
from afterbill_dev.local.connections.kit import (
    Bucket,
    FakeSystem,
    Headers,
    Request,
    as_json,
    retry_after,
    right_now,
)
from afterbill_dev.local.forwarding import Answer

CARD = "application/vnd.microsoft.card.adaptive"
LARGEST_MESSAGE = 28 * 1024
BURST, A_SECOND = 20, 4.0
_VERSION = re.compile(r"1\.[0-5]")
_ENVELOPE = frozenset({"contentType", "contentUrl", "content"})
_OF_A_CARD = frozenset({"type", "version", "$schema", "body", "actions", "msteams", "fallbackText", "lang", "speak"})
_NEEDED: Mapping[str, frozenset[str]] = {
    "TextBlock": frozenset({"text"}),
    "RichTextBlock": frozenset({"inlines"}),
    "Image": frozenset({"url"}),
    "FactSet": frozenset({"facts"}),
    "Container": frozenset({"items"}),
    "ColumnSet": frozenset({"columns"}),
    "ActionSet": frozenset({"actions"}),
    "Action.OpenUrl": frozenset({"url"}),
    "Action.ToggleVisibility": frozenset({"targetElements"}),
    "Action.ShowCard": frozenset({"card"}),
}
"""By type of an element or an action: keys that have to be there."""
_FREE = frozenset({"Column", "ImageSet", "Media", "Table", "Action.Submit", "Action.Execute"})
"""Types of which this fake asks for no key."""
_LISTS = ("body", "actions", "items", "columns")


class Teams(FakeSystem):
    """The channel behind the flow."""

    def __init__(self, now: Callable[[], datetime] = right_now, wait: Callable[[float], None] = time.sleep) -> None:
        super().__init__(now, wait)
        self._cards: list[dict[str, Any]] = []
        self._limit = Bucket(BURST, A_SECOND)

    def state(self) -> dict[str, Any]:
        """All cards that were posted, the oldest first."""
        return {"messages": [{"card": card} for card in self._cards]}

    def refuse(self, status: int, headers: Headers) -> Answer:
        """Refuse in the form of the flow's host."""
        return as_json(status, {"error": {"code": f"Refused{status}", "message": f"refused with {status}"}}, headers)

    def refuse_by_name(self, error: str, headers: Headers, request: Request) -> Answer:  # noqa: ARG002  # one form
        """Refuse with a code of the flow's host."""
        return as_json(HTTPStatus.BAD_REQUEST, {"error": {"code": error, "message": error}}, headers)

    def serve(self, request: Request) -> Answer:
        """Post a card."""
        if request.path != TEAMS_FLOW or request.method != "POST":
            return self.refuse(HTTPStatus.NOT_FOUND, ())
        if request.query.get("sig") != TEAMS["sig"]:
            return self.refuse(HTTPStatus.UNAUTHORIZED, ())
        seconds = self._limit.take(1, self.now())
        if seconds:
            return self.refuse(HTTPStatus.TOO_MANY_REQUESTS, retry_after(seconds))
        cards = _cards(request)
        if cards is None or len(request.body) > LARGEST_MESSAGE:
            return self.refuse(HTTPStatus.BAD_REQUEST, ())
        self._cards.extend(cards)
        return Answer(HTTPStatus.ACCEPTED, (), b"")


def _cards(request: Request) -> list[dict[str, Any]] | None:
    """The cards of a message; None when it is anything else."""
    sent = request.content() if request.content_type == "application/json" else None
    if sent is None or sent.keys() != {"type", "attachments"} or sent["type"] != "message":
        return None
    attachments = sent["attachments"]
    if not isinstance(attachments, list) or not attachments or not all(map(_is_attachment, attachments)):
        return None
    return [one["content"] for one in attachments]


def _is_attachment(given: object) -> bool:
    if not isinstance(given, dict) or given.keys() != _ENVELOPE:
        return False
    return given["contentType"] == CARD and given["contentUrl"] is None and _is_card(given["content"])


def _is_card(card: object) -> bool:
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard" or not card.keys() <= _OF_A_CARD:
        return False
    known = isinstance(card.get("version"), str) and _VERSION.fullmatch(card["version"])
    return bool(known and card.get("body")) and all(map(_is_element, _elements(card)))


def _elements(holder: Mapping[str, Any]) -> Iterator[object]:
    """All elements and actions of a card, with those inside of others."""
    for name in _LISTS:
        inside = holder.get(name, [])
        for one in inside if isinstance(inside, list) else [inside]:
            yield one
            if isinstance(one, dict):
                yield from _elements(one)


def _is_element(given: object) -> bool:
    if not isinstance(given, dict):
        return False
    kind = str(given.get("type", "Column" if "items" in given else None))
    return kind in _FREE or (kind in _NEEDED and _NEEDED[kind] <= given.keys())
