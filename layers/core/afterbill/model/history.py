"""Answers of so long ago that none of them is kept: how often each rating was given, by month."""

from dataclasses import dataclass
from datetime import date

from afterbill.model.questions import Question


@dataclass(frozen=True, slots=True)
class MonthTally:
    """The imported answers of one month, named by its first day, to one question at one touchpoint.

    `ratings` counts 0 to 10. `file` is a hash of the file they were read from: the same file again is no news. Nobody
    is named, and no word is kept.
    """

    month: date
    question: Question
    source: str
    touchpoint: str
    stage: str
    ratings: tuple[int, ...]
    file: str
