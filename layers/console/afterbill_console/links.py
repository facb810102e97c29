"""Links from figures to the answers behind them."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from afterbill.insight.reports.asked import Scope
from afterbill.model.questions import Question
from afterbill_console.filters import Filters
from afterbill_console.people.asked import COUNTED, OWN
from afterbill_console.people.dimensions import PRODUCT, parser_of
from afterbill_console.roles import Right
from afterbill_console.visit import Visit

RESPONSES = "/app/responses"
_NOT_LISTED = frozenset({*OWN, PRODUCT, "brand"})
"""Dimensions that the feed cannot list by: no answer holds its brand, and the others mean something else there."""


def answers_link(visit: Visit, rating: str = "", **scopes: str) -> str | None:
    """Return the address of the answers that a figure counts: of the filters' days, question and scopes.

    None to whoever may not read comments, and where the feed cannot list by what the filters say: answers of more
    than the figure counts would be the wrong ones.

    `rating` is as `0-6`; `scopes` are further parameters of the feed, as `touchpoint`, which come before the filters'.
    """
    if not visit.may(Right.COMMENTS):
        return None
    filters = visit.filters
    if not all(map(can_list, filters.where)):
        return None
    window = {"from": filters.window.first.isoformat(), "to": filters.window.last.isoformat()}
    counted = {"question": filters.question.value, COUNTED: "1"}
    return _address({**window, **counted, **dict(filters.where), "rating": rating, **scopes})


def feed_link(filters: Filters) -> str:
    """Return the address of the feed for the menu: with as much of the filters as it can list by."""
    where = dict(filter(can_list, filters.where))
    return _address({"window": filters.window.name, **_question(filters), **where})


def can_list(scope: Scope) -> bool:
    """Return whether the feed lists answers by this dimension and its value."""
    name, text = scope
    return name not in _NOT_LISTED and _is_value(name, text)


def product_link(visit: Visit, product: str) -> str | None:
    """Return the address of the answers about a product; None as with `answers_link`."""
    return answers_link(visit, **{PRODUCT: product}) if _is_value(PRODUCT, product) else None


def _is_value(name: str, text: str) -> bool:
    try:
        return bool(parser_of(name)(text))
    except ValueError:
        return False


def _question(filters: Filters) -> dict[str, str]:
    return {"question": filters.question.value} if filters.question is not Question.NPS else {}


def _address(asked: Mapping[str, str]) -> str:
    return f"{RESPONSES}?{urlencode({name: text for name, text in asked.items() if text}, quote_via=quote)}"
