"""Problems and notes about rows: counted, shown on stderr, and written to a CSV file on request."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterbill.model.errors import AfterbillError
from afterbill_cli.masking import masked

_MOST_SHOWN = 20
_LONGEST_VALUE = 40


class WrongError(Exception):
    """A value is wrong: `text` says why, `hint` what to do."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text, self.hint = text, hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is (`column` empty for the whole row), what is wrong, what to do."""

    line: int
    column: str
    text: str
    hint: str


@dataclass
class ProblemLog:
    """Problems: all are counted, the first few kept, each written to `writer` where there is one."""

    writer: Any = None
    count: int = 0
    first: list[Problem] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        """Count a problem, and write it where there is a writer."""
        self.count += 1
        if len(self.first) < _MOST_SHOWN:
            self.first.append(problem)
        if self.writer:
            row = (problem.line, problem.column, problem.text, problem.hint)
            # Half of a surrogate pair, which JSON can carry, has no spelling in a file.
            self.writer.writerow([str(cell).encode(errors="replace").decode() for cell in row])

    def show(self, path: Path) -> None:
        """Print the first problems on stderr as compilers do, the number of the others, and the notes."""
        for problem in self.first:
            where = f"{path.name}:{problem.line}: " + (f"{problem.column}: " if problem.column else "")
            print(f"{where}{problem.text}. {problem.hint}", file=sys.stderr)
        if self.count > len(self.first):
            print(f"... and {self.count - len(self.first)} more: --errors FILE writes all of them", file=sys.stderr)
        for note, count in self.notes.items():
            print(f"note: {count} {note}", file=sys.stderr)


@contextmanager
def problem_log(path: Path | None) -> Iterator[ProblemLog]:
    """Yield a log that writes problems to this CSV file, where one is named."""
    if path is None:
        yield ProblemLog()
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "column", "problem", "hint"))
            yield ProblemLog(writer)
    except OSError as error:
        raise AfterbillError(f"{path}: the errors cannot be written there: {error.strerror}") from error


def shown(value: str) -> str:
    """A value between quotes, cut to what fits a line; of an address only the beginning and the domain."""
    text = masked(value) if "@" in value else value
    cut = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."
    return '"' + "".join(one if one.isprintable() else "?" for one in cut) + '"'


_FIRST = 5
"""The number of lines that are named."""


@dataclass
class Occurrences:
    """The count of one kind of problem, the first lines it is on, and the text of the first."""

    example: str
    count: int = 0
    first: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        more = f" and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        words = "1 row, line" if self.count == 1 else f"{self.count} rows, lines"
        return f"{words} {', '.join(map(str, self.first))}{more}"


@dataclass
class ResponseReport:
    """Rows that were left out and things worth knowing, by kind; each row left out goes to `problems` too.

    `unread` are the first names of columns nobody asked for, `doubt` is what is odd about all ratings together.
    """

    problems: ProblemLog
    left_out: dict[str, Occurrences] = field(default_factory=dict)
    notes: dict[str, Occurrences] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    doubt: str = ""

    def leave_out(self, kind: str, problem: Problem) -> None:
        """Count a row that is not imported."""
        self.problems.add(problem)
        _meet(self.left_out, kind, problem.line, f"{problem.text}. {problem.hint}")

    def note(self, kind: str, line: int) -> None:
        """Count a note about a row that is imported."""
        _meet(self.notes, kind, line, "")

    def show(self) -> None:
        """Print everything on stderr."""
        for kind, lines in self.left_out.items():
            print(f"left out: {lines}: {kind}. Line {lines.first[0]}: {lines.example}", file=sys.stderr)
        for kind, lines in self.notes.items():
            print(f"note: {lines}: {kind}", file=sys.stderr)
        if self.unread:
            print(f"note: columns are not read: {', '.join(map(shown, self.unread))}", file=sys.stderr)
        if self.doubt:
            print(f"note: {self.doubt}", file=sys.stderr)


def _meet(kinds: dict[str, Occurrences], kind: str, line: int, example: str) -> None:
    lines = kinds.setdefault(kind, Occurrences(example))
    lines.count += 1
    if len(lines.first) < _FIRST:
        lines.first.append(line)
