"""Imported months in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from afterbill.model.history import MonthTally


@dataclass
class MemoryHistory:
    """ImportedMonths, and what is read of them."""

    tallies: dict[tuple[date, str, str, str], MonthTally] = field(default_factory=dict)
    cuts: dict[str, date] = field(default_factory=dict)

    def cut(self, source: str, day: date) -> date:
        """The day of the first import of the source."""
        return self.cuts.setdefault(source, day)

    def put(self, tally: MonthTally, *, replace: bool = False) -> bool:
        """Unless another file told it."""
        key = (tally.month, tally.question.value, tally.source, tally.touchpoint)
        known = self.tallies.get(key)
        if known and known.file != tally.file and not replace:
            return False
        self.tallies[key] = tally
        return True

    def of_month(self, month: date) -> Sequence[MonthTally]:
        """In the order of their keys."""
        return [tally for key, tally in sorted(self.tallies.items()) if key[0] == month]
