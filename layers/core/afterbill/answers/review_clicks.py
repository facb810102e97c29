"""Judge what was tapped and not confirmed: a clean tap becomes an answer, any other says why it is none.

Safe to kill at any point and to repeat.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.answers.click_signals import JudgedClick, Signal, judge
from afterbill.answers.ports import ClickReviews
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.visits import Integrity

MOST_REVIEWED = 1000
"""Invitations judged per run, those that wait longest first, so that a great backlog cannot outlast the function."""


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """One run: answers stored, invitations labelled by each signal, invitations left for the next run."""

    answers: int = 0
    labelled: Counter[Signal] = field(default_factory=Counter)
    waiting: int = 0


def review_clicks(
    reviews: ClickReviews, integrity: Integrity, now: datetime, day_of: Callable[[datetime], str]
) -> ReviewRun:
    """Judge the taps older than `reviews`; newer ones keep their mark. `day_of` gives the operator's local day."""
    marks = sorted(reviews.marks(), key=lambda mark: (mark.marked_at, mark.invitation_id))
    ripe = [mark for mark in marks if mark.marked_at + integrity.settling < now][:MOST_REVIEWED]
    answers, done, labelled = 0, 0, Counter[Signal]()
    for mark in ripe:
        read = reviews.invitation(mark.invitation_id)
        taps = _taps(read, integrity) if read else []
        judged = [tap for tap in taps if tap.visit.at + integrity.settling < now]
        told = _told(read, judged, day_of) if read and judged else read
        if told and told != read:
            if not reviews.store_review(told):
                continue  # confirmed or visited in this very moment: the mark stays, the next run reads again
            answers += not told.label
            labelled.update(map(Signal, told.label.split()))
        # Only now: a crash before this line leaves the mark, and the next run finds everything done.
        done += len(judged) == len(taps) and reviews.clear(mark)
    return ReviewRun(answers, labelled, len(marks) - done)


def _taps(invitation: Invitation, integrity: Integrity) -> list[JudgedClick]:
    """The taps that can become the answer, judged; none where one was confirmed."""
    if invitation.answer and invitation.answer.confirmed:
        return []
    return [
        tap
        for tap in judge(invitation.visits, invitation.delivered_at, integrity)
        if invitation.answerable(tap.visit.at) and tap.visit.rating in invitation.scale.ratings
    ]


def _told(invitation: Invitation, judged: list[JudgedClick], day_of: Callable[[datetime], str]) -> Invitation:
    """What the taps come to: the newest that nothing speaks against, or why the newest is no answer.

    What was an answer once stays one, whatever is found about later taps.
    """
    clean = [tap.visit for tap in judged if not tap.signals]
    if not clean:
        return invitation if invitation.answer else replace(invitation, label=" ".join(judged[-1].signals))
    newest = clean[-1]
    return replace(
        invitation,
        answer=Answer(newest.rating or 0, confirmed=False),
        answered_at=invitation.answered_at or newest.at,
        answered_day=invitation.answered_day or day_of(newest.at),
        label="",
    )
