"""The newest accepted and the newest refused webhook of each source, as the logs of the functions have them.

No metric names a source, since each would cost money every month, and receive_webhook writes nothing but the inbox. So
the logs are read backwards in growing steps; what is found ends the search, and a busy source is found in the first.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from afterbill.connectors import registry
from afterbill.model.webhooks import Source
from afterbill_console.adapters.health.stack import DeployedStack
from afterbill_console.health.refusals import NOT_WEBHOOKS
from afterbill_console.health.webhooks import LastWebhooks

STEPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
PAGES = 20
"""Pages of the log for each step: a log that is longer ends the search."""
_LONGEST_PATTERN = 1024


@dataclass(frozen=True, slots=True)
class _Search:
    """Lines of one function's log; `condition` is part of a filter pattern, and `fits` the same for emulators."""

    function: str
    key: str
    value: str
    but: tuple[str, frozenset[str]] = ("reason", frozenset())
    """Not the lines with these values under this key."""

    def fits(self, line: Mapping[str, Any]) -> bool:
        key, values = self.but
        return line.get(self.key) == self.value and line.get(key) not in values and "test" not in line

    def pattern(self, names: Iterable[str]) -> str:
        """The lines of these sources; of all, where that is too long for a pattern."""
        key, values = self.but
        wanted = " && ".join([f'$.{self.key} = "{self.value}"', *(f'$.{key} != "{one}"' for one in sorted(values))])
        sources = " || ".join(f'$.source = "{name}"' for name in sorted(names))
        pattern = f"{{ {wanted} && ({sources}) }}"
        return pattern if len(pattern) <= _LONGEST_PATTERN else f"{{ {wanted} }}"


_UNSIGNED = "signature_missing"
_RECEIVE, _CAPTURE = "ReceiveWebhookFunctionName", "CaptureEventFunctionName"
_ACCEPTED = _Search(_RECEIVE, "outcome", "accepted")
_REFUSED = _Search(_RECEIVE, "message", "webhook refused", ("reason", NOT_WEBHOOKS | {_UNSIGNED}))
"""Refusals of signed webhooks: one that is not signed may be anybody's."""
_BARE = _Search(_RECEIVE, "reason", _UNSIGNED)
_CAPTURED = _Search(_CAPTURE, "message", "event captured", ("outcome", frozenset({"refused"})))
_DISOWNED = _Search(_CAPTURE, "outcome", "refused")


_Dated = tuple[datetime, Mapping[str, Any]]


@dataclass
class _Found:
    """The newest line of each source, with its moment."""

    since: datetime
    lines: dict[str, _Dated] = field(default_factory=dict)

    def at(self, name: str) -> datetime | None:
        return self.lines[name][0] if name in self.lines else None


def last_webhooks(
    deployed: DeployedStack, sources: Iterable[Source], now: datetime, steps: Sequence[timedelta] = STEPS
) -> dict[str, LastWebhooks]:
    """Return what each source sent last; one that is polled sends nothing and is left out.

    Where only the billing system can tell what is genuine, a webhook counts as accepted once an event was captured.
    Unsigned ones count as refused where nothing else came: a billing system that was not told to sign.
    `steps` are the periods that are read, one after the other.
    """
    newest = partial(_newest, deployed, steps)
    received: list[str] = []
    confirmed: list[str] = []
    for source in sources:
        provider = registry.load(source.provider)
        if provider.poller is None:
            (confirmed if provider.confirm else received).append(source.name)
    accepted, refused = newest(_ACCEPTED, received, now), newest(_REFUSED, received, now)
    refused.lines |= newest(_BARE, set(received) - set(accepted.lines) - set(refused.lines), now).lines
    captured, disowned = newest(_CAPTURED, confirmed, now), newest(_DISOWNED, confirmed, now)
    return {name: _last(name, accepted, refused) for name in received} | {
        name: _last(name, captured, disowned) for name in confirmed
    }


def _last(name: str, accepted: _Found, refused: _Found) -> LastWebhooks:
    _, line = refused.lines.get(name, (None, {}))
    refusal = line.get("reason") or line.get("outcome", "")
    return LastWebhooks(accepted.since, accepted.at(name), refused.at(name), refusal)


def _newest(
    deployed: DeployedStack, steps: Sequence[timedelta], search: _Search, names: Iterable[str], now: datetime
) -> _Found:
    """Go back step by step until every source has its line, or nothing older is read."""
    found, missing, until = _Found(now), set(names), now
    for step in steps:
        if not missing:
            break
        start = now - step
        pages = _pages(deployed, search, missing, start, until)
        for page in islice(pages, PAGES):
            found.lines |= {name: dated for name, dated in _lines(page, search) if name in missing}
        if next(pages, None) is not None:
            break
        missing -= set(found.lines)
        found.since = until = start
    return found


def _pages(
    deployed: DeployedStack, search: _Search, names: Iterable[str], start: datetime, until: datetime
) -> Iterator[Mapping[str, Any]]:
    pages = (
        deployed.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=f"/aws/lambda/{deployed.output(search.function)}",
            startTime=_milliseconds(start),
            endTime=_milliseconds(until),
            filterPattern=search.pattern(names),
        )
    )
    return iter(pages)


def _lines(page: Mapping[str, Any], search: _Search) -> Iterator[tuple[str, _Dated]]:
    """Yield the lines by source, oldest first, as the log has them."""
    for event in page["events"]:
        line = parsed_line(event["message"])
        if search.fits(line):
            yield str(line.get("source")), (datetime.fromtimestamp(event["timestamp"] / 1000, UTC), line)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def parsed_line(message: str) -> Mapping[str, Any]:
    """Return the fields of a log line; none where it is no JSON object."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
