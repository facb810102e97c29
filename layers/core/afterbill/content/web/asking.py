"""What the page asks beside the number, and in which steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Step(StrEnum):
    """One screen of a phone; a wide screen shows the first three of them as one."""

    RATING = "rating"
    REASON = "reason"
    COMMENT = "comment"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Asking:
    """What surveys.toml says to the page.

    `reasons` are the choices of each touchpoint, those of all others under `""`; `visible` is how many seconds a page
    must have been in front of somebody before its script says so.
    """

    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    visible: float = 0.4

    def steps(self, touchpoint: str) -> list[Step]:
        """The screens of a phone, in their order."""
        return [step for step in Step if step is not Step.REASON or self.choices(touchpoint)]

    def choices(self, touchpoint: str) -> Sequence[str]:
        """The reasons that can be chosen."""
        return self.reasons.get(touchpoint, self.reasons.get("", ()))
