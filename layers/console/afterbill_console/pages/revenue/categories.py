"""The categories of customers by their answers, and the ratings of each."""

from collections.abc import Mapping

from afterbill.model.questions import SCALES, Category, Question

CATEGORIES: Mapping[str, str] = {
    **{category.value: category.value for category in Category},
    "favourable": Category.PROMOTER.value,
    "neutral": Category.PASSIVE.value,
    "unfavourable": Category.DETRACTOR.value,
}
"""The category that has the colour of this one: a report names those of a question other than the recommendation."""


def rating_of(question: Question, name: str) -> str:
    """Return the ratings of a category as the feed takes them, such as 0-6."""
    scale, colour = SCALES[question], CATEGORIES[name]
    ratings = [rating for rating in scale.ratings if scale.category(rating).value == colour]
    return f"{ratings[0]}-{ratings[-1]}"
