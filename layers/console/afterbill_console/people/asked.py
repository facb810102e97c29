"""The query of the feed: which answers are wanted, and where the page begins."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from afterbill.answers.read_responses import Brief, Days, Place, Selection, cursor_of, place_of, ratings
from afterbill.insight.periods import window_of
from afterbill.insight.reports.asked import ReportRules
from afterbill.model.query import Query, one_of
from afterbill.model.questions import Category, Question, scale_of
from afterbill.model.segments import ANONYMOUS
from afterbill_console.people.dimensions import LONGEST, PARSERS, PRODUCT, holds, may_hold, parser_of
from afterbill_console.people.handling import LONGEST_TAG, Handled, tagged
from afterbill_console.people.ports import Listed

TABS: Mapping[str, Category | None] = {
    "low": Category.DETRACTOR,
    "middle": Category.PASSIVE,
    "high": Category.PROMOTER,
    "all": None,
}
"""The tabs in their order; the first is what people see who ask for nothing."""
COUNTED = "counted"
"""The switch of figures: it leaves what scores count."""
SWITCHES = ("commented", "contact", "unread", COUNTED)
OWN = ("window", "from", "to", "tab", "rating", "question", "confirmed", "q", "tag", *SWITCHES, "cursor")
"""The parameters of the feed that are no dimensions."""

_NO_RULES = ReportRules()
_USUAL = "30d"
_LONGEST_SPAN = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of the feed: from this place on, newest first; `given` are the parameters without cursor.

    `scopes` are values by dimension, of which all hold. With `counted` it has what scores count, by the rules of which
    `unconfirmed` answers count.
    """

    days: Days
    place: Place
    tab: str = "low"
    selection: Selection = field(default_factory=Selection)
    scopes: Mapping[str, str] = field(default_factory=dict)
    counted: bool = False
    unconfirmed: bool = True
    contact: bool = False
    unread: bool = False
    tag: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def thorough(self) -> bool:
        """True where only the answer itself tells if it is wanted, and not the index: then more are read than shown."""
        told = self.selection.contains or self.selection.commented or self.contact or self.unread or self.tag
        return bool(told or PRODUCT in self.scopes)

    @property
    def narrow(self) -> bool:
        """True where more than the score tells if an answer is wanted, and a list knows its score alone."""
        return bool(self.thorough or self.scopes or self.counted or "confirmed" in self.selection.equal)

    def may_list(self, one: Listed) -> bool:
        """Return False where the list says already that the answer is not wanted."""
        allowed = self.selection.ratings is None or one.rating in self.selection.ratings
        asked = self.selection.equal.get("question", one.question) == one.question
        return allowed and asked and self._in_tab(one.rating, one.question)

    def may(self, brief: Brief) -> bool:
        """Return False where the index says already that the answer is not wanted."""
        if not self.selection.may(brief) or not self._counts(brief.segments, confirmed=brief.confirmed):
            return False
        if not all(may_hold(brief, *scope) for scope in self.scopes.items()):
            return False
        return self._in_tab(brief.rating, brief.segments.get("question", Question.NPS))

    def _in_tab(self, rating: int | None, question: str) -> bool:
        category = TABS[self.tab]
        return category is None or (rating is not None and scale_of(question).category(rating) is category)

    def takes(self, one: Handled) -> bool:
        """Return whether the answer is wanted, by what of it is shown."""
        answer = one.response.answer
        if answer is None or not self.selection.takes(one.response):
            return False
        if not self._in_tab(answer.rating, one.response.question):
            return False
        if not self._counts(one.response.segments, confirmed=answer.confirmed):
            return False
        if not all(holds(one.response, *scope) for scope in self.scopes.items()):
            return False
        if (self.contact and not answer.contact_ok) or (self.unread and one.handling.read):
            return False
        return not self.tag or tagged(one.handling, [self.tag])

    def _counts(self, segments: Mapping[str, str], *, confirmed: bool) -> bool:
        return not self.counted or (ANONYMOUS not in segments and (confirmed or self.unconfirmed))

    def link(self, path: str, place: Place | None = None, **others: str) -> str:
        """Return the address of the same question; `others` take the place of its parameters, empty ones leave."""
        asked = {**self.given, **others} | ({"cursor": cursor_of(place, self.days, self.given)} if place else {})
        pairs = {name: text for name, text in asked.items() if text}
        return f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path


def wanted_in(pairs: Iterable[tuple[str, str]], today: date, rules: ReportRules = _NO_RULES) -> Wanted:
    """Read the parameters of an address; QueryError names everything that is wrong with them.

    Days are those of `from` and `to`, else of `window`. Who asks for ratings, or for what is counted, gets them in the
    tab of all.
    """
    given = [(name, text) for name, text in pairs if text]
    dimensions = dimensions_of(rules)
    query = Query(given, (*OWN, *dimensions))
    days = _days(query, today)
    usual = "all" if any(name in {"rating", COUNTED} for name, _ in given) else "low"
    tab = query.one("tab", usual, one_of(TABS))
    switches = {name: query.one(name, "", one_of(("1",))) == "1" for name in SWITCHES}
    selection = _selection(query, commented=switches["commented"])
    scopes = {name: text for name in dimensions if (text := query.one(name, "", parser_of(name)))}
    tag = query.one("tag", "", _text(LONGEST_TAG))
    kept = {name: text for name, text in given if name != "cursor"}
    place: tuple[Place, date, date] | None = query.one("cursor", None, lambda text: place_of(text, kept))
    query.end()
    if place:
        days = Days(place[1], place[2])
    return Wanted(
        days,
        place[0] if place else days.start,
        tab,
        selection,
        scopes,
        counted=switches[COUNTED],
        unconfirmed=rules.unconfirmed,
        contact=switches["contact"],
        unread=switches["unread"],
        tag=tag,
        given=kept,
    )


def dimensions_of(rules: ReportRules) -> Sequence[str]:
    """Return the dimensions that answers are listed by; a declared one has no parameter that means something else."""
    return (*PARSERS, *(name for name in rules.segments if name not in {*PARSERS, *OWN}))


def _days(query: Query, today: date) -> Days:
    window = query.one("window", window_of(_USUAL, today), lambda text: window_of(text, today))
    last = query.one("to", window.last, _day)
    first = query.one("from", min(window.first, last), _day)
    if not timedelta(0) <= last - first <= _LONGEST_SPAN:
        query.faults.append(("from", "lies behind `to`, or more than ten years before it"))
        return Days(last, last)
    return Days(first, last)


def _selection(query: Query, *, commented: bool) -> Selection:
    equal: dict[str, str | bool] = {}
    if question := query.one("question", "", one_of(Question)):
        equal["question"] = question
    if confirmed := query.one("confirmed", "", one_of(("true", "false"))):
        equal["confirmed"] = confirmed == "true"
    found = Selection(equal, query.one("rating", None, ratings), query.one("q", "", _text(LONGEST)))
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
