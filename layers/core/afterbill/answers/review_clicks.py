"""Review clicks that nobody confirmed: a clean one becomes an answer, any other gets a label that says why not.

Where visits crowd an invitation, its review makes room: those by which no later click can be judged are no longer kept.
Safe to kill at any point and to repeat: marks are removed a hundred invitations at a time, once these are done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from afterbill.answers.click_signals import JudgedClick, Signal, judge
from afterbill.answers.ports import ClickReviews, ReviewMark
from afterbill.answers.visit_room import make_room
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.visits import NOTED, CondensedVisits, Integrity, codes_of, crowded, visits_of

_TOGETHER = 100
"""Invitations that are read together, and whose marks are then removed together."""
MOST_TOLD = 20
"""Items that cannot be read and that a run names; it counts all."""
_LATER = timedelta(hours=1)
"""The time after which an invitation that cannot be read is tried again: by a version that can, it is hoped."""
_CLOCKS = timedelta(seconds=1)
"""How far the clocks of two functions may be apart: a click may be dated after the mark it caused."""
_MOST_CONDENSED = 10
"""Lines about visits that are no longer kept; the oldest two become one."""


@dataclass(slots=True)
class ReviewRun:
    """One run: answers stored, invitations labelled by each signal, and what is left for later runs.

    `waiting` invitations have to be looked at again, `unreadable` are marks and invitations that could not be read, of
    which some are `told`; what was not begun is not `finished`.
    """

    answers: int = 0
    labelled: Counter[Signal] = field(default_factory=Counter)
    waiting: int = 0
    unreadable: int = 0
    finished: bool = True
    told: list[str] = field(default_factory=list)

    def pass_over(self, error: UnreadableError) -> None:
        """Count what cannot be read, and tell of it while there are few."""
        self.unreadable += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(str(error))


@dataclass(frozen=True, slots=True)
class _Review:
    """A run's table, rules, moment and calendar."""

    reviews: ClickReviews
    integrity: Integrity
    now: datetime
    day_of: Callable[[datetime], str]
    run: ReviewRun = field(default_factory=ReviewRun)


def review_clicks(
    reviews: ClickReviews,
    integrity: Integrity,
    now: datetime,
    day_of: Callable[[datetime], str],
    goes_on: Callable[[], bool] = lambda: True,
) -> ReviewRun:
    """Review the clicks older than `settling`, the oldest first, while `goes_on`; newer ones keep their mark.

    `day_of` gives the operator's local day. What has to wait is marked anew, behind all others: it cannot keep a run
    from what comes after it. So is what cannot be read, for an hour.
    """
    review = _Review(reviews, integrity, now, day_of)
    for marks in _together(reviews.marks(now - integrity.settling), review.run):
        if not goes_on():
            review.run.finished = False
            break
        _review_together(marks, review)
    return review.run


def _together(marks: Iterable[ReviewMark | UnreadableError], run: ReviewRun) -> Iterator[Sequence[ReviewMark]]:
    """Yield marks of so many invitations as are read together; a mark of more stands alone."""
    some: list[ReviewMark] = []
    for mark in marks:
        if isinstance(mark, UnreadableError):
            run.pass_over(mark)
            continue
        if some and sum(len(one.invitation_ids) for one in (*some, mark)) > _TOGETHER:
            yield some
            some = []
        some.append(mark)
    if some:
        yield some


def _review_together(marks: Sequence[ReviewMark], review: _Review) -> None:
    """Review the invitations of these marks, and remove the marks."""
    marked_at = {id_: mark.marked_at for mark in marks for id_ in mark.invitation_ids}
    waiting, unreadable = list[str](), list[str]()
    for ids in _slices(sorted(marked_at)):
        found = review.reviews.read_invitations(ids)
        for id_, invitation in sorted(found.items()):
            if isinstance(invitation, UnreadableError):
                unreadable.append(id_)
                review.run.pass_over(invitation)
            elif not _done(invitation, marked_at[id_], review):
                waiting.append(id_)
    # Before the marks are removed: a crash in between leaves one mark too many, never one too few.
    for left, at in ((waiting, review.now), (unreadable, review.now + _LATER)):
        if left:
            review.reviews.mark_for_review(left, at)
    review.run.waiting += len(waiting)
    review.reviews.clear(marks)


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER))


def _done(invitation: Invitation, marked_at: datetime, review: _Review) -> bool:
    """Store what the settled clicks of the invitation say; False where it has to be looked at again."""
    if invitation.answer and invitation.answer.confirmed:
        return True
    now, integrity = review.now, review.integrity
    clicks = _clicks(invitation, integrity)
    settled = [click for click in clicks if click.visit.at + integrity.settling < now]
    reviewed = _roomier(_reviewed(invitation, settled, review.day_of), settled, now, integrity)
    if reviewed != invitation:
        if not review.reviews.store_review(reviewed, invitation):
            return False  # confirmed or visited in this very moment
        review.run.answers += reviewed.answer != invitation.answer
        labels = reviewed.label.split() if reviewed.label != invitation.label else ()
        review.run.labelled.update(map(Signal, labels))
    # A click that came later has a mark of its own.
    early = any(click.visit.at <= marked_at + _CLOCKS for click in clicks if click not in settled)
    return not early and not _crowded(reviewed)


def _clicks(invitation: Invitation, integrity: Integrity) -> list[JudgedClick]:
    """Return the clicks that can become the answer, judged, without those that were decided when room was made."""
    decided = [one.until for one in invitation.condensed[-1:]]
    return [
        click
        for click in judge(invitation.visits, invitation.delivered_at, integrity)
        if all(click.visit.at >= until for until in decided)
        and invitation.answerable(click.visit.at)
        and click.visit.rating in invitation.scale.ratings
    ]


def _reviewed(invitation: Invitation, clicks: list[JudgedClick], day_of: Callable[[datetime], str]) -> Invitation:
    """Return the invitation with the newest click without signals as its answer, or with the newest one's signals.

    An answer stays an answer, whatever signals later clicks have.
    """
    clean = [click.visit for click in clicks if not click.signals]
    if not clicks:
        return invitation
    if not clean:
        return invitation if invitation.answer else replace(invitation, label=" ".join(clicks[-1].signals))
    newest = clean[-1]
    return replace(
        invitation,
        answer=Answer(newest.rating or 0, confirmed=False),
        answered_at=invitation.answered_at or newest.at,
        answered_day=invitation.answered_day or day_of(newest.at),
        label="",
    )


def _crowded(invitation: Invitation) -> bool:
    return crowded([len(some) for some in codes_of(invitation.visits).values()])


def _roomier(invitation: Invitation, settled: list[JudgedClick], now: datetime, integrity: Integrity) -> Invitation:
    """Return the invitation with room among its visits, where they crowd it and some are no longer needed."""
    if not _crowded(invitation):
        return invitation
    people = {click.visit.program for click in settled if not click.signals}
    kept, gone = make_room(invitation.visits, people, now, integrity)
    if not gone:
        return invitation
    used = [visit for visit in gone if visit.kind not in NOTED]
    signals = dict.fromkeys(signal for click in settled if click.visit in set(used) for signal in click.signals)
    programs = {visit.program for visit in used}
    line = CondensedVisits(gone[0].at, now - integrity.settling, len(used), len(programs), " ".join(signals))
    return replace(invitation, visits=visits_of(codes_of(kept)), condensed=_with(line, invitation.condensed))


def _with(line: CondensedVisits, lines: Sequence[CondensedVisits]) -> tuple[CondensedVisits, ...]:
    """Return the lines with one more; a line about notes alone joins the newest, and the oldest two join if need be."""
    if lines and not line.visits:
        return (*lines[:-1], lines[-1] + line)
    first, *others = [*lines, line]
    return (first + others[0], *others[1:]) if len(others) >= _MOST_CONDENSED else (first, *others)
