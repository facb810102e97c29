"""A row as its file says it, before anything is checked; and what two formats have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from afterbill_cli.importing.problems import Problem

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """The line it begins on, what it says by field without what is blank, and why it cannot be read."""

    line: int
    said: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Fields(Protocol):
    """Which column of a file says what; `columns` are those the operator named, by field."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Fields and their columns."""

    def field_of(self, column: str) -> str | None:
        """What a column says, None where that is not known."""

    def header(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        """Fields and where their column stands; an error that shows what to type where that is not clear."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read; None is found out. `about` is what a row of it is about."""

    path: Path
    fields: Fields
    encoding: str | None = None
    delimiter: str | None = None
    format: str | None = None
    strict: bool = False
    about: str = "customer"


@dataclass
class Rows:
    """The records of a file, and the first names of columns nobody asked for, complete once all are read."""

    records: Iterator[Record]
    unknown: dict[str, None] = field(default_factory=dict)

    def ignore(self, column: str) -> None:
        """Remember that it was not read."""
        if len(self.unknown) < _MOST_NAMES:
            self.unknown[column] = None
