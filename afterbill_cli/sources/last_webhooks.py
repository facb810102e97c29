"""The newest accepted and the newest refused webhook of each source, as the logs of the functions have them.

No metric names a source, since each would cost money every month, and receive_webhook writes nothing but the inbox. So
the logs are read backwards in growing steps; what is found ends the search, and a busy source is found in the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from afterbill.connectors import registry
from afterbill.model.webhooks import Source
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources.event_log import parsed_line
from afterbill_cli.sources.refusals import NOT_WEBHOOKS

STEPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
PAGES = 20
"""Pages of the log for each step: a log that is longer ends the search."""
_HANDSHAKE = timedelta(minutes=10)
_LONGEST_PATTERN = 1024


@dataclass(frozen=True, slots=True)
class LastWebhooks:
    """The newest webhooks of one source, without tests by the operator; none before `since` was looked for."""

    since: datetime
    accepted_at: datetime | None = None
    refused_at: datetime | None = None
    #: why the newest refused one was refused
    refusal: str = ""

    def accepted(self, now: datetime) -> str:
        """Return how long ago one was accepted; empty where none was found."""
        return ago(now - self.accepted_at) if self.accepted_at else ""

    def refused(self, now: datetime) -> str:
        """Return how long ago one was refused, and why; empty where none was found."""
        return f"{ago(now - self.refused_at)} ({self.refusal})" if self.refused_at else ""

    @property
    def newest_refused(self) -> bool:
        """Tell whether the newest webhook was refused, and none in the minutes before accepted; anybody can cause it.

        Xero signs some requests wrong on purpose when a webhook is set up, and others right.
        """
        if self.refused_at is None or self.accepted_at is None:
            return self.refused_at is not None
        return self.refused_at - self.accepted_at > _HANDSHAKE


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
"""What is not signed may be anybody's."""
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


def ago(period: timedelta) -> str:
    """A period in its largest unit."""
    minutes = int(period.total_seconds()) // 60
    for unit, length in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if count := minutes // length:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def last_webhooks(deployed: Deployed, sources: Iterable[Source], now: datetime) -> dict[str, LastWebhooks]:
    """Return what each source sent last; one that is polled sends nothing and is left out.

    Where only the billing system can tell what is genuine, a webhook counts as accepted once an event was captured.
    Unsigned ones count as refused where nothing else came: a billing system that was not told to sign.
    """
    received: list[str] = []
    confirmed: list[str] = []
    for source in sources:
        provider = registry.load(source.provider)
        if provider.poller is None:
            (confirmed if provider.confirm else received).append(source.name)
    accepted, refused = _newest(deployed, _ACCEPTED, received, now), _newest(deployed, _REFUSED, received, now)
    refused.lines |= _newest(deployed, _BARE, set(received) - set(accepted.lines) - set(refused.lines), now).lines
    captured, disowned = _newest(deployed, _CAPTURED, confirmed, now), _newest(deployed, _DISOWNED, confirmed, now)
    return {name: _last(name, accepted, refused) for name in received} | {
        name: _last(name, captured, disowned) for name in confirmed
    }


def _last(name: str, accepted: _Found, refused: _Found) -> LastWebhooks:
    _, line = refused.lines.get(name, (None, {}))
    refusal = line.get("reason") or line.get("outcome", "")
    return LastWebhooks(accepted.since, accepted.at(name), refused.at(name), refusal)


def _newest(deployed: Deployed, search: _Search, names: Iterable[str], now: datetime) -> _Found:
    """Go back step by step until every source has its line, or nothing older is read."""
    found, missing, until = _Found(now), set(names), now
    for step in STEPS:
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
    deployed: Deployed, search: _Search, names: Iterable[str], start: datetime, until: datetime
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
