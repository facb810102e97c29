"""Find overdue work in the table, whatever timers and queues lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.model.channels import Channel
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.outreach.ports import SendQueue, Sweeps

OVERDUE_AFTER = timedelta(minutes=20)
"""Counted from the end of the flexible window: enough for a message to wait in the queue and to be tried again."""

CLAIM_LOST_AFTER = timedelta(minutes=15)
"""A sender that has not marked its claim by then is gone: it ends after a minute at most."""

UNKNOWN_FAILED_AFTER = timedelta(hours=24)
"""SES reports a sent mail within minutes; after a day without a word it did not go out."""

_FIRST_LOOK_BACK = timedelta(hours=48)


class Finding(StrEnum):
    """The sweep's finding about one invitation."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    CONFIRMED_SENT = "confirmed_sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SweepDeps:
    """The dependencies of sweeping; `window` is the timer's flexible one, `day_of` gives the operator's local day."""

    sweeps: Sweeps
    queue: SendQueue
    window: timedelta
    day_of: Callable[[datetime], str]


def sweep(deps: SweepDeps, now: datetime, *, paused: bool = False) -> Counter[Finding]:
    """Queue overdue surveys, mark lost claims as unknown, close unknown ones after a day as failed.

    The next sweep starts at the first hour that still holds something. While all sending is paused, due surveys go
    round in the queue by themselves: with every sweep their messages would become more.
    """
    findings: Counter[Finding] = Counter()
    first_open: str | None = None
    sweeps = deps.sweeps
    for hour in _hours(sweeps.swept_until() or _begin(sweeps, now), now):
        for invitation_id in sweeps.not_sent(hour):
            invitation = sweeps.invitation(invitation_id)
            if invitation is None or invitation.state in {State.SENT, State.CLOSED}:
                continue  # the index lags behind the table
            stays = paused and invitation.state is State.PENDING
            findings[Finding.WAITING if stays else _look_after(invitation, deps, now)] += 1
            first_open = first_open or hour
    # Never past the hour before: what was stored a moment ago may not be in the index yet.
    last_settled = _hour(now - timedelta(hours=1))
    sweeps.set_swept_until(min(first_open or last_settled, last_settled))
    return findings


def _look_after(invitation: Invitation, deps: SweepDeps, now: datetime) -> Finding:
    claimed_at = invitation.claimed_at or invitation.due_at
    if invitation.state is State.PENDING and now > invitation.ready_at + deps.window + OVERDUE_AFTER:
        deps.queue.put(invitation.id, invitation.delivery_number, timedelta(0))
        return Finding.OVERDUE
    lost = invitation.state is State.SENDING and now > claimed_at + CLAIM_LOST_AFTER
    if _went_out(invitation, lost=lost):
        deps.sweeps.confirm_sent(invitation, invitation.message_id, claimed_at, invitation.day(deps.day_of(claimed_at)))
        return Finding.CONFIRMED_SENT
    if lost:
        deps.sweeps.mark_unknown(invitation)
        return Finding.UNKNOWN
    if invitation.state is State.UNKNOWN:
        if now <= claimed_at + UNKNOWN_FAILED_AFTER:
            return Finding.UNKNOWN
        deps.sweeps.close(replace(invitation, closed_at=now), SkipReason.FAILED)
        return Finding.FAILED
    return Finding.WAITING


def _went_out(invitation: Invitation, *, lost: bool) -> bool:
    """Return whether it went out: an answer or a visit proves it, and inside the product its claim."""
    visited = invitation.visits or invitation.condensed
    proven = bool(invitation.answer or visited) and invitation.state in {State.SENDING, State.UNKNOWN}
    return proven or (lost and invitation.channel == Channel.IN_APP)


def _begin(sweeps: Sweeps, now: datetime) -> str:
    """Return the first hour of the very first sweep, and store it: it must not move while sweeps fail."""
    since = _hour(now - _FIRST_LOOK_BACK)
    sweeps.set_swept_until(since)
    return since


def _hours(since: str, now: datetime) -> Iterator[str]:
    at = datetime.fromisoformat(f"{since}:00:00+00:00")
    while at <= now:
        yield _hour(at)
        at += timedelta(hours=1)


def _hour(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H")
