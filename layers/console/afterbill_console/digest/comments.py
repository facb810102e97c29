"""Words of customers for mails: one line each, without signs that change what stands around it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from afterbill.answers.read_responses import Days, ReadDeps, Selection, pages
from afterbill.content.untrusted import one_line
from afterbill.insight.periods import Window
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Category, Question, scale_of

LONGEST = 280
"""Characters of a comment in a mail; the console shows all of it."""
MOST_SHOWN = 5
MOST_READ = 500
"""Answers of a period that are looked through; where there are more, no comment rate is said."""
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Comment:
    """An answer with words. `text` is one line; `position` is 0 for the lowest rating of its scale, 1 for the best."""

    id: str
    customer_id: str
    rating: int
    highest: int
    position: float
    category: Category
    touchpoint: str
    day: date
    answered_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a period: a few comments, and how many of the answers to the recommendation have one.

    `rate` is None where nobody answered, or too many to look at each. `answers` are those to any question that were
    looked at.
    """

    answers: int = 0
    comments: tuple[Comment, ...] = ()
    rate: float | None = None


def words_of(window: Window, deps: ReadDeps) -> Words:
    """Return the words of a period: low ratings first, the newest of the same rating first."""
    days = Days(window.first, window.last)
    answers, rest = list[Invitation](), True
    for page in islice(pages(days, Selection(), deps), _MOST_PAGES):
        answers += page.responses
        rest = page.next is not None
        if len(answers) >= MOST_READ:
            break
    return Words(len(answers), _lowest(answers), None if rest else _rate(answers))


def comment_of(response: Invitation) -> Comment | None:
    """Return the words of an answer; None where it has none, or may hold none any more."""
    answer, at = response.answer, response.answered_at
    text = one_line(answer.comment, LONGEST) if answer else ""
    if answer is None or at is None or not text:
        return None
    scale = scale_of(response.question)
    return Comment(
        response.id,
        response.customer_id,
        answer.rating,
        scale.highest,
        (answer.rating - scale.lowest) / (scale.highest - scale.lowest),
        scale.category(answer.rating),
        response.touchpoint,
        date.fromisoformat(response.answered_day),
        at,
        text,
    )


def is_low(response: Invitation) -> bool:
    """Return whether an answer is a bad one, on the scale of its question."""
    answer = response.answer
    return answer is not None and scale_of(response.question).category(answer.rating) is Category.DETRACTOR


def _lowest(answers: Iterable[Invitation]) -> tuple[Comment, ...]:
    found = [comment for one in answers if (comment := comment_of(one))]
    newest_first = sorted(found, key=lambda one: one.answered_at, reverse=True)
    return tuple(sorted(newest_first, key=lambda one: one.position)[:MOST_SHOWN])


def _rate(answers: Iterable[Invitation]) -> float | None:
    counted = [one for one in answers if one.question is Question.NPS]
    return sum(comment_of(one) is not None for one in counted) / len(counted) if counted else None
