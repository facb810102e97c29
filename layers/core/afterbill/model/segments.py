"""The dimensions by which scores are read."""

from collections.abc import Mapping

from afterbill.model.customer import Customer
from afterbill.model.questions import Question

REASON = "reason"
DIMENSIONS = ("all", "touchpoint", "stage", "source", "plan", "country", "locale", "channel", REASON)
"""All but the last are of an invitation; the reason is of an answer, so nothing sent is counted by it."""


def dimension_of(question: str, dimension: str) -> str:
    """Under which name the dimension of one question is stored: `plan` of the recommendation, else `csat:plan`."""
    return dimension if question == Question.NPS else f"{question}:{dimension}"


def question_and_dimension(name: str) -> tuple[Question, str]:
    """And back."""
    question, _, dimension = name.rpartition(":")
    return Question(question or Question.NPS), dimension


def segments_of(fact: Mapping[str, str | None], customer: Customer | None) -> Mapping[str, str]:
    """A snapshot of every dimension but `all`: what `fact` says, and what the customer's profile says now.

    A plan the fact names wins over the profile's; what is not known is left out.
    """
    plan = fact.get("plan") or (customer.attributes.get("plan") if customer else None)
    segments = {**fact, "plan": plan}
    if customer and customer.country:
        segments["country"] = customer.country
    if customer and customer.locale:
        segments["locale"] = _tag(customer.locale)
    return {dimension: value for dimension, value in segments.items() if value}


def _tag(locale: str) -> str:
    """One spelling for `de_CH`, `DE-ch` and `de_CH.UTF-8`, so that they are one row of a score."""
    language, *rest = locale.partition(".")[0].replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])  # noqa: PLR2004  # letters of a country
