"""Review clicks that nobody confirmed: a clean one becomes an answer, any other gets a label that says why not.

Where visits crowd an invitation, its review makes room: those by which no later click can be judged are no longer kept.
Safe to kill at any point and to repeat.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.click_signals import JudgedClick, Signal, judge
from afterbill.answers.ports import ClickReviews
from afterbill.answers.visit_room import make_room
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.visits import NOTED, CondensedVisits, Integrity, codes_of, crowded, visits_of

MOST_REVIEWED = 1000
"""Invitations reviewed per run, those that wait longest first, so that a great backlog cannot outlast the function."""
_MOST_CONDENSED = 10
"""Lines about visits that are no longer kept; the oldest two become one."""


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """One run: answers stored, invitations labelled by each signal, invitations left for the next run."""

    answers: int = 0
    labelled: Counter[Signal] = field(default_factory=Counter)
    waiting: int = 0


def review_clicks(
    reviews: ClickReviews, integrity: Integrity, now: datetime, day_of: Callable[[datetime], str]
) -> ReviewRun:
    """Review the clicks older than `settling`; newer ones keep their mark. `day_of` gives the operator's local day."""
    marks = sorted(reviews.marks(), key=lambda mark: (mark.marked_at, mark.invitation_id))
    ripe = [mark for mark in marks if mark.marked_at + integrity.settling < now][:MOST_REVIEWED]
    answers, done, labelled = 0, 0, Counter[Signal]()
    for mark in ripe:
        invitation = reviews.invitation(mark.invitation_id)
        if invitation is None or (invitation.answer and invitation.answer.confirmed):
            done += reviews.clear(mark)
            continue
        clicks = _clicks(invitation, integrity)
        settled = [click for click in clicks if click.visit.at + integrity.settling < now]
        reviewed = _roomier(_reviewed(invitation, settled, day_of), settled, now, integrity)
        if reviewed != invitation:
            if not reviews.store_review(reviewed, invitation):
                continue  # confirmed or visited in this very moment: the mark stays, the next run reads again
            answers += reviewed.answer != invitation.answer
            labelled.update(map(Signal, reviewed.label.split()) if reviewed.label != invitation.label else ())
        # Only now: a crash before this line leaves the mark, and the next run finds everything done.
        waits = len(settled) < len(clicks) or _crowded(reviewed)
        done += not waits and reviews.clear(mark)
    return ReviewRun(answers, labelled, len(marks) - done)


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
