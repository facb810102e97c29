"""What is told of rows: how many came to what, and where the first of them stand."""

import sys
from dataclasses import dataclass, field

from afterbill_cli.importing.problems import Problem, Problems, shown

_FIRST = 5
"""Lines that are named."""


@dataclass
class Lines:
    """How often something was met, the first lines it was met on, and what was said of the very first."""

    example: str
    count: int = 0
    first: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        more = f" and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        words = "1 row, line" if self.count == 1 else f"{self.count} rows, lines"
        return f"{words} {', '.join(map(str, self.first))}{more}"


@dataclass
class Report:
    """Rows that were left out and things worth knowing, by kind; each row left out goes to `problems` too.

    `unread` are the first names of columns nobody asked for.
    """

    problems: Problems
    left_out: dict[str, Lines] = field(default_factory=dict)
    notes: dict[str, Lines] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def leave_out(self, kind: str, problem: Problem) -> None:
        """A row is not imported."""
        self.problems.add(problem)
        _meet(self.left_out, kind, problem.line, f"{problem.text}. {problem.hint}")

    def note(self, kind: str, line: int) -> None:
        """A row is imported, and something about it is told."""
        _meet(self.notes, kind, line, "")

    def show(self) -> None:
        """Tell all of it on stderr."""
        for kind, lines in self.left_out.items():
            print(f"left out: {lines}: {kind}. Line {lines.first[0]}: {lines.example}", file=sys.stderr)
        for kind, lines in self.notes.items():
            print(f"note: {lines}: {kind}", file=sys.stderr)
        if self.unread:
            print(f"note: columns are not read: {', '.join(map(shown, self.unread))}", file=sys.stderr)


def _meet(kinds: dict[str, Lines], kind: str, line: int, example: str) -> None:
    lines = kinds.setdefault(kind, Lines(example))
    lines.count += 1
    if len(lines.first) < _FIRST:
        lines.first.append(line)
