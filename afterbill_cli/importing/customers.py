"""Import the customers of a file: check all of it, then write, then remember that it is done."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.dynamodb.imports import ImportsTable
from afterbill.intake.import_customers import CustomerImportDeps, Outcome
from afterbill_cli.deployed import Deployed
from afterbill_cli.importing import text_files
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.journal import Journal, journal_of
from afterbill_cli.importing.problems import Problems, collected
from afterbill_cli.importing.progress import Progress
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.rows import Checker
from afterbill_cli.importing.validation import Checked, events, validate
from afterbill_cli.importing.writing import ReadOnly, Writer
from afterbill_cli.sources import access

_HASHES = 1000
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class How:
    """What the operator asked for."""

    source: str | None = None
    dry_run: bool = False
    skip_invalid: bool = False
    again: bool = False
    errors: Path | None = None


def import_file(layout: Layout, how: How, stack: Deployed) -> int:
    """0 when everything that was to be imported is, 1 when errors kept it out."""
    if how.source:
        stack.source(how.source)
    text_files.encoding_of(layout.path, layout.encoding)
    job = _Job(layout, how, stack, _journal(layout, how, stack))
    if job.journal.finished_at:
        print(f"{layout.path.name} was imported {job.journal.finished_at:%Y-%m-%d %H:%M} UTC: {job.told()}.")
        print("--again reads it from the first row; what is stored already is not written twice.")
        return 0
    with Seen() as seen, collected(how.errors) as problems:
        checked = job.check(seen, problems)
        if problems.count and not how.skip_invalid:
            print(f"{checked.refused} of {checked.rows} rows have errors: nothing was written.")
            return 1
        try:
            return job.try_out(checked, seen) if how.dry_run else job.write(checked, seen)
        except KeyboardInterrupt:
            print(f"\nstopped after row {job.journal.done}: the same command goes on from there", file=sys.stderr)
            return _INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Job:
    """One file on its way into one stack."""

    layout: Layout
    how: How
    stack: Deployed
    journal: Journal

    @property
    def checker(self) -> Checker:
        return Checker(self.how.source, self.journal.began_at)

    def check(self, seen: Seen, problems: Problems) -> Checked:
        """Read all of it, and tell what is wrong."""
        progress = Progress("checking", self.layout.path.stat().st_size)
        checked = validate(self.layout, self.checker, seen, problems, progress.at)
        progress.end()
        problems.show(self.layout.path)
        return checked

    def try_out(self, checked: Checked, seen: Seen) -> int:
        """Say what would change."""
        progress = Progress("trying", checked.rows)
        writer = Writer(importing(self.stack, dry_run=True), progress.at)
        outcomes = writer.try_out(events(self.layout, self.checker, seen, 0))
        progress.end()
        print(f"{checked.rows} rows, a dry run: {_told(outcomes)}{_left_out(checked)}. Nothing was written.")
        return 0

    def write(self, checked: Checked, seen: Seen) -> int:
        """Import what is not done yet."""
        progress = Progress("importing", checked.rows)
        if self.journal.done:
            print(f"going on after row {self.journal.done} of {checked.rows}", file=sys.stderr)
        writer = Writer(importing(self.stack, dry_run=False), progress.at)
        writer.write(events(self.layout, self.checker, seen, self.journal.done), self.journal)
        self.journal.finish(checked.rows, datetime.now(UTC))
        progress.end()
        print(f"{checked.rows} rows: {self.told()}{_left_out(checked)}.")
        return 0

    def told(self) -> str:
        """What came of the rows so far."""
        return _told(self.journal.outcomes)


def importing(stack: Deployed, *, dry_run: bool) -> CustomerImportDeps:
    """Over the stack's table and with its keys; a dry run cannot write."""
    table = ImportsTable(stack.client("dynamodb"), stack.output("TableName"))
    keys = SecretKeys(access.secret(stack, "KeysSecretArn"))
    hash_address = lru_cache(maxsize=_HASHES)(keys.hash_address)
    return CustomerImportDeps(ReadOnly(table) if dry_run else table, hash_address, lambda: uuid.uuid4().hex)


def _journal(layout: Layout, how: How, stack: Deployed) -> Journal:
    said = [how.source, sorted(layout.fields.columns.items()), layout.encoding, layout.delimiter, layout.format]
    return journal_of(layout, said, stack, afresh=how.dry_run or how.again)


def _told(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{outcomes.get(one, 0)} {one}" for one in Outcome)


def _left_out(checked: Checked) -> str:
    return f", {checked.refused} left out" if checked.refused else ""
