"""The filter bar: window, question, comparison and dimensions, as they stand in the address of a page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote, urlencode

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import ReportRules, Scope
from afterbill.insight.reports.query import report_in
from afterbill.insight.reports.requested import ReportRequest, checked
from afterbill.model.questions import Question

NAMES = ("window", "question", "where", "compare")
"""The parameters that every page of figures takes, and hands on to the others."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked at; it holds for every figure of a page. `where` are at most two scopes."""

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
        return f"{path}?{urlencode([*self.pairs(), *others.items()], quote_via=quote)}"

    def within(self, dimension: str, value: str) -> "Filters":
        """Return the filters with this value of the dimension in the place of another one."""
        others = tuple(scope for scope in self.where if scope[0] != dimension)
        return replace(self, where=(*others, (dimension, value))[-2:])

    def without(self, dimension: str) -> "Filters":
        """Return the filters without the dimension."""
        return replace(self, where=tuple(scope for scope in self.where if scope[0] != dimension))

    def request(self, name: str, rules: ReportRules, by: tuple[str, ...] = ()) -> ReportRequest:
        """Return the report that answers this; RequestError where there is none."""
        return checked(ReportRequest(name, self.window, self.question, self.where, by, self.compare), rules)


def filters_in(pairs: Iterable[tuple[str, str]], rules: ReportRules, today: date) -> Filters:
    """Read the parameters of an address; QueryError names everything that is wrong with them.

    Parameters of a page itself, which are not among NAMES, are left to it. A form sends `window=custom` with `from`
    and `to`.
    """
    given = list(pairs)
    days = dict(given)
    if days.get("window") == "custom":
        custom = f"{days.get('from', '')}..{days.get('to', '')}"
        given = [(name, custom if name == "window" else text) for name, text in given]
    known = [(name, text) for name, text in given if name in NAMES and text]
    asked, _ = report_in("trend", known, rules, today)
    return Filters(asked.window, asked.question, asked.where, asked.compare)
