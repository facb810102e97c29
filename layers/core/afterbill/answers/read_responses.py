"""Reading responses by the day they count on, page by page: each page is bounded, and says where the next begins."""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from afterbill.answers.response_rows import row
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.questions import SCALES, Question

if TYPE_CHECKING:
    from afterbill.answers.ports import AnsweredResponses

MOST_TOGETHER = 100
"""Responses that are read at a time."""
MOST_QUERIES = 50
"""Days, and parts of days, that are looked through for one page."""
MOST_CHARACTERS = 500_000
"""Bytes of the comments of one page, about: an answer of Lambda takes 6 MB."""

_HIGHEST = max(scale.highest for scale in SCALES.values())
_RATINGS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_CURSOR = re.compile(
    r"(\d{4}-\d\d-\d\d)\|((?:\d{4}-\d\d-\d\dT[\d:.]{8,15}Z)?)\|([0-9a-f]{0,64})\|(\d{4}-\d\d-\d\d)\|(\d{4}-\d\d-\d\d)\|([0-9a-f]{16})",
    re.ASCII,
)
_LONGEST_CURSOR = 300


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of responses by their properties; empty and None take all.

    `equal` gives values by the names of columns. `contains` is looked for in comments, in small and capital letters
    alike.
    """

    equal: Mapping[str, str | bool] = field(default_factory=dict)
    ratings: frozenset[int] | None = None
    contains: str = ""
    commented: bool = False

    def may(self, brief: "Brief") -> bool:
        """Return False where the index says already that the response is not selected; an erased one never is."""
        if brief.rating is None or (self.ratings is not None and brief.rating not in self.ratings):
            return False
        known = {"question": Question.NPS.value, **brief.segments, "confirmed": brief.confirmed}
        return all(known.get(name, value) == value for name, value in self.equal.items())

    def takes(self, response: Invitation) -> bool:
        """Return True if this response is selected, by what a row shows of it; an erased one has no answer any more."""
        answer = response.answer
        if answer is None or (self.ratings is not None and answer.rating not in self.ratings):
            return False
        if self.equal and not self.equal.items() <= row(response).items():
            return False
        return folded(self.contains) in folded(answer.comment) and bool(answer.comment or not self.commented)


@dataclass(frozen=True, slots=True)
class Brief:
    """A response as the index of days has it: `at` is its moment as it is stored, `rating` None once it is erased."""

    id: str
    at: str
    rating: int | None
    segments: Mapping[str, str]
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two responses: behind the one of this moment and id, at the beginning of the day without them."""

    day: date
    at: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """The days `first` to `last` in one of two orders."""

    first: date
    last: date
    newest_first: bool = True

    @property
    def start(self) -> Place:
        """The place before all of them."""
        return Place(self.last if self.newest_first else self.first)

    def after(self, day: date) -> Place | None:
        """Return the beginning of the next day; None behind the last."""
        end, step = (self.first, -1) if self.newest_first else (self.last, 1)
        return None if day == end else Place(day + timedelta(days=step))


@dataclass
class ResponsesPage:
    """Some responses in order; `next` is where the page behind begins, None where nothing is left.

    `left_out` counts selected ones of customers whose data are restricted; `unreadable` tells of what cannot be read.
    """

    responses: list[Invitation] = field(default_factory=list)
    next: Place | None = None
    left_out: int = 0
    unreadable: list[UnreadableError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadDeps:
    """The table, and what may be shown of a response: only that is searched."""

    table: "AnsweredResponses"
    shown: Callable[[Invitation], Invitation]


def pages(days: Days, wanted: Selection, deps: ReadDeps) -> Iterator[ResponsesPage]:
    """Yield all pages, each read when it is asked for."""
    place: Place | None = days.start
    while place:
        page = read_page(place, days, wanted, MOST_TOGETHER, deps)
        yield page
        place = page.next


def read_page(place: Place, days: Days, wanted: Selection, limit: int, deps: ReadDeps) -> ResponsesPage:
    """Read at most `limit` responses from this place on.

    There are fewer, or none, though `next` is set, where much was looked through and little of it is wanted.
    """
    page, characters = ResponsesPage(next=place), 0
    for _ in range(MOST_QUERIES):
        here = page.next
        if here is None or len(page.responses) >= limit:
            break
        briefs, more = deps.table.answered(here, newest_first=days.newest_first)
        page.next = Place(here.day, briefs[-1].at, briefs[-1].id) if more else days.after(here.day)
        chosen = [brief for brief in briefs if wanted.may(brief)]
        for brief, response in _read(chosen, limit, page, wanted, deps):
            page.responses.append(response)
            characters += len(response.answer.comment) if response.answer else 0
            if len(page.responses) >= limit or characters > MOST_CHARACTERS:
                if brief is not briefs[-1]:
                    page.next = Place(here.day, brief.at, brief.id)
                return page
    return page


def _read(
    chosen: Sequence[Brief], limit: int, page: ResponsesPage, wanted: Selection, deps: ReadDeps
) -> Iterator[tuple[Brief, Invitation]]:
    """Yield those that are selected; restricted and unreadable ones are noted on the page when their turn comes."""
    together = min(limit, MOST_TOGETHER)
    for start in range(0, len(chosen), together):
        part = chosen[start : start + together]
        stored = deps.table.read_invitations([brief.id for brief in part])
        customers = {one.customer_id for one in stored.values() if isinstance(one, Invitation)} - {""}
        restricted = deps.table.restricted(sorted(customers))
        for brief in part:
            response = stored.get(brief.id)
            if isinstance(response, UnreadableError):
                page.unreadable.append(response)
            elif response and wanted.takes(kept := deps.shown(response)):
                if kept.customer_id in restricted:
                    page.left_out += 1
                else:
                    yield brief, kept


def cursor_of(place: Place, days: Days, filters: Mapping[str, Any]) -> str:
    """Return the place as callers hand it back: with the days, and a digest of the filters that it belongs to."""
    parts = (place.day.isoformat(), place.at, place.id, days.first.isoformat(), days.last.isoformat(), _digest(filters))
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def place_of(cursor: str, filters: Mapping[str, Any]) -> tuple[Place, date, date]:
    """Return the place, and the first and the last day; ValueError where the cursor is none of ours, or of others."""
    try:
        padded = cursor[:_LONGEST_CURSOR].encode() + b"=" * (-len(cursor) % 4)
        match = _CURSOR.fullmatch(base64.b64decode(padded, b"-_", validate=True).decode())
    except (binascii.Error, ValueError):
        match = None
    if not match:
        raise ValueError("is none of ours: take the value of `next` as it is")
    day, at, id_, first, last, digest = match.groups()
    if digest != _digest(filters):
        raise ValueError("belongs to a call with other filters: leave them as they were, or begin without a cursor")
    place, begin, end = Place(date.fromisoformat(day), at, id_), date.fromisoformat(first), date.fromisoformat(last)
    if not begin <= place.day <= end or bool(at) != bool(id_):
        raise ValueError("is none of ours: take the value of `next` as it is")
    return place, begin, end


def _digest(filters: Mapping[str, Any]) -> str:
    text = "|".join(f"{name}={filters[name]}" for name in sorted(filters))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folded(text: str) -> str:
    """Return the text as it is compared: small and capital letters are one, and so are the spellings of a letter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def ratings(text: str) -> frozenset[int]:
    """Read ratings such as `9`, `0-6` or `0,1,9-10`; ValueError where they are none."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RATINGS.fullmatch(part.strip())
        lowest, highest = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not lowest <= highest <= _HIGHEST:
            raise ValueError(f"{text!r}: write ratings from 0 to {_HIGHEST} as 9, as 0-6 or as 0,1,2")
        found |= set(range(lowest, highest + 1))
    return frozenset(found)
