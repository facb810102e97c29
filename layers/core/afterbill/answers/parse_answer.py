"""The one grammar of answers: page, product, API and imports read ratings and comments by the same rules."""

import re
from collections.abc import Mapping
from enum import StrEnum

from afterbill.model.invitation import COMMENT_LENGTH, Answer

RATINGS = {str(rating): rating for rating in range(11)}
"""The only spellings of a rating that count: `07`, ` 7`, `7.0` and other digits are not ratings."""
_YES = frozenset({"on", "true", "1", "yes"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters, but for the tab and the line break."""


class Problem(StrEnum):
    """The part of an answer that cannot be accepted; `form`: the fields could not be read at all."""

    RATING = "rating"
    COMMENT = "comment"
    REASON = "reason"
    FORM = "form"


def parse_answer(fields: Mapping[str, str] | None, reasons: frozenset[str]) -> Answer | Problem:
    """Read the answer in a form's fields: a rating is never guessed, a reason never invented, a comment never cut off.

    `fields` is None where none could be read.
    """
    if fields is None:
        return Problem.FORM
    rating = RATINGS.get(fields.get("rating", ""))
    if rating is None:
        return Problem.RATING
    comment = clean_comment(fields.get("comment", ""))
    if len(comment) > COMMENT_LENGTH:
        return Problem.COMMENT
    reason = fields.get("reason", "")
    if reason and reason not in reasons:
        return Problem.REASON
    return Answer(rating, comment, reason, contact_ok=fields.get("contact_ok", "") in _YES)


def clean_comment(typed: str) -> str:
    """Return the comment as it is stored: unified line breaks, no blanks around it, no control characters.

    Half of a surrogate pair, which JSON can carry and nothing can store, becomes a question mark.
    """
    lines = typed.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", lines).strip().encode("utf-8", "replace").decode()
