"""The whole file is read and checked before anything is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterbill.model.billing import BillingEvent
from afterbill.model.errors import AfterbillError
from afterbill_cli.importing import csv_rows, json_rows, text_files
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.fields import EMAIL, ID
from afterbill_cli.importing.problems import Problem, Problems, masked, shown
from afterbill_cli.importing.records import Layout, Rows
from afterbill_cli.importing.rows import Checker, Row

_JSON = frozenset({".json", ".jsonl", ".ndjson"})


@dataclass(frozen=True, slots=True)
class Checked:
    """How many rows there are, and how many of them are not to be imported."""

    rows: int
    refused: int


def validate(layout: Layout, checker: Checker, seen: Seen, problems: Problems, at: Callable[[int], None]) -> Checked:
    """Every mistake of the file goes to `problems`, rows that are not to be imported to `seen`.

    Raises AfterbillError where it cannot be read on; `at` is told how many bytes are read.
    """
    rows = read(layout, at)
    if layout.strict and rows.unknown:
        named = ", ".join(map(shown, rows.unknown))
        raise AfterbillError(
            f"{layout.path}: nobody asked for these columns: {named}. Remove them, or leave out --strict"
        )
    number = refused = 0
    for number, record in enumerate(rows.records, 1):
        found = checker.row(record)
        wrong = _duplicates(found, record.line, seen) if isinstance(found, Row) else found
        if isinstance(found, Row):
            problems.notes.update(found.notes)
        for problem in wrong:
            problems.add(problem)
        if wrong:
            refused += 1
            seen.refuse(number)
    if not number:
        raise AfterbillError(f"{layout.path} has no rows: it needs one per customer")
    if rows.unknown:
        problems.notes[f"columns are not read: {', '.join(map(shown, rows.unknown))}"] = len(rows.unknown)
    return Checked(number, refused)


def events(layout: Layout, checker: Checker, seen: Seen, done: int) -> Iterator[tuple[int, BillingEvent]]:
    """Number and event of the rows after the first `done` that are to be imported."""
    for number, record in enumerate(read(layout, _nobody).records, 1):
        if number <= done or seen.refused(number):
            continue
        row = checker.row(record)
        if not isinstance(row, Row):
            raise AfterbillError(f"{layout.path} was changed while it was imported: run the command again")
        yield number, row.event


def read(layout: Layout, at: Callable[[int], None]) -> Rows:
    """The rows of a file, whatever its format."""
    encoding = text_files.encoding_of(layout.path, layout.encoding)
    lines = text_files.lines(layout.path, encoding, at)
    chosen = layout.format or ("jsonl" if layout.path.suffix.casefold() in _JSON else "csv")
    return json_rows.read(lines, layout) if chosen == "jsonl" else csv_rows.read(lines, layout)


def _duplicates(row: Row, line: int, seen: Seen) -> list[Problem]:
    """A row that is refused claims nothing, so that the next one about this customer can be taken."""
    who = row.event.customer
    names = {EMAIL: f"mail {(who.address or '').casefold()}"} | ({ID: f"id {who.id}"} if who.id else {})
    first = {column: seen.claim(name, line) for column, name in names.items()}
    told = {EMAIL: masked(who.address or ""), ID: shown(who.id or "")}
    problems = [
        Problem(line, column, f"{told[column]} stands on line {at} already", "Keep one of the two rows")
        for column, at in first.items()
        if at != line
    ]
    if problems:
        for column, at in first.items():
            if at == line:
                seen.release(names[column])
    return problems


def _nobody(_: int) -> None:
    """Listens."""
