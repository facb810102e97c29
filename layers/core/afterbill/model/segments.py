"""The dimensions by which scores are read."""

from collections.abc import Mapping

from afterbill.model.customer import Customer
from afterbill.model.locales import tag_of
from afterbill.model.questions import Question

REASON, ANONYMOUS = "reason", "anonymous"
DIMENSIONS = ("all", "touchpoint", "stage", "source", "plan", "country", "locale", "channel", REASON, ANONYMOUS)
"""All but the last two are of an invitation; the reason is of an answer, so nothing sent is counted by it.

An answer to a plain link that anybody can open counts by ANONYMOUS alone, under the name of the link.
"""

REMOVED = "removed"
"""A segment that is no dimension: "yes" in the row that stays of a survey when its customer was removed."""


def dimension_of(question: str, dimension: str) -> str:
    """Return the name under which one question's dimension is stored: `plan` for NPS, `csat:plan` for CSAT."""
    return dimension if question == Question.NPS else f"{question}:{dimension}"


def question_and_dimension(name: str) -> tuple[Question, str]:
    """Return the question and the dimension that `dimension_of` made a name of."""
    question, _, dimension = name.rpartition(":")
    return Question(question or Question.NPS), dimension


def segments_of(fact: Mapping[str, str | None], customer: Customer | None) -> Mapping[str, str]:
    """Return a snapshot of every dimension but `all`, from `fact` and from the customer's profile as it is now.

    A plan in `fact` wins over the profile's; dimensions without a value are left out.
    """
    plan = fact.get("plan") or (customer.attributes.get("plan") if customer else None)
    segments = {**fact, "plan": plan}
    if customer and customer.country:
        segments["country"] = customer.country
    if customer and customer.locale:
        segments["locale"] = tag_of(customer.locale)
    return {dimension: value for dimension, value in segments.items() if value}
