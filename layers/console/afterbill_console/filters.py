"""The filter bar: window, question, comparison and dimensions, as they stand in the address of a page."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from afterbill.insight.periods import Window, month_of
from afterbill.insight.reports.asked import OWN, ReportRules, Scope
from afterbill.insight.reports.requested import (
    LONGEST_DAYS,
    MOST_FILTERS,
    ReportRequest,
    RequestError,
    checked,
    window_asked,
)
from afterbill.insight.tally import LONGEST_VALUE
from afterbill.model.query import QueryError
from afterbill.model.questions import Question

NAMES = ("window", "question", "where", "compare")
"""The parameters that every page of figures takes, and hands on to the others."""

DAYS = "custom"
"""The value of `window` and `compare` in a form that says the days in two fields of their own."""

MONTHS = 24
"""The months that the bar offers: this one and those before it."""

USUAL_WINDOW = "30d"
FORM: Mapping[str, tuple[str, str]] = {"window": ("from", "to"), "compare": ("compare_from", "compare_to")}
"""The fields of the form with the first and the last day, where a select says DAYS."""
ADDED, DIMENSION, VALUE = "add", "add_dimension", "add_value"
"""The fields of the form for one more scope: chosen, or its dimension chosen and its value typed."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_SHOWN = 60
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Filters:
    """The choice of what is looked at; it holds for every figure of a page. `where` are at most two scopes.

    Without `compare` the days before are compared with.
    """

    window: Window
    question: Question = Question.NPS
    where: tuple[Scope, ...] = ()
    compare: Window | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters of an address that leads back to this."""
        found = [("window", self.window.name)]
        found += [("question", self.question.value)] if self.question is not Question.NPS else []
        found += [("where", ":".join(scope)) for scope in self.where]
        return [*found, ("compare", self.compare.name)] if self.compare else found

    def link(self, path: str, **others: str) -> str:
        """Return the address of a page that looks at the same; `others` are parameters of that page."""
        return self.address(path, others.items())

    def address(self, path: str, others: Iterable[tuple[str, str]]) -> str:
        """Return the address as `link` does; a parameter of the page may occur several times."""
        return f"{path}?{urlencode([*self.pairs(), *others], quote_via=quote, errors='replace')}"

    def within(self, dimension: str, value: str) -> "Filters":
        """Return the filters with this value of the dimension in the place of another one."""
        others = tuple(scope for scope in self.where if scope[0] != dimension)
        return replace(self, where=tuple(sorted((*others[-1:], (dimension, value)))))

    def without(self, dimension: str) -> "Filters":
        """Return the filters without the dimension."""
        return replace(self, where=tuple(scope for scope in self.where if scope[0] != dimension))

    def request(self, name: str, rules: ReportRules, by: tuple[str, ...] = ()) -> ReportRequest:
        """Return the report that answers this; RequestError where there is none."""
        return checked(ReportRequest(name, self.window, self.question, self.where, by, self.compare), rules)

    @property
    def compared(self) -> Window:
        """The window that is compared with."""
        return self.compare or self.window.before

    @property
    def year_before(self) -> str:
        """The name of the same days a year earlier."""
        return f"{_year_before(self.window.first)}..{_year_before(self.window.last)}"


def months(today: date) -> list[str]:
    """Return the names of the months that the bar offers, the newest first."""
    found = [month_of(today)]
    while len(found) < MONTHS:
        found.append(month_of(found[-1].first - timedelta(days=1)))
    return [month.name for month in found]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the parameter, the text `shell.fault_<text>`, and its values."""

    name: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


class FiltersError(QueryError):
    """Filters with mistakes; `wrong` names each, for a text in the language of the operator."""

    def __init__(self, wrong: Iterable[Fault]) -> None:
        self.wrong = tuple(wrong)
        super().__init__((fault.name, fault.text) for fault in self.wrong)


def filters_in(pairs: Iterable[tuple[str, str]], rules: ReportRules, today: date) -> Filters:
    """Read the parameters of an address; FiltersError names everything that is wrong with them.

    Parameters of a page itself, which are not among NAMES, are left to it. The form of the bar sends DAYS with two
    fields, and one more scope in fields of its own.
    """
    reader = _Reader([(name, text) for name, text in pairs if text], today)
    window = reader.window("window") or window_asked(USUAL_WINDOW, today)
    question = reader.one("question", Question) or Question.NPS
    compare = reader.window("compare")
    where = reader.scopes((*OWN, *rules.segments))
    if reader.faults:
        raise FiltersError(reader.faults)
    return Filters(window, question, where, compare)


def others_in(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the parameters that are a page's own: neither filters nor fields of the bar."""
    ours = {*NAMES, *FORM["window"], *FORM["compare"], ADDED, DIMENSION, VALUE}
    return [(name, text) for name, text in pairs if name not in ours]


class _Reader:
    """Reads one parameter after the other, and keeps what is wrong."""

    def __init__(self, pairs: list[tuple[str, str]], today: date) -> None:
        self._pairs, self._today = pairs, today
        self.faults: list[Fault] = []

    def one(self, name: str, parse: Callable[[str], _Value]) -> _Value | None:
        """Return the value; None where it is not given, or is a mistake."""
        texts = self._texts(name)
        if len(texts) > 1:
            self._wrong(name, "twice")
            return None
        try:
            return parse(texts[0]) if texts else None
        except (ValueError, RequestError):
            self._wrong(name, name, given=texts[0])
            return None

    def window(self, name: str) -> Window | None:
        """Return the window; None where it is not given, or is a mistake."""
        return self._days(name) if self._texts(name) == [DAYS] else self.one(name, self._window)

    def scopes(self, dimensions: tuple[str, ...]) -> tuple[Scope, ...]:
        """Return the scopes of the address, with the one that the form adds, in the order of their dimensions."""
        found = [scope for text in self._texts("where") if (scope := self._scope(text, dimensions))]
        if len(found) > MOST_FILTERS:
            self._wrong("where", "where_many", most=MOST_FILTERS)
        elif len(dict(found)) < len(found):
            self._wrong("where", "where_twice")
        added = [scope for text in self._added() if (scope := self._scope(text, dimensions))]
        kept = [scope for scope in found if scope[0] not in dict(added)]
        if len(kept) + len(added) > MOST_FILTERS and added:
            self._wrong("where", "where_many", most=MOST_FILTERS)
        return tuple(sorted([*kept, *added]))

    def _added(self) -> list[str]:
        """Return the scope that the form adds, chosen or typed, as the address would have it."""
        dimension, value = self._texts(DIMENSION), self._texts(VALUE)
        typed = [f"{dimension[0]}:{''.join(value)}"] if dimension else [f":{text}" for text in value]
        return [*self._texts(ADDED), *typed][:1]

    def _scope(self, text: str, dimensions: tuple[str, ...]) -> Scope | None:
        dimension, _, value = text.partition(":")
        if not (dimension and value):
            self._wrong("where", "where", given=text)
            return None
        if dimension not in dimensions:
            self._wrong("where", "dimension", given=dimension, known=dimensions)
            return None
        if len(value) > LONGEST_VALUE:
            self._wrong("where", "where_long", most=LONGEST_VALUE)
            return None
        return dimension, value

    def _days(self, name: str) -> Window | None:
        days = [self._day(field) for field in FORM[name]]
        if None in days:
            return None
        try:
            return self._window("..".join(map(str, days)))
        except RequestError:
            self._wrong(name, "days", most=LONGEST_DAYS)
            return None

    def _day(self, name: str) -> date | None:
        given = "".join(self._texts(name)[:1])
        try:
            return date.fromisoformat(given if _DAY.fullmatch(given) else "")
        except ValueError:
            self._wrong(name, "day", given=given)
            return None

    def _window(self, text: str) -> Window:
        return window_asked(text, self._today)

    def _texts(self, name: str) -> list[str]:
        return [text for given, text in self._pairs if given == name]

    def _wrong(self, name: str, text: str, **values: Any) -> None:  # noqa: ANN401  # whatever the text wants
        short = {key: value[:_MOST_SHOWN] if isinstance(value, str) else value for key, value in values.items()}
        self.faults.append(Fault(name, text, short))


def _year_before(day: date) -> date:
    """Return the day a year earlier; of a leap day the day before it."""
    last_of_february = 28
    year = max(day.year - 1, 1)
    return day.replace(year=year, day=min(day.day, last_of_february) if day.month == 2 else day.day)  # noqa: PLR2004  # February
