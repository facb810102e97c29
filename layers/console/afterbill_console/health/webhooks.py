"""Checks of the webhooks that sources send: accepted, refused, or none at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.model.webhooks import Refusal, Source
from afterbill_console.health.findings import Finding, Findings, fail, ok, unknown, warn
from afterbill_console.health.refusals import remedy

SILENCE = timedelta(days=7)
_STILL_ACCEPTED = timedelta(days=1)
"""So long after an accepted webhook, a refused one proves nothing: anybody can send one with a wrong signature."""
_HANDSHAKE = timedelta(minutes=10)


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


def ago(period: timedelta) -> str:
    """A period in its largest unit."""
    minutes = int(period.total_seconds()) // 60
    for unit, length in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if count := minutes // length:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def judged(last: Mapping[str, LastWebhooks], sources: Mapping[str, Source], now: datetime) -> Findings:
    """Tell what each source sent last: whether it is refused, has fallen silent, or was never heard."""
    for name, one in last.items():
        if one.newest_refused:
            yield _refused(sources[name], one, now)
        elif one.accepted_at:
            yield _heard(name, one, silent=now - one.accepted_at, now=now)
    yield from _never({name: now - one.since for name, one in last.items() if not (one.accepted_at or one.refused_at)})
    if not last:
        yield ok("no source sends webhooks")


def _refused(source: Source, last: LastWebhooks, now: datetime) -> Finding:
    """Fail only where the signature is wrong and none was right for a day; all else may be anybody's."""
    accepted = last.accepted(now)
    before = f"the last accepted one came {accepted}" if accepted else "none was accepted"
    text = f"{source.name}: the newest webhook was refused {last.refused(now)}, {before}"
    lately = last.accepted_at is not None and now - last.accepted_at <= _STILL_ACCEPTED
    wrong = last.refusal == Refusal.MISMATCH and not lately
    code = "refused_all" if wrong else "refused"
    return (fail if wrong else warn)(text, remedy(source, last.refusal), code, source=source.name, refusal=last.refusal)


def _heard(name: str, last: LastWebhooks, *, silent: timedelta, now: datetime) -> Finding:
    refused = last.refused(now)
    text = f"{name}: the newest webhook was accepted {last.accepted(now)}"
    text += f", one was refused {refused}" if refused else ""
    if silent > SILENCE:
        asked = "does the billing system still send to this address?"
        return warn(f"{text}: silent since", asked, "silent", source=name, n=silent.days)
    return ok(text)


def _never(read: Mapping[str, timedelta]) -> Findings:
    """Tell of sources of which nothing was found in the periods that were read."""
    if unread := [name for name, period in read.items() if period < SILENCE]:
        yield unknown(
            f"the log is too long to tell when these sent their last webhook: {', '.join(unread)}",
            "look into the log of receive_webhook by hand",
            "log_too_long",
            sources=", ".join(unread),
        )
    elif read:
        yield warn(
            f"no webhook came in {max(read.values()).days} days: {', '.join(read)}",
            "register the address with the billing system: `afterbill source add`; or none was due",
            "never_heard",
            sources=", ".join(read),
            n=max(read.values()).days,
        )


def merged(before: LastWebhooks, since: LastWebhooks) -> LastWebhooks:
    """Return what came last, of what was known and what came since then."""
    newer = since.refused_at is not None
    return replace(
        before,
        accepted_at=since.accepted_at or before.accepted_at,
        refused_at=since.refused_at if newer else before.refused_at,
        refusal=since.refusal if newer else before.refusal,
    )
