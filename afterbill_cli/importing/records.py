"""Rows of a CSV or JSON lines file as records, before any value is checked."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn, Protocol

from afterbill.model.errors import AfterbillError
from afterbill_cli.importing import spreadsheets
from afterbill_cli.importing.csv_rows import BadQuotesError, CsvRows, cells_of
from afterbill_cli.importing.customer_columns import ATTRIBUTES, EMAIL, no_email
from afterbill_cli.importing.report import Problem, shown

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """The line it begins on, what it says by field without what is blank, and why it cannot be read."""

    line: int
    values: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Columns(Protocol):
    """The columns of a file; `columns` are those the operator named, by field."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns that the operator named, by field."""

    def field_of(self, column: str) -> str | None:
        """Return the field of a column, None where it is unknown."""

    def header(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        """Fields and where their column stands; an error that shows what to type where that is not clear."""


@dataclass(frozen=True, slots=True)
class Layout:
    """CustomerImportOptions a file is to be read; None is found out. `about` is what a row of it is about."""

    path: Path
    fields: Columns
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
        """Note that a column was not read."""
        if len(self.unknown) < _MOST_NAMES:
            self.unknown[column] = None


_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')
_NOTHING = ' \t\r\n",;'
"""Signs of a line that holds empty cells only."""


def read_csv(lines: Iterator[str], layout: Layout) -> Rows:
    """The rows below the header; an error where there is no header or it does not say what is needed."""
    before, first, separator = _first_line(lines)
    if not first:
        raise AfterbillError(f"{layout.path} is empty: it needs a header and a row per {layout.about}")
    delimiter = layout.delimiter or separator or _delimiter(first, layout)
    cells = CsvRows(chain([first], lines), delimiter, before)
    header = _header(cells, layout)
    places = layout.fields.header(header, layout.path)
    rows = Rows(_csv_records(cells, len(header), places, layout))
    for place, name in enumerate(header):
        if place not in places.values():
            rows.ignore(name or f"number {place + 1}, which has no name")
    return rows


def _first_line(lines: Iterator[str]) -> tuple[int, str, str]:
    """Return how many lines are before the first that holds something, that line, and the delimiter said above it."""
    separator = ""
    for number, line in enumerate(lines):
        said = _SEPARATOR_LINE.fullmatch(line.strip())
        if said and not separator:
            separator = said[1]
        elif line.strip(_NOTHING).strip():
            return number, line, separator
    return 0, "", separator


def _header(rows: CsvRows, layout: Layout) -> list[str]:
    """Return the names of the columns; cells without a name at the end are no columns."""
    line, cells = next(rows)
    if isinstance(cells, BadQuotesError):
        raise AfterbillError(f"{layout.path}:{line}: the header cannot be read: {cells.text}")
    header = [name.strip() for name in _columns(cells, rows.delimiter, layout)]
    while header and not header[-1]:
        header.pop()
    return header


def _delimiter(header: str, layout: Layout) -> str:
    """The one that makes most sense of the header: most columns that are asked for, then most columns."""

    def sense(delimiter: str) -> tuple[int, int]:
        columns = _columns(cells_of(header, delimiter), delimiter, layout)
        return (sum(layout.fields.field_of(name) is not None for name in columns), len(columns))

    return max(_DELIMITERS, key=sense)


def _columns(header: Sequence[str], delimiter: str, layout: Layout) -> Sequence[str]:
    """The names of columns, also where a spreadsheet took all of them for a single one."""
    alone = len(header) == 1 and layout.fields.field_of(header[0].strip()) is None
    return _out_of_one(header, delimiter) if alone else header


def _csv_records(rows: CsvRows, width: int, places: dict[str, int], layout: Layout) -> Iterator[Record]:
    """Yield a record per row that holds something. Cells that are missing at the end of a row are empty."""
    for line, row in rows:
        if isinstance(row, BadQuotesError):
            yield _unreadable(line, row, layout)
            continue
        cells = _out_of_one(row, rows.delimiter) if width > 1 and row[1:] == [] else row
        if any(cells[width:]) and (problem := _beyond(line, cells, width)):
            yield Record(line, problems=(problem,))
        elif values := {name: cell for name, place in places.items() if (cell := _cell(cells, place))}:
            yield Record(line, values)
        elif any(cell.strip() for cell in cells):
            yield Record(line)


def _out_of_one(row: Sequence[str], delimiter: str) -> Sequence[str]:
    """The cells of a row that a spreadsheet took for a single one, and put between quotes as a whole."""
    return cells_of(row[0], delimiter) if row and delimiter in row[0] else row


def _cell(cells: Sequence[str], place: int) -> str:
    return spreadsheets.cell(cells[place]) if place < len(cells) else ""


def _beyond(line: int, cells: Sequence[str], width: int) -> Problem | None:
    """Return what is wrong with a row that says more than the header names; spreadsheets add empty cells."""
    extra = next((place for place in range(width, len(cells)) if cells[place].strip()), None)
    if extra is None:
        return None
    text = f"cell {extra + 1} holds {shown(cells[extra].strip())}, and the header names only {width} columns"
    hint = f"Put a cell that holds the delimiter between quotes, or name column {extra + 1} in the header"
    return Problem(line, "", text, hint)


def _unreadable(line: int, error: BadQuotesError, layout: Layout) -> Record:
    if error.hopeless:
        raise AfterbillError(f"{layout.path}:{line}: {error.text}, as in many rows above: is the delimiter right?")
    hint = "Close it, or remove it" if error.is_open else 'Inside quotes write "" for a quote'
    return Record(line, problems=(Problem(line, "", error.text, hint),))


_ONE_OBJECT = 'Write one object per line, such as {"email": "ada@example.com"}'
_UNASKED = ("is a key nobody asked for", "Remove it, or leave out --strict")


def read_json_lines(lines: Iterator[str], layout: Layout) -> Rows:
    """The objects of the file; an error where it holds one long list."""
    rows = Rows(iter(()))
    rows.records = _json_records(lines, layout, rows)
    return rows


def _json_records(lines: Iterator[str], layout: Layout, rows: Rows) -> Iterator[Record]:
    number = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if number == 1 and line.lstrip().startswith("["):
            command = f"jq -c '.[]' {layout.path} > {layout.path.stem}.jsonl"
            raise AfterbillError(f"{layout.path} is one list. {_ONE_OBJECT}; this does it: {command}")
        yield _json_record(number, line, layout, rows)
    if not number:
        raise AfterbillError(f"{layout.path} is empty: it needs an object per customer")


def _json_record(number: int, line: str, layout: Layout, rows: Rows) -> Record:
    try:
        row = json.loads(
            line, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_unambiguous
        )
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        return Record(number, problems=(Problem(number, "", f"no JSON: {reason}", _ONE_OBJECT),))
    if not isinstance(row, dict):
        return Record(number, problems=(Problem(number, "", f"{shown(line.strip())} is no object", _ONE_OBJECT),))
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for key, value in _flat(row):
        name, text = layout.fields.field_of(key), _text(value)
        if name and text is None:
            problems.append(Problem(number, key, "is no text and no number", "Write it as text"))
        elif name and text:
            values[name] = text
        elif name is None:
            rows.ignore(key)
            problems += [Problem(number, key[:64], *_UNASKED)] if layout.strict else []
    if EMAIL not in (layout.fields.field_of(key) for key in row):
        problems.append(Problem(number, EMAIL, no_email(row), "Every customer needs one"))
    return Record(number, values, tuple(problems))


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`{"attributes": {"seats": 3}}` says the same as `{"attributes.seats": 3}`."""
    for key, value in row.items():
        if f"{key}." == ATTRIBUTES and isinstance(value, dict):
            yield from ((f"{ATTRIBUTES}{name}", item) for name, item in value.items())
        else:
            yield key, value


def _text(value: object) -> str | None:
    """Numbers come as they are written; nothing is an empty text; None is what cannot be one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | None):
        return (value or "").strip()
    return None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands there twice")
    return members


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
