"""Values for spreadsheets: numbers stay numbers, and no text is a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

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
    """Return a header and one line per row; a missing value is an empty cell."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])
    return written.getvalue()
