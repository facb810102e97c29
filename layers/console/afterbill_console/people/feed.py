"""The feed of answers, page by page: one query of the index and one batch, however many answers there are.

Behind the answers of a day the index has a list of those before it (`earlier`), so that quiet days cost no query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from afterbill.answers.read_responses import Place
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill_console.people.asked import Wanted
from afterbill_console.people.handling import Handled
from afterbill_console.people.ports import MOST_READ, Answers, Earlier, FeedPart

MOST = 50
"""Answers of one page."""
MOST_QUERIES = 31
"""Days, and parts of days, that are looked through for a page that has nothing yet."""


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
    """An answer that may be wanted; `at` is its moment as it is stored, empty where a list named it."""

    id: str
    day: date
    at: str = ""

    def behind(self, moments: Mapping[str, str]) -> Place | None:
        """Return the place behind it; None where neither the index nor what was read knows its moment."""
        at = self.at or moments.get(self.id, "")
        return Place(self.day, at, self.id) if at else None


@dataclass
class Candidates:
    """The answers that may be wanted, in their order; `rest` is where the search goes on, None where it is over.

    `cut`: it goes on behind the last of them, since there was no room for more.
    """

    found: list[Candidate] = field(default_factory=list)
    rest: Place | None = None
    cut: bool = False

    def next(self, moments: Mapping[str, str]) -> Place | None:
        """Return the place behind all of them; those that are gone by now have none of their own."""
        if not self.cut:
            return self.rest
        places = (one.behind(moments) for one in reversed(self.found))
        return next((place for place in places if place), Place(self.found[-1].day))


def read_feed(wanted: Wanted, answers: Answers, shown: Callable[[Invitation], Invitation]) -> FeedPage:
    """Read the page; `shown` is what may be shown of an answer, and only that is searched."""
    candidates = _candidates(wanted, answers)
    page = FeedPage(next=candidates.rest)
    if not candidates.found:
        return page
    part = answers.read([one.id for one in candidates.found])
    page.next = candidates.next(part.moments)
    for number, candidate in enumerate(candidates.found, 1):
        _take(page, part, candidate.id, wanted, shown)
        if len(page.answers) == MOST and number < len(candidates.found):
            page.next = candidate.behind(part.moments)
            break
    return page


def _candidates(wanted: Wanted, answers: Answers) -> Candidates:
    """Return the next answers that may be wanted. It looks on through other days only where it found nothing.

    A day without a list behind it is one that nobody made yet: then the day before is looked through too.
    """
    candidates, most = Candidates(rest=wanted.place), MOST_READ if wanted.thorough else MOST
    for _ in range(MOST_QUERIES):
        here = candidates.rest
        if here is None:
            break
        part = answers.answered(here)
        if _add(candidates, (Candidate(one.id, here.day, one.at) for one in part.briefs if wanted.may(one)), most):
            break
        if part.more:
            candidates.rest = Place(here.day, part.briefs[-1].at, part.briefs[-1].id)
        elif part.earlier:
            _look_through(part.earlier, wanted, candidates)
        else:
            candidates.rest = wanted.days.after(here.day)
            continue
        if candidates.found:
            break
    return candidates


def _add(candidates: Candidates, some: Iterable[Candidate], most: int) -> bool:
    """Add as many as there is room for; return whether there are more."""
    for one in some:
        if len(candidates.found) >= most:
            candidates.cut = True
            break
        candidates.found.append(one)
    return candidates.cut


def _look_through(earlier: Earlier, wanted: Wanted, candidates: Candidates) -> None:
    """Add what a list has; where it ends within a day, that day is looked through next."""
    first, since = wanted.days.first, earlier.since
    fitting = (Candidate(one.id, one.day) for one in earlier.answers if one.day >= first and wanted.may_list(one))
    _add(candidates, fitting, MOST_READ if wanted.narrow else MOST)
    oldest = earlier.answers[-1].day if earlier.answers else since
    if first >= since:
        candidates.rest = None
    elif oldest < since and candidates.found and candidates.found[-1].day == oldest:
        candidates.cut = True
    else:
        candidates.rest = Place(max(first, oldest if oldest < since else since - timedelta(days=1)))


def _take(page: FeedPage, part: FeedPart, id_: str, wanted: Wanted, shown: Callable[[Invitation], Invitation]) -> None:
    stored = part.answers.get(id_)
    if isinstance(stored, UnreadableError):
        page.unreadable += 1
    elif stored:
        kept = Handled(shown(stored.response), stored.handling)
        if wanted.takes(kept):
            page.left_out += kept.response.customer_id in part.restricted
            page.answers += [kept] if kept.response.customer_id not in part.restricted else []
