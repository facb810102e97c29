"""The meaning of a reply: by its status, for systems that say nothing finer."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.outcome import Denied, Later, Outcome, Refused, Unclear

LONGEST_WAIT = timedelta(hours=6)
"""A Retry-After of more than this is cut: somebody should look."""
_DENIED = frozenset({401, 403})
_MISSING = frozenset({404, 410})
_TOO_MANY = 429
_AGAIN = frozenset({408, 409, 423, 425, _TOO_MANY})
_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)
_SERVER_ERROR = 500


def failure(reply: Reply, *, repeatable: bool = True) -> Outcome | None:
    """Return what a reply that is no success means; None for a success, and for 404 and 410, which the caller knows.

    Not `repeatable` is a request that nobody can look up: where it may have been done, it is Unclear.
    """
    status, wait = reply.status, retry_after(reply)
    if status in _SUCCESS or status in _MISSING:
        return None
    if status == NO_REPLY or status >= _SERVER_ERROR:
        reason = "no reply" if status == NO_REPLY else f"status {status}"
        return Later(reason, wait) if repeatable else Unclear(reason)
    if status == NOT_SENT or status in _AGAIN:
        return Later("no connection" if status == NOT_SENT else f"status {status}", wait, everybody=status == _TOO_MANY)
    if status in _DENIED or status in _REDIRECTS:
        return Denied(f"status {status}" if status in _DENIED else f"redirected (status {status}): correct the address")
    return Refused(f"status {status}")


def retry_after(reply: Reply, now: datetime | None = None) -> timedelta | None:
    """Return the wait that a reply asks for, in seconds or as a date; None where it asks for none."""
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal() and len(asked) <= len("999999"):
        return min(timedelta(seconds=int(asked)), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    sent = _date(reply) or now
    return min(max(until - sent, timedelta(0)), LONGEST_WAIT) if sent and until.tzinfo else None


def _date(reply: Reply) -> datetime | None:
    """Return the moment of the reply by the server's own clock."""
    try:
        at = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
