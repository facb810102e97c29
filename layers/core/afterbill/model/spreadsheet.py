"""Values for spreadsheets: numbers stay numbers, and no text is a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from afterbill.model.plain_text import harmless

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\n")
"""A spreadsheet computes a cell that begins with one of these, of which some are wide in East Asia."""


def cell(value: object) -> object:
    """Return the value of a cell of CSV: a harmless text gets an apostrophe in front where it looks like a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = harmless(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return what `write_csv` writes."""
    written = io.StringIO()
    write_csv(written, columns, rows)
    return written.getvalue()


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a header and one line per row, each as soon as it is read; a missing value is an empty cell."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])
