"""The query of GET /v1/responses: which responses are wanted, in which order, and where the page begins."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from afterbill.answers.read_responses import Days, Place, Selection, place_of, ratings
from afterbill.model.billing import Touchpoint
from afterbill.model.query import Query, one_of
from afterbill.model.questions import Question

MOST, USUAL = 200, 50
"""Responses of one page: at most, and where the query does not say."""

USUAL_DAYS = 30
_LONGEST_TEXT = 200
_DAY = re.compile(r"[2-9]\d{3}-\d\d-\d\d", re.ASCII)
_TEXT = re.compile(rf"[^\x00-\x1f\x7f]{{1,{_LONGEST_TEXT}}}")
_ORDERS = ("newest", "oldest")
_FILTERS = ("touchpoint", "question", "rating", "reason", "confirmed", "source", "plan", "country")
NAMES = ("from", "to", *_FILTERS, "order", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of responses: from this place on, of these days; `filters` is what a cursor has to fit."""

    place: Place
    days: Days
    limit: int
    selection: Selection
    filters: Mapping[str, str]


def wanted_in(pairs: Iterable[tuple[str, str]], today: date) -> Wanted:
    """Read the query; QueryError names everything that is wrong with it. By default the last 30 days are meant.

    With a cursor the days are those of the first page, whatever day it is now.
    """
    given = list(pairs)
    query = Query(given, NAMES)
    last = query.one("to", today, _day)
    first = query.one("from", last - timedelta(days=USUAL_DAYS - 1), _day)
    if first > last:
        query.faults.append(("from", "lies behind `to`"))
    newest_first = query.one("order", "newest", one_of(_ORDERS)) == "newest"
    limit = query.one("limit", USUAL, _limit)
    selection = _selection(query)
    filters = {name: text for name, text in given if name in NAMES and name not in {"limit", "cursor"}}
    place = None
    if "cursor" in dict(given):
        place = query.one("cursor", None, _in_days(filters))
    query.end()
    days = Days(first, last, newest_first)
    if place:
        days = Days(place[1], place[2], newest_first)
    return Wanted(place[0] if place else days.start, days, limit, selection, filters)


def _selection(query: Query) -> Selection:
    equal: dict[str, str | bool] = {}
    parsers: Mapping[str, Callable[[str], str]] = {
        "touchpoint": one_of(Touchpoint),
        "question": one_of(Question),
        **dict.fromkeys(("reason", "source", "plan", "country"), _text),
    }
    for name, parse in parsers.items():
        if value := query.one(name, "", parse):
            equal[name] = value
    if confirmed := query.one("confirmed", "", one_of(("true", "false"))):
        equal["confirmed"] = confirmed == "true"
    return Selection(equal, query.one("rating", None, ratings))


def _in_days(filters: Mapping[str, str]) -> Callable[[str], tuple[Place, date, date] | None]:
    return lambda text: place_of(text, filters)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError("must be a day such as 2026-11-22")
    return day


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST):
        raise ValueError(f"must be a whole number from 1 to {MOST}")
    return int(text)


def _text(text: str) -> str:
    if not _TEXT.fullmatch(text):
        raise ValueError(f"must have 1 to {_LONGEST_TEXT} characters")
    return text
