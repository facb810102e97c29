"""Links from figures to the answers behind them."""

from urllib.parse import quote, urlencode

from afterbill.model.questions import Question
from afterbill_console.roles import Right
from afterbill_console.visit import Visit

RESPONSES = "/app/responses"


def answers_link(visit: Visit, rating: str = "", **scopes: str) -> str | None:
    """Return the address of the answers of the filters' days and scopes; None to whoever may not read comments.

    `rating` is as `0-6`; `scopes` are further parameters of the feed, as `touchpoint`, which come before the filters'.
    """
    if not visit.may(Right.COMMENTS):
        return None
    filters = visit.filters
    question = {"question": filters.question.value} if filters.question is not Question.NPS else {}
    window = {"from": filters.window.first.isoformat(), "to": filters.window.last.isoformat()}
    asked = {**window, **question, **dict(filters.where), "rating": rating, **scopes}
    return f"{RESPONSES}?{urlencode({name: text for name, text in asked.items() if text}, quote_via=quote)}"
