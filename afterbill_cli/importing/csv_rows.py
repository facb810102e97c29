"""The rows of a CSV file with the line each begins on; one whose quotes are wrong does not cost those below it."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

_LONGEST_ROW = 1_000_000
"""Characters of one row: a quote that is never closed would take the whole file into it."""
_MOST_READ_AGAIN = 100_000_000
"""Characters of lines that are read a second time, before reading the file is given up."""
_OPEN = "a quote is opened here and closed nowhere near"


class BadQuotesError(Exception):
    """A row cannot be told from those around it, perhaps because a quote `is_open`.

    It is `hopeless` where so many cannot that reading on makes no sense.
    """

    def __init__(self, error: str, *, hopeless: bool) -> None:
        super().__init__(error)
        self.hopeless = hopeless
        self.is_open = error == _OPEN or "field larger" in error or "end of data" in error
        self.text = _OPEN if self.is_open else f"the quotes are wrong ({error})"


@dataclass
class CsvRows:
    """Rows of `lines`; `number` is that of the last line a row has taken.

    After a row with wrong quotes, reading goes on at the line below the one it begins on.
    """

    lines: Iterator[str]
    delimiter: str
    number: int = 0
    _waiting: deque[str] = field(default_factory=deque)
    _taken: list[str] = field(default_factory=list)
    _size: int = 0
    _again: int = 0

    def __post_init__(self) -> None:
        self._reader = self._from_here()

    def __iter__(self) -> Self:
        """Return itself: a row is read once."""
        return self

    def __next__(self) -> tuple[int, list[str] | BadQuotesError]:
        """Return the line on which a row begins, and its cells or why they cannot be read."""
        line = self.number + 1
        self._taken, self._size = [], 0
        try:
            return line, next(self._reader)
        except csv.Error as error:
            self._reader = self._from_here()
            return line, self._given_back(error)

    def _from_here(self) -> Iterator[list[str]]:
        return csv.reader(iter(self._line, None), delimiter=self.delimiter, strict=True)

    def _line(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else next(self.lines, None)
        if line is not None:
            self.number += 1
            self._size += len(line)
            self._taken.append(line)
            if self._size > _LONGEST_ROW:
                raise csv.Error(_OPEN)
        return line

    def _given_back(self, error: csv.Error) -> BadQuotesError:
        """Return why the row cannot be read; all its lines but the first wait to be read as rows of their own."""
        below = self._taken[1:]
        self._waiting.extendleft(reversed(below))
        self.number -= len(below)
        self._again += sum(map(len, below))
        return BadQuotesError(str(error), hopeless=self._again > _MOST_READ_AGAIN)


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, stripped; none where its quotes make no sense."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return []
