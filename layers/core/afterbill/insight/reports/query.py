"""The query of GET /v1/reports/{name}: the same words as the command's."""

from collections.abc import Callable, Iterable
from datetime import date

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import ReportRules, Scope
from afterbill.insight.reports.requested import MOST_FILTERS, ReportRequest, RequestError, checked, window_asked
from afterbill.model.query import Query, QueryError, one_of
from afterbill.model.questions import Question

FORMS = ("json", "csv")
NAMES = ("window", "question", "where", "by", "compare", "export")
USUAL_WINDOW = "30d"
_MOST_BY = 20


def report_in(
    name: str, pairs: Iterable[tuple[str, str]], rules: ReportRules, today: date
) -> tuple[ReportRequest, str]:
    """Return the report that a query asks for, and its form; QueryError names everything that is wrong with it."""
    query = Query(pairs, NAMES)
    usual = window_asked(USUAL_WINDOW, today)
    window = query.one("window", usual, lambda text: window_asked(text, today))
    compare = query.one("compare", None, _window(today))
    question = Question(query.one("question", Question.NPS.value, one_of(Question)))
    where = query.many("where", MOST_FILTERS, scope_in)
    by = query.many("by", _MOST_BY, str)
    form = query.one("export", "json", one_of(FORMS))
    query.end()
    try:
        return checked(ReportRequest(name, window, question, tuple(where), tuple(by), compare), rules), form
    except RequestError as error:
        raise QueryError([("", str(error))]) from error


def scope_in(text: str) -> Scope:
    """Return a filter such as plan:Team; ValueError where it is none."""
    dimension, colon, value = text.partition(":")
    if not (dimension and colon and value):
        raise ValueError("must be a dimension and its value, such as plan:Team")
    return dimension, value


def _window(today: date) -> Callable[[str], Window | None]:
    return lambda text: window_asked(text, today)
