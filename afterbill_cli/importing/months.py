"""Answers that are too old to be kept one by one: counted by month, without person or words."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from afterbill.intake.ports import ImportedMonths
from afterbill.model.history import MonthTally
from afterbill.model.questions import Question
from afterbill_cli.importing.response_rows import ResponseRow

_RATINGS = 11


@dataclass
class Months:
    """The months of long ago that one file tells of; `file` is its hash, `stored` and `left` count answers."""

    file: str
    counts: dict[tuple[str, str, str, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * _RATINGS)
    )
    stored: int = 0
    left: int = 0

    def add(self, row: ResponseRow) -> None:
        """Count one answer in its month."""
        one = row.response.collected
        key = (one.day[:7], one.question.value, one.source, one.touchpoint, one.stage)
        self.counts[key][one.answer.rating] += 1

    def store(self, table: ImportedMonths, mark: Callable[[date], None], *, replace: bool) -> None:
        """Store each month, and mark its first day for the archive.

        Months of which another file has told are left, unless they are replaced.
        """
        for tally in self._tallies():
            if table.put(tally, replace=replace):
                mark(tally.month)
                self.stored += sum(tally.ratings)
            else:
                self.left += sum(tally.ratings)

    def _tallies(self) -> Iterator[MonthTally]:
        for (month, question, source, touchpoint, stage), ratings in sorted(self.counts.items()):
            first = date.fromisoformat(f"{month}-01")
            yield MonthTally(first, Question(question), source, touchpoint, stage, tuple(ratings), self.file)
