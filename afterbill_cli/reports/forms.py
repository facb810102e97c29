"""A report as CSV and as a workbook: numbers stay numbers, no text is a formula or a link."""

import io
import re
from collections.abc import Mapping
from typing import Any

from afterbill.insight.reports.tables import Table, header, tables
from afterbill.model.plain_text import harmless
from afterbill.model.spreadsheet import csv_text

_SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_LONGEST_NAME = 31
"""Characters of the name of a sheet."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def as_csv(document: Mapping[str, Any]) -> str:
    """Return the rows; what else the report holds has no place in one table."""
    rows = next((table for table in tables(document) if table.name == "rows"), Table("rows", ()))
    return csv_text(rows.columns, rows.rows)


def as_workbook(document: Mapping[str, Any]) -> bytes:
    """Return a workbook with a sheet `report` about the whole, and one for each table."""
    from xlsxwriter import Workbook  # noqa: PLC0415  # the other forms do not wait for it

    written = io.BytesIO()
    with Workbook(written, _SAFE) as book:
        bold, taken = book.add_format({"bold": True}), set[str]()
        about = Table("report", [{"name": name, "value": value} for name, value in header(document).items()])
        for table in (about, *tables(document)):
            _write(book.add_worksheet(_sheet_name(table.name, taken)), table, bold)
    return written.getvalue()


def _write(sheet: Any, table: Table, bold: Any) -> None:  # noqa: ANN401  # of xlsxwriter, which has no types
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, harmless(name), bold)
        for line, row in enumerate(table.rows, 1):
            _cell(sheet, line, column, row.get(name))
    sheet.autofit()


def _cell(sheet: Any, line: int, column: int, value: object) -> None:  # noqa: ANN401  # as above
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(line, column, value)
    elif value is not None:
        sheet.write_string(line, column, harmless(str(value)))


def _sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that no other sheet has; places within a report are long."""
    short = _FORBIDDEN.sub(" ", name)[-_LONGEST_NAME:].strip(" .")
    number = 2
    while short.lower() in taken:
        short, number = f"{short[: _LONGEST_NAME - 3]} {number}", number + 1
    taken.add(short.lower())
    return short
