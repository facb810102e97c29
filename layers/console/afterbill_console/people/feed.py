"""The feed of answers, page by page: one query of the index and one batch, however many answers there are.

Days with few answers cost a query each, at most MOST_QUERIES for a page.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from afterbill.answers.read_responses import Brief, Place
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill_console.people.asked import Wanted
from afterbill_console.people.handling import Handled
from afterbill_console.people.ports import MOST_READ, Answers, FeedPart

MOST = 50
"""Answers of one page."""
MOST_QUERIES = 31
"""Days, and parts of days, that are looked through for one page: a month in which hardly anybody answered."""


@dataclass
class FeedPage:
    """Some answers, the newest first; `next` is where the page behind begins, None where nothing is left.

    `left_out` counts answers of restricted customers; `unreadable` those that this version cannot read.
    """

    answers: list[Handled] = field(default_factory=list)
    next: Place | None = None
    left_out: int = 0
    unreadable: int = 0

    @property
    def short(self) -> bool:
        """True where it came to an end of its time, and neither of its room nor of the days."""
        return self.next is not None and len(self.answers) < MOST


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that the index would take, and the place behind it."""

    brief: Brief
    behind: Place


def read_feed(wanted: Wanted, answers: Answers, shown: Callable[[Invitation], Invitation]) -> FeedPage:
    """Read the page; `shown` is what may be shown of an answer, and only that is searched."""
    candidates, rest = _candidates(wanted, answers, MOST_READ if wanted.thorough else MOST)
    page = FeedPage(next=rest)
    if not candidates:
        return page
    part = answers.read([one.brief.id for one in candidates])
    for number, candidate in enumerate(candidates, 1):
        _take(page, part, candidate.brief.id, wanted, shown)
        if len(page.answers) == MOST and number < len(candidates):
            page.next = candidate.behind
            break
    return page


def _candidates(wanted: Wanted, answers: Answers, most: int) -> tuple[list[Candidate], Place | None]:
    """Return the next answers that the index would take, and the place behind all that was looked through."""
    found: list[Candidate] = []
    here: Place | None = wanted.place
    for _ in range(MOST_QUERIES):
        if here is None or len(found) >= most:
            break
        briefs, more = answers.answered(here, newest_first=True)
        fitting = list(_fitting(briefs, here, wanted))
        if len(found) + len(fitting) > most:
            found += fitting[: most - len(found)]
            return found, found[-1].behind
        found += fitting
        here = Place(here.day, briefs[-1].at, briefs[-1].id) if more else wanted.days.after(here.day)
    return found, here


def _fitting(briefs: Sequence[Brief], here: Place, wanted: Wanted) -> Iterator[Candidate]:
    for brief in briefs:
        if wanted.may(brief):
            yield Candidate(brief, Place(here.day, brief.at, brief.id))


def _take(page: FeedPage, part: FeedPart, id_: str, wanted: Wanted, shown: Callable[[Invitation], Invitation]) -> None:
    stored = part.answers.get(id_)
    if isinstance(stored, UnreadableError):
        page.unreadable += 1
    elif stored:
        kept = Handled(shown(stored.response), stored.handling)
        if wanted.takes(kept):
            page.left_out += kept.response.customer_id in part.restricted
            page.answers += [kept] if kept.response.customer_id not in part.restricted else []
