"""What is wrong with a row, told without repeating a whole address."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterbill.model.errors import AfterbillError

_MOST_SHOWN = 20
_LONGEST_VALUE = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is (`column` empty for the whole row), what is wrong, what to do."""

    line: int
    column: str
    text: str
    hint: str


@dataclass
class Problems:
    """All of them counted, the first few kept, each written to `writer` where there is one."""

    writer: Any = None
    count: int = 0
    first: list[Problem] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        """Remember it."""
        self.count += 1
        if len(self.first) < _MOST_SHOWN:
            self.first.append(problem)
        if self.writer:
            row = (problem.line, problem.column, problem.text, problem.hint)
            # Half of a surrogate pair, which JSON can carry, has no spelling in a file.
            self.writer.writerow([str(cell).encode(errors="replace").decode() for cell in row])

    def show(self, path: Path) -> None:
        """Tell the first few on stderr, as compilers do, then how many there are; after them what is only to know."""
        for one in self.first:
            where = f"{path.name}:{one.line}: " + (f"{one.column}: " if one.column else "")
            print(f"{where}{one.text}. {one.hint}", file=sys.stderr)
        if self.count > len(self.first):
            print(f"... and {self.count - len(self.first)} more: --errors FILE writes all of them", file=sys.stderr)
        for note, count in self.notes.items():
            print(f"note: {count} {note}", file=sys.stderr)


@contextmanager
def collected(path: Path | None) -> Iterator[Problems]:
    """Problems that go to this file as CSV, where one is named."""
    if path is None:
        yield Problems()
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "column", "problem", "hint"))
            yield Problems(writer)
    except OSError as error:
        raise AfterbillError(f"{path}: the errors cannot be written there: {error.strerror}") from error


def shown(value: str) -> str:
    """A value between quotes, cut to what fits a line; of an address only the beginning and the domain."""
    told = masked(value) if "@" in value else value
    cut = told if len(told) <= _LONGEST_VALUE else told[:_LONGEST_VALUE] + "..."
    return '"' + "".join(one if one.isprintable() else "?" for one in cut) + '"'


def masked(address: str) -> str:
    """`a***@example.com`; whatever stands before the last @ counts as its holder's."""
    holder, _, domain = address.strip().rpartition("@")
    return f"{holder[:1].replace('@', '')}***@{domain}"
