"""The query of the feed: which answers are wanted, and where the page begins."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from afterbill.answers.read_responses import Brief, Days, Place, Selection, cursor_of, place_of, ratings
from afterbill.insight.periods import window_of
from afterbill.model.billing import Touchpoint
from afterbill.model.query import Query, one_of
from afterbill.model.questions import Category, Question, scale_of
from afterbill_console.people.handling import LONGEST_TAG, Handled, tagged

TABS: Mapping[str, Category | None] = {
    "low": Category.DETRACTOR,
    "middle": Category.PASSIVE,
    "high": Category.PROMOTER,
    "all": None,
}
"""The tabs in their order; the first is what people see who ask for nothing."""
SWITCHES = ("commented", "contact", "unread")
SCOPES = ("touchpoint", "reason", "source", "plan", "country")
NAMES = ("window", "from", "to", "tab", "rating", "question", "confirmed", "q", "tag", *SCOPES, *SWITCHES, "cursor")

_USUAL = "30d"
_LONGEST = 200
_LONGEST_SPAN = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of the feed: from this place on, newest first; `given` are the parameters without cursor."""

    days: Days
    place: Place
    tab: str = "low"
    selection: Selection = field(default_factory=Selection)
    contact: bool = False
    unread: bool = False
    tag: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def thorough(self) -> bool:
        """True where only the answer itself tells if it is wanted, and not the index: then more are read than shown."""
        return bool(self.selection.contains or self.selection.commented or self.contact or self.unread or self.tag)

    def may(self, brief: Brief) -> bool:
        """Return False where the index says already that the answer is not wanted."""
        if not self.selection.may(brief):
            return False
        category = TABS[self.tab]
        scale = scale_of(brief.segments.get("question", Question.NPS))
        return category is None or (brief.rating is not None and scale.category(brief.rating) is category)

    def takes(self, one: Handled) -> bool:
        """Return whether the answer is wanted, by what of it is shown."""
        answer = one.response.answer
        if answer is None or not self.selection.takes(one.response):
            return False
        if (self.contact and not answer.contact_ok) or (self.unread and one.handling.read):
            return False
        return not self.tag or tagged(one.handling, [self.tag])

    def link(self, path: str, place: Place | None = None, **others: str) -> str:
        """Return the address of the same question; `others` take the place of its parameters, empty ones leave."""
        asked = {**self.given, **others} | ({"cursor": cursor_of(place, self.days, self.given)} if place else {})
        pairs = {name: text for name, text in asked.items() if text}
        return f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path


def wanted_in(pairs: Iterable[tuple[str, str]], today: date) -> Wanted:
    """Read the parameters of an address; QueryError names everything that is wrong with them.

    Days are those of `from` and `to`, else of `window`. Who asks for ratings gets them in the tab of all.
    """
    given = [(name, text) for name, text in pairs if text]
    query = Query(given, NAMES)
    days = _days(query, today)
    usual = "all" if any(name == "rating" for name, _ in given) else "low"
    tab = query.one("tab", usual, one_of(TABS))
    switches = {name: query.one(name, "", one_of(("1",))) == "1" for name in SWITCHES}
    selection = _selection(query, commented=switches["commented"])
    tag = query.one("tag", "", _text(LONGEST_TAG))
    kept = {name: text for name, text in given if name != "cursor"}
    place: tuple[Place, date, date] | None = query.one("cursor", None, lambda text: place_of(text, kept))
    query.end()
    if place:
        days = Days(place[1], place[2])
    begin = place[0] if place else days.start
    return Wanted(days, begin, tab, selection, switches["contact"], switches["unread"], tag, kept)


def _days(query: Query, today: date) -> Days:
    window = query.one("window", window_of(_USUAL, today), lambda text: window_of(text, today))
    last = query.one("to", window.last, _day)
    first = query.one("from", min(window.first, last), _day)
    if not timedelta(0) <= last - first <= _LONGEST_SPAN:
        query.faults.append(("from", "lies behind `to`, or more than ten years before it"))
        return Days(last, last)
    return Days(first, last)


def _selection(query: Query, *, commented: bool) -> Selection:
    parsers: Mapping[str, Callable[[str], str]] = {
        "touchpoint": one_of(Touchpoint),
        "question": one_of(Question),
        **dict.fromkeys(("reason", "source", "plan", "country"), _text(_LONGEST)),
    }
    equal: dict[str, str | bool] = {name: query.one(name, "", parse) for name, parse in parsers.items()}
    equal = {name: value for name, value in equal.items() if value}
    if confirmed := query.one("confirmed", "", one_of(("true", "false"))):
        equal["confirmed"] = confirmed == "true"
    found = Selection(equal, query.one("rating", None, ratings), query.one("q", "", _text(_LONGEST)))
    return replace(found, commented=commented)


def _text(longest: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > longest or not text.isprintable():
            raise ValueError(f"must have 1 to {longest} characters")
        return text

    return parse


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.isoformat() != text or day.year <= 2000:  # noqa: PLR2004  # no billing system of ours is older
        raise ValueError("must be a day such as 2026-11-22")
    return day
