"""A row as its file says it, before anything is checked; and what two formats have in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.importing.fields import FieldMap
from ops.importing.problems import Problem

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """The line it begins on, what it says by field without what is blank, and why it cannot be read."""

    line: int
    said: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read; None is found out."""

    path: Path
    fields: FieldMap
    encoding: str | None = None
    delimiter: str | None = None
    format: str | None = None
    strict: bool = False


@dataclass
class Rows:
    """The records of a file, and the first names of columns nobody asked for, complete once all are read."""

    records: Iterator[Record]
    unknown: dict[str, None] = field(default_factory=dict)

    def ignore(self, column: str) -> None:
        """Remember that it was not read."""
        if len(self.unknown) < _MOST_NAMES:
            self.unknown[column] = None
