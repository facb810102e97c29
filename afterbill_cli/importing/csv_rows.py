"""Comma separated values, or those separated by semicolons or tabs."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from afterbill.model.errors import AfterbillError
from afterbill_cli.importing.problems import Problem, shown
from afterbill_cli.importing.records import Layout, Record, Rows

_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')
_LONGEST_RECORD = 1_000_000


@dataclass
class _Counted:
    """Lines with their number; one record may take many, and a quote that is never closed would take them all."""

    lines: Iterator[str]
    number: int = 0
    size: int = 0

    def __iter__(self) -> Iterator[str]:
        """The lines, counted."""
        for line in self.lines:
            self.number += 1
            self.size += len(line)
            if self.size > _LONGEST_RECORD:
                raise csv.Error("field larger than a record may be")
            yield line


def read(lines: Iterator[str], layout: Layout) -> Rows:
    """The rows below the header; an error where there is no header or it does not say what is needed."""
    counted = _Counted(lines)
    each = iter(counted)
    first = next((line for line in each if line.strip()), "")
    if separator := _SEPARATOR_LINE.fullmatch(first.strip()):
        first = next((line for line in each if line.strip()), "")
    if not first:
        raise AfterbillError(f"{layout.path} is empty: it needs a header and a row per {layout.about}")
    delimiter = layout.delimiter or (separator[1] if separator else _delimiter(first, layout))
    reader = csv.reader(chain([first], each), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise AfterbillError(f"{layout.path}:{counted.number}: the header cannot be read: {error}") from error
    places = layout.fields.header(header, layout.path)
    rows = Rows(_records(reader, counted, len(header), places, layout))
    for place, name in enumerate(header):
        if place not in places.values():
            rows.ignore(name or f"number {place + 1}, which has no name")
    return rows


def _delimiter(header: str, layout: Layout) -> str:
    """The one that makes most sense of the header: most columns that are asked for, then most columns."""

    def sense(delimiter: str) -> tuple[int, int]:
        try:
            columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        except csv.Error:
            return (0, 0)
        return (sum(layout.fields.field_of(name) is not None for name in columns), len(columns))

    return max(_DELIMITERS, key=sense)


def _records(
    reader: Iterator[Sequence[str]], counted: _Counted, width: int, places: dict[str, int], layout: Layout
) -> Iterator[Record]:
    while True:
        line, counted.size = counted.number + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _unreadable(line, str(error), layout)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width:
            hint = "Put cells that hold the delimiter or a quote between quotes"
            text = f"{len(cells)} cells under {width} columns, the first is {shown(cells[0])}"
            yield Record(line, problems=(Problem(line, "", text, hint),))
            continue
        said = {name: cells[place].strip() for name, place in places.items()}
        yield Record(line, {name: value for name, value in said.items() if value})


def _unreadable(line: int, error: str, layout: Layout) -> Record:
    if "field larger" in error:
        raise AfterbillError(f"{layout.path}:{line}: a quote is opened here and closed nowhere near")
    text = "a quote is opened and not closed" if "end of data" in error else f"the quotes are wrong ({error})"
    return Record(line, problems=(Problem(line, "", text, 'Inside quotes write "" for a quote'),))
