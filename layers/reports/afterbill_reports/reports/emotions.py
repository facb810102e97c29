"""The word for how people feel who choose a reason: a reading aid for journeys, made of the reason and the category.

It is a fixed table and no measurement: nobody was asked for a feeling, and no text is read.
"""

from collections.abc import Mapping

from afterbill.model.questions import Category

_WORDS: Mapping[str, tuple[str, str]] = {
    "billing_clarity": ("sure", "confused"),
    "price": ("fairly treated", "overcharged"),
    "payment_method": ("at ease", "hindered"),
    "invoice_error": ("confident", "distrustful"),
    "service": ("cared for", "left alone"),
    "product": ("delighted", "disappointed"),
}
"""By reason that is shipped: the word of those who are content with it, and of those who are not."""

_OTHERS = ("content", "discontent")
_BETWEEN = "indifferent"


def emotion(reason: str, category: Category) -> str:
    """Return the word for a reason in this category; reasons of an operator's own have two plain words."""
    if category is Category.PASSIVE:
        return _BETWEEN
    return _WORDS.get(reason, _OTHERS)[category is Category.DETRACTOR]
