"""The form of the survey page: its steps and its settings."""

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
class FormSettings:
    """The settings of surveys.toml for the form.

    `reasons` are the choices of each touchpoint, those of all others under `""`; `visible` is how many seconds a page
    must have been visible before its script reports it.
    """

    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    visible: float = 0.4

    def steps(self, touchpoint: str, *, contact: bool = True) -> list[Step]:
        """Return the screens of a phone, in their order; the last only where there is somebody to `contact`."""
        asked = {Step.REASON: bool(self.choices(touchpoint)), Step.CONTACT: contact}
        return [step for step in Step if asked.get(step, True)]

    def choices(self, touchpoint: str) -> Sequence[str]:
        """Return the reasons that can be chosen."""
        return self.reasons.get(touchpoint, self.reasons.get("", ()))
