"""Rows on their way into the table: what is remembered, how long is waited, what is told."""

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.billing import BillingEvent, CustomerRef
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError, TransientError
from afterbill_cli.importing.customers import ReadOnly, customer_writer
from afterbill_cli.importing.import_customers import CustomerImportDeps, Outcome
from afterbill_cli.importing.journal import FOLDER, Journal, journal
from afterbill_cli.importing.progress import Progress
from afterbill_cli.importing.retrying_writer import RetryingWriter
from afterbill_cli.memory.table import MemoryTable
from tests.factories import NOON, hash_address, ids, news

ROWS = 500
NEW_ID = ids("customer")


class Killed(Exception):  # noqa: N818  # nobody raises it but a test
    """The process was killed."""


@dataclass
class Table(MemoryTable):
    """Is killed, or busy, at some of its commits."""

    killed_at: int = -1
    busy: int = 0
    written: Counter[str] = field(default_factory=Counter)

    def commit(self, change: FactWrites) -> bool:
        self.killed_at -= 1
        if self.killed_at == 0:
            raise Killed
        self.busy -= 1
        if self.busy >= 0:
            raise TransientError("the table is throttling")
        self.written.update(one.id for one in change.customers)
        return super().commit(change)


def rows(count: int = ROWS) -> list[tuple[int, BillingEvent]]:
    return [
        (n, news(CustomerRef(str(n), email=f"person{n}@example.com", name=f"Name {n}"))) for n in range(1, count + 1)
    ]


def writer(table: MemoryTable, sleeps: list[float] | None = None) -> RetryingWriter[BillingEvent]:
    slept = [] if sleeps is None else sleeps
    return customer_writer(CustomerImportDeps(table, hash_address, str, NEW_ID, NOON), lambda _: None, slept.append)


def book(folder: Path, now: datetime = NOON) -> Journal:
    folder.mkdir(exist_ok=True)
    return journal(folder / "customers.csv", "digest", "stack", "reading", now)


def people(table: MemoryTable) -> dict[str, tuple[str | None, str | None, int]]:
    """By alias, for their ids are random."""
    by_alias: dict[str, Customer] = {alias: table.people[to] for alias, to in table.aliases.items()}
    return {alias: (customer.address, customer.name, customer.version) for alias, customer in by_alias.items()}


@pytest.mark.parametrize("commit", [1, 2, 4, 9, 10])
def test_an_import_that_is_killed_goes_on_where_it_was_and_writes_nothing_twice(tmp_path: Path, commit: int) -> None:
    whole, table = Table(), Table(killed_at=commit)
    writer(whole).write(rows(), book(tmp_path / "whole"))

    with pytest.raises(Killed):
        writer(table).write(rows(), book(tmp_path))
    again = book(tmp_path, datetime(2027, 1, 1, tzinfo=UTC))
    writer(table).write([one for one in rows() if one[0] > again.done], again)

    assert again.done == ROWS
    assert people(table) == people(whole)
    assert set(table.written.values()) == {1}


def test_a_journal_remembers_what_was_done_and_since_when(tmp_path: Path) -> None:
    first = book(tmp_path)
    writer(Table()).write(rows(120), first)

    later = book(tmp_path, datetime(2027, 1, 1, tzinfo=UTC))

    assert (later.done, later.began_at, later.finished_at) == (120, NOON, None)
    assert later.outcomes == {Outcome.NEW: 120}
    later.finish(120, NOON)
    assert book(tmp_path).finished_at == NOON


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"began_at": 7}'], ids=repr)
def test_one_that_cannot_be_read_begins_anew(tmp_path: Path, content: str) -> None:
    first = book(tmp_path)
    first.write()
    first.path.write_text(content)

    assert book(tmp_path) == first


def test_it_holds_no_address_and_lies_beside_the_file(tmp_path: Path) -> None:
    writer(Table()).write(rows(3), book(tmp_path))

    [file] = (tmp_path / FOLDER).iterdir()
    assert json.loads(file.read_text())["file"] == "customers.csv"
    assert "@" not in file.read_text()


def test_another_content_stack_or_reading_is_another_import(tmp_path: Path) -> None:
    identities = [("digest", "stack", "a"), ("digest", "stack", "b"), ("digest", "other", "a"), ("other", "stack", "a")]

    assert len({journal(tmp_path / "x.csv", *one, NOON).path for one in identities}) == 4


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file stands there")

    with pytest.raises(AfterbillError, match="it remembers which rows are done"):
        book(tmp_path).write()


def test_a_busy_table_is_waited_for(tmp_path: Path) -> None:
    table, sleeps = Table(busy=3), []

    writer(table, sleeps).write(rows(10), book(tmp_path))

    assert sleeps == [0, 1, 2, 4]
    assert len(table.people) == 10


def test_not_for_ever_and_what_is_done_is_remembered(tmp_path: Path) -> None:
    table, sleeps = Table(busy=1000), []

    with pytest.raises(AfterbillError, match=r"the table is throttling\. What is done is remembered: run the same"):
        writer(table, sleeps).write(rows(10), book(tmp_path))

    assert 240 <= sum(sleeps) <= 600


def test_a_dry_run_says_what_would_come_of_it_and_writes_nothing() -> None:
    table = Table()

    outcomes = writer(ReadOnly(table)).try_out(rows(150))

    assert outcomes == {Outcome.NEW: 150}
    assert (table.people, table.aliases) == ({}, {})


def test_a_dry_run_over_what_is_known_finds_nothing_to_do(tmp_path: Path) -> None:
    table = Table()
    writer(table).write(rows(99), book(tmp_path))

    assert writer(ReadOnly(table)).try_out(rows(99)) == {Outcome.UNCHANGED: 99}


# Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_every_tenth_is_a_line() -> None:
    stream = io.StringIO()
    progress = Progress("importing", 1000, stream)
    for done in range(0, 1000, 7):
        progress.at(done)
    progress.end()
    progress.end()

    assert stream.getvalue().splitlines() == [f"importing {percent} %" for percent in range(10, 101, 10)]


def test_on_a_terminal_it_is_a_bar_on_one_line() -> None:
    stream = Terminal()
    progress = Progress("importing", 4, stream)
    for done in (1, 1, 2):
        progress.at(done)
    progress.end()

    assert stream.getvalue() == (
        "\rimporting [#######                       ]  25 %"
        "\rimporting [###############               ]  50 %"
        "\rimporting [##############################] 100 %\n"
    )


def test_nothing_to_do_is_done() -> None:
    stream = io.StringIO()
    Progress("checking", 0, stream).end()
    assert stream.getvalue() == "checking 100 %\n"
