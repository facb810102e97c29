"""The dimensions by which scores are read."""

from collections.abc import Mapping
from typing import TypeVar

from afterbill.model.customer import Customer
from afterbill.model.locales import tag_of
from afterbill.model.questions import Question

_T = TypeVar("_T")

REASON, ANONYMOUS = "reason", "anonymous"
DIMENSIONS = ("all", "touchpoint", "stage", "source", "plan", "country", "locale", "channel", REASON, ANONYMOUS)
"""All but the last two are of an invitation; the reason is of an answer, so nothing sent is counted by it.

An answer to a plain link that anybody can open counts by ANONYMOUS alone, under the name of the link.
"""

ACCOUNT, PAYMENT_METHOD = "account", "payment_method"
"""Segments that are no dimensions of scores: reports read them."""

_NONE: Mapping[str, str] = {}

REMOVED = "removed"
"""A segment that is no dimension: "yes" in the row that stays of a survey when its customer was removed."""


_COUNTED = frozenset({*DIMENSIONS, "question"})


def counted_segments(segments: Mapping[str, _T]) -> dict[str, _T]:
    """Return the segments that scores count: all that stays of a person who was removed, and says who they are least.

    Accounts, payment methods and segments that an operator declares are not among them.
    """
    return {name: value for name, value in segments.items() if name in _COUNTED}


def dimension_of(question: str, dimension: str) -> str:
    """Return the name under which one question's dimension is stored: `plan` for NPS, `csat:plan` for CSAT."""
    return dimension if question == Question.NPS else f"{question}:{dimension}"


def question_and_dimension(name: str) -> tuple[Question, str]:
    """Return the question and the dimension that `dimension_of` made a name of."""
    question, _, dimension = name.rpartition(":")
    return Question(question or Question.NPS), dimension


def segments_of(
    fact: Mapping[str, str | None], customer: Customer | None, declared: Mapping[str, str] = _NONE
) -> Mapping[str, str]:
    """Return a snapshot of every dimension but `all`, from `fact` and from the customer's profile as it is now.

    A plan in `fact` wins over the profile's; dimensions without a value are left out. `declared` are further segments,
    each with the attribute of the customer that holds its value.
    """
    attributes = customer.attributes if customer else _NONE
    held = {name: attributes[attribute] for name, attribute in declared.items() if attributes.get(attribute)}
    segments = {**fact, **held, "plan": fact.get("plan") or attributes.get("plan")}
    if customer and customer.country:
        segments["country"] = customer.country
    if customer and customer.locale:
        segments["locale"] = tag_of(customer.locale)
    return {dimension: value for dimension, value in segments.items() if value}
