"""Review clicks that nobody confirmed: a clean one becomes an answer, any other gets a label that says why not.

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
"""Invitations reviewed per run, those that wait longest first, so that a great backlog cannot outlast the function."""


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
        clicks = _clicks(invitation, integrity) if invitation else []
        settled = [click for click in clicks if click.visit.at + integrity.settling < now]
        reviewed = _reviewed(invitation, settled, day_of) if invitation and settled else invitation
        if reviewed and reviewed != invitation:
            if not reviews.store_review(reviewed):
                continue  # confirmed or visited in this very moment: the mark stays, the next run reads again
            answers += not reviewed.label
            labelled.update(map(Signal, reviewed.label.split()))
        # Only now: a crash before this line leaves the mark, and the next run finds everything done.
        done += len(settled) == len(clicks) and reviews.clear(mark)
    return ReviewRun(answers, labelled, len(marks) - done)


def _clicks(invitation: Invitation, integrity: Integrity) -> list[JudgedClick]:
    """Return the clicks that can become the answer, judged; none where an answer was confirmed."""
    if invitation.answer and invitation.answer.confirmed:
        return []
    return [
        click
        for click in judge(invitation.visits, invitation.delivered_at, integrity)
        if invitation.answerable(click.visit.at) and click.visit.rating in invitation.scale.ratings
    ]


def _reviewed(invitation: Invitation, clicks: list[JudgedClick], day_of: Callable[[datetime], str]) -> Invitation:
    """Return the invitation with the newest click without signals as its answer, or with the newest one's signals.

    An answer stays an answer, whatever signals later clicks have.
    """
    clean = [click.visit for click in clicks if not click.signals]
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
