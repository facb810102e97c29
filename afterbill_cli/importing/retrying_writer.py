"""Write checked rows to the table in chunks, and retry while it is busy."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from afterbill.model.errors import AfterbillError
from afterbill_cli.importing.journal import Journal

Row = TypeVar("Row")

_PAUSES = (1, 2, 4, 8, 16, 30, 30, 30, 60, 60, 60)
"""Seconds between the tries of one chunk: a table at its limit recovers within a minute, an outage takes longer."""


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Row]):
    """The outcomes of rows; those `left` need another try, because the table was busy (`problem`)."""

    outcomes: Counter[str]
    left: Sequence[Row] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RetryingWriter(Generic[Row]):
    """Imports rows in chunks of `together`; `at` is called with the number of the last row that is done."""

    attempt: Callable[[Sequence[Row]], Attempt[Row]]
    together: int
    at: Callable[[int], None]
    sleep: Callable[[float], None] = time.sleep

    def try_out(self, rows: Iterable[tuple[int, Row]]) -> Counter[str]:
        """Count the outcomes without writing; chunks do not see each other."""
        outcomes = Counter[str]()
        for number, chunk in self._chunks(rows):
            outcomes += self._patiently(chunk)
            self.at(number)
        return outcomes

    def write(self, rows: Iterable[tuple[int, Row]], journal: Journal) -> None:
        """Import them; after each chunk the journal says so."""
        for number, chunk in self._chunks(rows):
            journal.outcomes += self._patiently(chunk)
            journal.done = number
            journal.write()
            self.at(number)

    def _patiently(self, chunk: Sequence[Row]) -> Counter[str]:
        outcomes = Counter[str]()
        problem = ""
        for pause in (0, *_PAUSES):
            self.sleep(pause)
            attempt = self.attempt(chunk)
            outcomes += attempt.outcomes
            if not attempt.left:
                return outcomes
            chunk, problem = attempt.left, attempt.problem
        raise AfterbillError(f"{problem}. What is done is remembered: run the same command again to go on")

    def _chunks(self, rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, list[Row]]]:
        """Chunks and the number of the last row of each."""
        chunk: list[Row] = []
        last = 0
        for last, row in rows:
            chunk.append(row)
            if len(chunk) == self.together:
                yield last, chunk
                chunk = []
        if chunk:
            yield last, chunk
