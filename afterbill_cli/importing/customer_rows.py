"""Rows of a customers file, all checked before anything is written: each is a profile update or a list of problems."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from afterbill.adapters.addresses import is_role
from afterbill.model.addresses import mailbox
from afterbill.model.billing import BillingEvent, CustomerRef
from afterbill.model.errors import AfterbillError
from afterbill_cli.importing import checks, records, spreadsheets, text_files
from afterbill_cli.importing.customer_columns import ATTRIBUTES, CONSENT_TEXT, EMAIL, ID, OF_ATTRIBUTES, UPDATED_AT
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.records import Layout, Record, Rows
from afterbill_cli.importing.report import Problem, ProblemLog, WrongError, shown
from afterbill_cli.importing.times import TimeSpelling
from afterbill_cli.masking import masked

SOURCE = "import"
"""The source of events where no --source is given."""
_NO_SOURCE = "rows have an id that is not read: --source says whose it is"
_MOST_BYTES = 10_000
"""The limit of all values of one row: a hundred customers must fit into one transaction of 4 MB."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """The profile update of one record, and notes about it."""

    event: BillingEvent
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerChecker:
    """Checks records; ids are those of `source`, what has no time of its own is true since `now`."""

    source: str | None
    now: datetime
    times: TimeSpelling

    def row(self, record: Record) -> CustomerRow | list[Problem]:
        """Return the row, or its problems."""
        if record.problems:
            return list(record.problems)
        good: dict[str, str] = {}
        problems = [] if EMAIL in record.values else [_empty(record)]
        for name, value in record.values.items():
            try:
                good[name] = self._checked(name, value)
            except WrongError as wrong:
                problems.append(Problem(record.line, name, wrong.text, wrong.hint))
        size = sum(len(value.encode("utf-8", "replace")) for value in record.values.values())
        if size > _MOST_BYTES and not problems:
            problems.append(Problem(record.line, "", f"{size} bytes in all, more than {_MOST_BYTES}", "Leave some out"))
        if problems:
            return problems
        return CustomerRow(self._event(record.line, good), (*_notes(good), *self._notes_of_id(record, good.get(ID))))

    def _checked(self, name: str, value: str) -> str:
        if name != CONSENT_TEXT:
            spreadsheets.refuse_formula(value)
        return self._check(name)(value)

    def _notes_of_id(self, record: Record, id_: str | None) -> Iterator[str]:
        if id_ is None:
            return
        if not self.source:
            yield _NO_SOURCE
        yield from spreadsheets.notes_of_id(record.values[ID], id_)

    def _check(self, name: str) -> Callable[[str], str]:
        if name == UPDATED_AT or (name in OF_ATTRIBUTES and name.endswith("_at")):
            return partial(checks.time_text, times=self.times, now=self.now)
        return _CHECKS.get(name, checks.text)

    def _event(self, line: int, values: Mapping[str, str]) -> BillingEvent:
        attributes = {name: values[name] for name in OF_ATTRIBUTES if name in values}
        attributes |= {name.removeprefix(ATTRIBUTES): values[name] for name in values if name.startswith(ATTRIBUTES)}
        return BillingEvent(
            source=self.source or SOURCE,
            event_id=f"line {line}",
            occurred_at=datetime.fromisoformat(values[UPDATED_AT]) if UPDATED_AT in values else self.now,
            customer=CustomerRef(
                id=values.get(ID) if self.source else None,
                email=values[EMAIL],
                name=values.get("name"),
                locale=values.get("locale"),
                country=values.get("country"),
                time_zone=values.get("time_zone"),
                phone=values.get("phone"),
                attributes=attributes,
            ),
            plan=values.get("plan"),
        )


_CHECKS: Mapping[str, Callable[[str], str]] = {
    EMAIL: checks.address,
    ID: checks.identifier,
    "locale": checks.locale,
    "country": checks.country,
    "time_zone": checks.time_zone,
    "phone": checks.phone,
}


def _empty(record: Record) -> Problem:
    return Problem(record.line, EMAIL, "is empty", "Every customer needs one: add it, or remove the row")


def _notes(values: Mapping[str, str]) -> list[str]:
    notes = []
    if is_role(values[EMAIL]):
        notes.append("addresses of offices and programs (billing@, noreply@) are imported, and never asked")
    if ("consent_at" in values) != ("consent_text" in values):
        notes.append("rows have only one of consent_at and consent_text: without both there is no proof of a consent")
    return notes


_JSON = frozenset({".json", ".jsonl", ".ndjson"})


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Counts: all rows, and those that are not imported."""

    rows: int
    refused: int


def validate(
    layout: Layout, checker: CustomerChecker, seen: Seen, problems: ProblemLog, at: Callable[[int], None]
) -> RowCounts:
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
        checked = checker.row(record)
        wrong = _duplicates(checked, record.line, seen) if isinstance(checked, CustomerRow) else checked
        if isinstance(checked, CustomerRow):
            problems.notes.update(checked.notes)
        for problem in wrong:
            problems.add(problem)
        if wrong:
            refused += 1
            seen.refuse(number)
    if not number:
        raise AfterbillError(f"{layout.path} has no rows: it needs one per customer")
    if rows.unknown:
        problems.notes[f"columns are not read: {', '.join(map(shown, rows.unknown))}"] = len(rows.unknown)
    return RowCounts(number, refused)


def events(layout: Layout, checker: CustomerChecker, seen: Seen, done: int) -> Iterator[tuple[int, BillingEvent]]:
    """Number and event of the rows after the first `done` that are to be imported."""
    for number, record in enumerate(read(layout, _nobody).records, 1):
        if number <= done or seen.refused(number):
            continue
        row = checker.row(record)
        if not isinstance(row, CustomerRow):
            raise AfterbillError(f"{layout.path} was changed while it was imported: run the command again")
        yield number, row.event


def read(layout: Layout, at: Callable[[int], None]) -> Rows:
    """The rows of a file, whatever its format."""
    encoding = text_files.encoding_of(layout.path, layout.encoding)
    lines = text_files.lines(layout.path, encoding, at)
    chosen = layout.format or ("jsonl" if layout.path.suffix.casefold() in _JSON else "csv")
    return records.read_json_lines(lines, layout) if chosen == "jsonl" else records.read_csv(lines, layout)


def _duplicates(row: CustomerRow, line: int, seen: Seen) -> list[Problem]:
    """A row that is refused claims nothing, so that the next one about this customer can be taken."""
    who = row.event.customer
    # People share addresses: only who has no id is known by theirs.
    names = {ID: f"id {who.id}"} if who.id else {EMAIL: f"mail {mailbox(who.address or '')}"}
    first = {column: seen.claim(name, line) for column, name in names.items()}
    labels = {EMAIL: masked(who.address or ""), ID: shown(who.id or "")}
    problems = [
        Problem(line, column, f"{labels[column]} stands on line {at} already", "Keep one of the two rows")
        for column, at in first.items()
        if at != line
    ]
    if problems:
        for column, at in first.items():
            if at == line:
                seen.release(names[column])
    return problems


def _nobody(_: int) -> None:
    """Ignore progress."""
