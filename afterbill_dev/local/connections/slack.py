"""Slack: incoming webhooks, whose address is the secret, and the Web API for an app with a bot token.

A webhook answers `ok` or an error in plain text with a status of its own; the Web API answers HTTP 200 with `ok` and
`error`. Messages of the webhook belong to another app and cannot be changed. Arguments that Slack would pass over are
refused here.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from afterbill_dev.local.connections import slack_blocks
from afterbill_dev.local.connections.accounts import SLACK, SLACK_ARCHIVED, SLACK_HOOK
from afterbill_dev.local.connections.kit import (
    Bucket,
    FakeSystem,
    Headers,
    Request,
    Window,
    as_json,
    as_text,
    retry_after,
    right_now,
)
from afterbill_dev.local.forwarding import Answer

CHANNEL, ARCHIVED = SLACK["channel"], SLACK_ARCHIVED["channel"]
HOOKS: Mapping[str, str] = {SLACK_HOOK: CHANNEL, SLACK_ARCHIVED["hook"]: ARCHIVED}
BURST, A_SECOND = 10, 1.0
"""Messages to one channel: about one a second, a few more at once."""
A_MINUTE = 50
"""Calls of every other method (Tier 3)."""
LONGEST_TEXT = 40_000
LARGEST_PAGE, PAGE_SIZE = 999, 100
_STATUSES: Mapping[str, int] = {
    "invalid_token": 403,
    "action_prohibited": 403,
    "posting_to_general_channel_denied": 403,
    "no_service": 404,
    "channel_not_found": 404,
    "user_not_found": 404,
    "channel_is_archived": 410,
    "rollup_error": 500,
}
"""Of errors that webhooks tell; all others come with 400."""
_APPEARANCE = frozenset({"unfurl_links", "unfurl_media", "mrkdwn", "username", "icon_emoji", "icon_url", "thread_ts"})
_OF_A_HOOK = _APPEARANCE | {"text", "blocks", "channel"}
_KNOWN: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "chat.postMessage": _APPEARANCE
    | {"channel", "text", "blocks", "metadata", "parse", "link_names", "reply_broadcast"},
    "chat.update": frozenset({"channel", "ts", "text", "blocks", "metadata", "parse", "link_names"}),
    "chat.delete": frozenset({"channel", "ts"}),
    "conversations.history": frozenset(
        {"channel", "oldest", "latest", "inclusive", "limit", "cursor", "include_all_metadata"}
    ),
}
_IDENTITY = {"url": "https://local.slack.com/", "team": "Local", "user": "afterbill", "team_id": "T0LOCAL"}
_APP, _HOOK = "B0LOCALAPP", "B0LOCALHOOK"
Arguments = dict[str, Any]


class RefusedCall(Exception):  # noqa: N818  # no fault of ours
    """A call that Slack refuses, with its name for the reason."""


@dataclass
class Message:
    """A message in a channel; `ts` is its id there."""

    ts: str
    channel: str
    bot: str
    text: str = ""
    blocks: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None

    def shown(self, *, metadata: bool) -> dict[str, Any]:
        """The message in an answer of the Web API."""
        told = {"metadata": self.metadata} if metadata and self.metadata else {}
        own = {"type": "message", "ts": self.ts, "bot_id": self.bot, "text": self.text}
        return {**own, "blocks": self.blocks, **told}

    def held(self) -> dict[str, Any]:
        """The message in the state, with everybody whom it calls."""
        calls = slack_blocks.mentions(self.text, self.blocks)
        where = {"channel": self.channel, "thread_ts": self.thread_ts, "mentions": calls}
        return {**self.shown(metadata=True), **where, "metadata": self.metadata}


class Slack(FakeSystem):
    """The workspace, with one channel and another that was archived."""

    def __init__(self, now: Callable[[], datetime] = right_now, wait: Callable[[float], None] = time.sleep) -> None:
        super().__init__(now, wait)
        self._messages: list[Message] = []
        self._posts = {channel: Bucket(BURST, A_SECOND) for channel in (CHANNEL, ARCHIVED)}
        self._others = {method: Window(A_MINUTE) for method in _KNOWN}
        self._last = 0
        self._methods: Mapping[str, Callable[[Arguments], dict[str, Any]]] = {
            "auth.test": lambda _: {**_IDENTITY, "bot_id": _APP},
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
        }

    def state(self) -> dict[str, Any]:
        """All messages, the oldest first."""
        return {"messages": [message.held() for message in self._messages]}

    def refuse(self, status: int, headers: Headers) -> Answer:
        """Refuse with a status; too many calls are told in JSON."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return as_json(status, {"ok": False, "error": "ratelimited"}, headers)
        return as_text(status, f"refused with {status}", headers)

    def refuse_by_name(self, error: str, headers: Headers, request: Request) -> Answer:
        """Refuse as the webhook or as the Web API does."""
        if request.path.startswith("/api/"):
            return as_json(HTTPStatus.OK, {"ok": False, "error": error}, headers)
        return as_text(_STATUSES.get(error, HTTPStatus.BAD_REQUEST), error, headers)

    def serve(self, request: Request) -> Answer:
        """Take a message of a webhook, or a call of the Web API."""
        try:
            if request.path.startswith("/api/"):
                return self._call(request, request.path.removeprefix("/api/"))
            return self._take(request)
        except RefusedCall as refused:
            return self.refuse_by_name(str(refused), (), request)

    def _take(self, request: Request) -> Answer:
        channel = HOOKS.get(request.path)
        if channel is None or request.method != "POST":
            raise RefusedCall("no_service")
        sent = request.content() if request.content_type == "application/json" else None
        if sent is None or not sent.keys() <= _OF_A_HOOK:
            raise RefusedCall("invalid_payload")
        _check_words(sent)
        if channel == ARCHIVED:
            raise RefusedCall("channel_is_archived")
        seconds = self._posts[channel].take(1, self.now())
        if seconds:
            return as_text(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", retry_after(seconds))
        self._put(channel, _HOOK, sent)
        return as_text(HTTPStatus.OK, "ok")

    def _call(self, request: Request, method: str) -> Answer:
        if method not in self._methods:
            raise RefusedCall("unknown_method")
        if not request.bearer():
            raise RefusedCall("not_authed")
        if request.bearer() != SLACK["token"]:
            raise RefusedCall("invalid_auth")
        given = _arguments(request)
        if not given.keys() <= _KNOWN[method]:
            raise RefusedCall("invalid_arguments")
        seconds = self._limit(method, given.get("channel"))
        if seconds:
            return self.refuse(HTTPStatus.TOO_MANY_REQUESTS, retry_after(seconds))
        return as_json(HTTPStatus.OK, {"ok": True, **self._methods[method](given)})

    def _limit(self, method: str, channel: object) -> float:
        if method != "chat.postMessage":
            return self._others[method].take(self.now())
        bucket = self._posts.get(str(channel))
        return bucket.take(1, self.now()) if bucket else 0

    def _post(self, given: Arguments) -> dict[str, Any]:
        channel = _channel(given)
        _check_words(given)
        message = self._put(channel, _APP, given)
        return {"channel": channel, "ts": message.ts, "message": message.shown(metadata=True)}

    def _update(self, given: Arguments) -> dict[str, Any]:
        """Change the words that are given; a text without blocks takes the blocks away."""
        message = self._find(given, "cant_update_message")
        _check_words(given)
        message.text = given.get("text", message.text)
        message.blocks = given.get("blocks", [] if "text" in given else message.blocks)
        message.metadata = given.get("metadata", message.metadata)
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def _delete(self, given: Arguments) -> dict[str, Any]:
        message = self._find(given, "cant_delete_message")
        self._messages.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def _history(self, given: Arguments) -> dict[str, Any]:
        """Messages between two times, which themselves count only if asked for; the newest first."""
        channel, size = _channel(given), int(_number(given, "limit", PAGE_SIZE))
        if not 1 <= size <= LARGEST_PAGE:
            raise RefusedCall("invalid_limit")
        oldest, latest = _number(given, "oldest", 0), _number(given, "latest", math.inf)
        ends = {oldest, latest} if _is_true(given.get("inclusive")) else set()
        before = _number(given, "cursor", math.inf)
        here = [one for one in reversed(self._messages) if one.channel == channel and float(one.ts) < before]
        found = [one for one in here if oldest < float(one.ts) < latest or float(one.ts) in ends]
        page, more = found[:size], len(found) > size
        told = _is_true(given.get("include_all_metadata"))
        cursor = {"response_metadata": {"next_cursor": page[-1].ts}} if more else {}
        return {"messages": [one.shown(metadata=told) for one in page], "has_more": more, **cursor}

    def _put(self, channel: str, bot: str, words: Arguments) -> Message:
        self._last = max(self._last + 1, int(self.now().timestamp() * 1_000_000))
        ts = f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"
        kept = {name: words[name] for name in ("text", "blocks", "metadata", "thread_ts") if name in words}
        message = Message(ts, channel, bot, **kept)
        self._messages.append(message)
        return message

    def _find(self, given: Arguments, not_ours: str) -> Message:
        channel = _channel(given)
        same = (one for one in self._messages if (one.channel, one.ts) == (channel, given.get("ts")))
        message = next(same, None)
        if message is None:
            raise RefusedCall("message_not_found")
        if message.bot != _APP:
            raise RefusedCall(not_ours)
        return message


def _channel(given: Arguments) -> str:
    channel = given.get("channel")
    if channel == ARCHIVED:
        raise RefusedCall("is_archived")
    if channel != CHANNEL:
        raise RefusedCall("channel_not_found")
    return CHANNEL


def _check_words(given: Arguments) -> None:
    """Refuse a message that says nothing, too much, or that no block can show."""
    text, blocks = given.get("text", ""), given.get("blocks", [])
    if not isinstance(text, str) or not (text or blocks):
        raise RefusedCall("no_text")
    if len(text) > LONGEST_TEXT:
        raise RefusedCall("msg_too_long")
    if slack_blocks.faults(blocks):
        raise RefusedCall("invalid_blocks")
    if "metadata" in given and not _is_metadata(given["metadata"]):
        raise RefusedCall("invalid_metadata_format")


def _is_metadata(given: object) -> bool:
    if not isinstance(given, dict) or given.keys() != {"event_type", "event_payload"}:
        return given == {}
    return isinstance(given["event_type"], str) and isinstance(given["event_payload"], dict)


def _arguments(request: Request) -> Arguments:
    """The arguments in JSON, in a form or in the query; of the latter two, objects are JSON in a text."""
    if request.content_type == "application/json":
        given = request.content()
        if given is None:
            raise RefusedCall("invalid_json")
        return given
    given = {**request.query, **request.form()}
    try:
        return {name: json.loads(text) if name in {"blocks", "metadata"} else text for name, text in given.items()}
    except ValueError as error:
        raise RefusedCall("invalid_blocks_format") from error


def _number(given: Arguments, name: str, otherwise: float) -> float:
    try:
        return float(given.get(name) or otherwise)
    except (TypeError, ValueError) as error:
        raise RefusedCall("invalid_arguments") from error


def _is_true(given: object) -> bool:
    return given is True or str(given).lower() in {"1", "true"}
