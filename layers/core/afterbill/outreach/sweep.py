"""Find overdue work in the table, whatever timers and queues lost."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.model.channels import Channel
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import RETENTION, Invitation, SkipReason, State
from afterbill.outreach.ports import AGAIN, Place, SendQueue, SweepProgress, Sweeps

OVERDUE_AFTER = timedelta(minutes=20)
"""Counted from the end of the flexible window: enough for a message to wait in the queue and to be tried again."""

CLAIM_LOST_AFTER = timedelta(minutes=15)
"""A sender that has not marked its claim by then is gone: it ends after a minute at most."""

UNKNOWN_FAILED_AFTER = timedelta(hours=24)
"""SES reports a sent mail within minutes; after a day without a word it did not go out."""

TOGETHER = 100
"""Invitations read in one call."""

MOST_WAITING = 1000
"""With more messages in the send queue nothing is queued again: most of what is overdue waits there itself."""

MOST_ASIDE = 100
"""Invitations that cannot be read and do not hold up the next pass: one call reads them."""

MOST_TOLD = 20
"""Items that cannot be read and that a run names; it counts all."""

_FIRST_LOOK_BACK = timedelta(hours=48)
_INDEX_LAG = timedelta(hours=1)
"""Far more than an index is behind its table: a pass begins so much before the end of the last one."""

_STORED_AFTER = 50
"""A run stores its place once in so many batches, so that one that is killed has not worked for nothing."""

_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
"""The time zones that are farthest from UTC: a day under which a moment may stand lies in between."""


class Finding(StrEnum):
    """The sweep's finding about one invitation."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    CONFIRMED_SENT = "confirmed_sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SweepDeps:
    """The dependencies of sweeping; `window` is the timer's flexible one, `day_of` gives the operator's local day.

    Invitations are `kept` for this long.
    """

    sweeps: Sweeps
    queue: SendQueue
    window: timedelta
    day_of: Callable[[datetime], str]
    kept: timedelta = RETENTION


@dataclass(slots=True)
class Swept:
    """One run: what it found how often, and for some of the items that cannot be read, which and why."""

    found: Counter[Finding] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def pass_over(self, error: UnreadableError) -> None:
        """Tell of an item, while there are few."""
        if len(self.unreadable) < MOST_TOLD:
            self.unreadable.append(str(error))


def sweep(deps: SweepDeps, now: datetime, *, paused: bool = False, goes_on: Callable[[], bool] = lambda: True) -> Swept:
    """Queue overdue surveys, mark lost claims as unknown, close unknown ones after a day as failed.

    A pass looks at everything that was ready a while ago and has not gone out. Where `goes_on` says False the run
    stores its place, and the next run goes on behind it. The pass after that begins at the first invitation that was
    left open. What cannot be read is remembered instead, for it may stay so for long, and looked at in every pass.
    While all sending is paused, due surveys go round in the queue by themselves: with every sweep their messages
    would become more. So they would where the send queue is long: then overdue surveys are only counted.
    """
    run = _Run(deps, now, paused, crowded=deps.queue.waiting() > MOST_WAITING)
    progress = run.begun()
    for number, (places, end) in enumerate(_batches(deps.sweeps, progress)):
        stops = number > 0 and not goes_on()
        if stops or number % _STORED_AFTER == _STORED_AFTER - 1:
            deps.sweeps.store_sweep_progress(progress)
        if stops:
            return run.swept
        progress = replace(run.looked_after(places, progress), place=end)
    # What was stored a moment ago may not be in the index yet.
    seen = max(progress.since, progress.until - _INDEX_LAG)
    since = min(progress.first_open or seen, seen)
    deps.sweeps.store_sweep_progress(SweepProgress(since, progress.until, unreadable=progress.unreadable))
    return run.swept


@dataclass(frozen=True, slots=True)
class _Run:
    """A run's dependencies, moment and findings."""

    deps: SweepDeps
    now: datetime
    paused: bool
    crowded: bool
    swept: Swept = field(default_factory=Swept)

    def begun(self) -> SweepProgress:
        """Return the pass to go on with, or a new one, which looks again at what could not be read."""
        until = self.now - max(CLAIM_LOST_AFTER, self.deps.window)
        progress = self._stored(until)
        if progress.place:
            return progress
        new = SweepProgress(progress.since, max(until, progress.since))
        return self.looked_after(progress.unreadable, new)

    def _stored(self, until: datetime) -> SweepProgress:
        """Return the progress; the very first is stored, for it must not move while sweeps fail.

        Where it cannot be read, everything that the table still holds is looked at again.
        """
        look_back = _FIRST_LOOK_BACK
        try:
            progress = self.deps.sweeps.sweep_progress()
        except UnreadableError as error:
            self.swept.found[Finding.UNREADABLE] += 1
            self.swept.pass_over(error)
            progress, look_back = None, self.deps.kept
        if progress is None:
            progress = SweepProgress(until - look_back, until)
            self.deps.sweeps.store_sweep_progress(progress)
        return progress

    def looked_after(self, places: Sequence[Place], progress: SweepProgress) -> SweepProgress:
        """Return the progress once these places have been looked after."""
        new = [place for place in places if place not in progress.unreadable]
        found = _look_after_all(new, self)
        self.swept.found.update(found.values())
        bad = [place for place in new if found.get(place.id) is Finding.UNREADABLE]
        aside = (*progress.unreadable, *bad)[:MOST_ASIDE]
        left = [place.ready_at for place in new if place.id in found and place not in aside]
        first = min([*left, *filter(None, [progress.first_open])], default=None)
        return replace(progress, first_open=first, unreadable=aside)


def _batches(sweeps: Sweeps, progress: SweepProgress) -> Iterator[tuple[Sequence[Place], Place]]:
    """Yield what is left of the pass in batches, each with its end; a page without anything is a batch too."""
    for day in _days(progress):
        after = progress.place if progress.place and progress.place.day == day else None
        while True:
            page = sweeps.not_sent(day, progress.since, progress.until, after)
            for start in range(0, len(page.places), TOGETHER):
                batch = page.places[start : start + TOGETHER]
                yield batch, batch[-1]
            after = page.end
            if after is None:
                break
            yield (), after


def _days(progress: SweepProgress) -> Iterator[str]:
    """Yield the days under which something of the pass may stand, in any time zone, from its place on."""
    day, last = (progress.since - _WEST).date(), (progress.until + _EAST).date()
    begin = progress.place.day if progress.place else ""
    while day <= last:
        if day.isoformat() >= begin:
            yield day.isoformat()
        day += timedelta(days=1)


def _look_after_all(places: Sequence[Place], run: _Run) -> Mapping[str, Finding]:
    """Return the findings by id; the index lags behind the table, so some are gone, sent or closed by now."""
    stored = run.deps.sweeps.read_invitations([place.id for place in places]) if places else {}
    found: dict[str, Finding] = {}
    overdue: list[tuple[str, int]] = []
    for id_, one in stored.items():
        if isinstance(one, UnreadableError):
            run.swept.pass_over(one)
            found[id_] = Finding.UNREADABLE
        elif one.state not in {State.SENT, State.CLOSED}:
            stays = run.paused and one.state is State.PENDING
            found[id_] = Finding.WAITING if stays else _look_after(one, run.deps, run.now)
            if found[id_] is Finding.OVERDUE:
                overdue.append((id_, AGAIN))
    if overdue and not run.crowded:
        run.deps.queue.put_all(overdue)
    return found


def _look_after(invitation: Invitation, deps: SweepDeps, now: datetime) -> Finding:
    claimed_at = invitation.claimed_at or invitation.due_at
    if invitation.state is State.PENDING:
        overdue = now > invitation.ready_at + deps.window + OVERDUE_AFTER
        return Finding.OVERDUE if overdue else Finding.WAITING
    lost = invitation.state is State.SENDING and now > claimed_at + CLAIM_LOST_AFTER
    if lost:
        # Its sender may have died before it set the timer of what follows; before the state tells that it was found.
        deps.queue.put(invitation.id, invitation.delivery_number, timedelta(0))
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
