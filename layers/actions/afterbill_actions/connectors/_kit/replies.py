"""The meaning of HTTP replies, the same for every system that follows the usual rules (RFC 9110)."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.outcome import Denied, Later, Outcome, Refused, Unclear

LONGEST_WAIT = timedelta(hours=6)
"""The longest time that a system's `Retry-After` is obeyed; patience ends before a longer one does."""
NOT_FOUND = frozenset({404, 410})
_LATER = frozenset({408, 409, 421, 423, 425})
_DENIED = {
    401: "the credentials are refused (status 401)",
    402: "the account there has to be paid (status 402)",
    403: "the credentials lack a permission (status 403)",
    407: "the credentials are refused (status 407)",
}
_NO_CONTENT, _TOO_MANY, _UNAVAILABLE = 204, 429, 503
_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")


def failure(reply: Reply, *, repeatable: bool = True, json: bool = False, detail: str = "") -> Outcome | None:
    """Return what a reply means for an action, None where it succeeded.

    Not `repeatable` is a request that would do its work twice: when it may have been done it is Unclear. `json` asks
    for a body of JSON: a page of HTML with status 200 comes from something else than the system. `detail` says in
    names, never in the system's own words, what was refused; those may repeat an address.
    """
    held = _held_up(reply)
    if held:
        return held
    doubt = _doubt(reply, json=json)
    if doubt and not repeatable:
        return Unclear(f"{doubt}: it may have been done")
    if doubt:
        return Later(doubt, retry_after(reply), everybody=reply.status == _UNAVAILABLE)
    return None if is_success(reply) else _rejection(reply, detail)


def _held_up(reply: Reply) -> Outcome | None:
    """Return what holds for every request alike: nobody was reached, or nobody of ours is let in now."""
    if reply.status == NOT_SENT:
        return Later(reply.body.decode("utf-8", "replace") or "the request was not sent", everybody=True)
    if reply.status in _DENIED:
        return Denied(_DENIED[reply.status])
    if reply.status == _TOO_MANY:
        return Later("the system asks for fewer requests (status 429)", retry_after(reply), everybody=True)
    return None


def _rejection(reply: Reply, detail: str) -> Outcome:
    if reply.status in _LATER or reply.status < 400:  # noqa: PLR2004  # redirects, never followed
        return Later(_status(reply), retry_after(reply))
    return Refused(f"{_status(reply)}{f': {detail}' if detail else ''}")


def is_success(reply: Reply) -> bool:
    """Tell whether the status says that it was done."""
    return 200 <= reply.status < 300  # noqa: PLR2004  # success


def retry_after(reply: Reply) -> timedelta | None:
    """Return the time the system asks to wait, in seconds or as a date beside its own; None where it asks for none."""
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return min(timedelta(seconds=int(asked[:9])), LONGEST_WAIT)
    until, now = _moment(asked), _moment(reply.headers.get("date", ""))
    if until is None or now is None:
        return None
    return max(timedelta(0), min(until - now, LONGEST_WAIT))


def names(values: Iterable[object]) -> str:
    """Return what a system names as a list of names; what looks like anything else is left out."""
    found = [value for value in values if isinstance(value, str) and _NAME.fullmatch(value)]
    return ", ".join(dict.fromkeys(found))


def section(value: object, *keys: str) -> Mapping[str, Any]:
    """Return the object that stands under these keys, an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none where there is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _doubt(reply: Reply, *, json: bool) -> str:
    """Return why nobody knows what became of a request; empty where the reply says it."""
    if reply.status == NO_REPLY:
        return "no reply came"
    if reply.status >= 500:  # noqa: PLR2004  # errors of the server
        return _status(reply)
    if is_success(reply) and json and reply.status != _NO_CONTENT and not isinstance(reply.json(), dict | list):
        return f"status {reply.status} without the JSON that was due"
    return ""


def _status(reply: Reply) -> str:
    if 300 <= reply.status < 400:  # noqa: PLR2004  # redirects
        return f"the address leads elsewhere (status {reply.status}): correct it in actions.toml"
    return f"status {reply.status}"


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
