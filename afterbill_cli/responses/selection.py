"""The responses that an operator wants to read."""

import re
import unicodedata
from dataclasses import dataclass

from afterbill.model.invitation import Invitation
from afterbill.model.questions import SCALES

_HIGHEST = max(scale.highest for scale in SCALES.values())
_RATINGS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of responses by their properties; empty and None take all.

    `contains` is looked for in comments, in small and capital letters alike.
    """

    question: str = ""
    touchpoint: str = ""
    ratings: frozenset[int] | None = None
    contains: str = ""
    commented: bool = False

    def counts(self, question: str, touchpoint: str, rating: int) -> bool:
        """Return True unless something other than the comment speaks against a response with these."""
        return (
            self.question in {"", question}
            and self.touchpoint in {"", touchpoint}
            and (self.ratings is None or rating in self.ratings)
        )

    def takes(self, response: Invitation) -> bool:
        """Return True if this response is selected; an erased one has no answer any more."""
        answer = response.answer
        if answer is None or not self.counts(response.question, response.touchpoint, answer.rating):
            return False
        return folded(self.contains) in folded(answer.comment) and bool(answer.comment or not self.commented)


def folded(text: str) -> str:
    """Return the text as it is compared: small and capital letters are one, and so are the spellings of a letter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def ratings(text: str) -> frozenset[int]:
    """Read ratings such as `9`, `0-6` or `0,1,9-10`; ValueError where they are none."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RATINGS.fullmatch(part.strip())
        lowest, highest = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not lowest <= highest <= _HIGHEST:
            raise ValueError(f"{text!r}: write ratings from 0 to {_HIGHEST} as 9, as 0-6 or as 0,1,2")
        found |= set(range(lowest, highest + 1))
    return frozenset(found)
