"""Import the customers of a file: check all rows, write them, then note in the journal that it is done."""

import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.intake.ports import FactWrites, Imports
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.importing import text_files
from afterbill_cli.importing.customer_rows import CustomerChecker, RowCounts, events, validate
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.import_customers import TOGETHER, CustomerImportDeps, Outcome, import_customers
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.importing.journal import Journal, journal_of, outcomes_text, tell_erased
from afterbill_cli.importing.progress import Progress
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.report import ProblemLog, problem_log
from afterbill_cli.importing.retrying_writer import Attempt, RetryingWriter
from afterbill_cli.importing.times import TimeSpelling
from afterbill_cli.sources import stack_secrets

_HASHES = 1000
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Imports that reads a table and writes nothing."""

    table: Imports

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Read from the table."""
        return self.table.customer_ids(aliases)

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """Read from the table."""
        return self.table.erasures(alias_hashes)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Read from the table."""
        return self.table.customers(ids)

    def commit(self, change: FactWrites) -> bool:  # noqa: ARG002  # nothing is written
        """Write nothing; return True."""
        return True


def customer_writer(
    importing: CustomerImportDeps, at: Callable[[int], None], sleep: Callable[[float], None] = time.sleep
) -> RetryingWriter[BillingEvent]:
    """Return a writer of customers; `at` is called with the number of the last row that is done."""

    def attempt(events: Sequence[BillingEvent]) -> Attempt[BillingEvent]:
        imported = import_customers(events, importing)
        return Attempt(Counter(imported.outcomes), imported.left, imported.problem)

    return RetryingWriter(attempt, TOGETHER, at, sleep)


@dataclass(frozen=True, slots=True)
class CustomerImportOptions:
    """The options of the command."""

    times: TimeSpelling
    source: str | None = None
    dry_run: bool = False
    skip_invalid: bool = False
    again: bool = False
    errors: Path | None = None
    include_erased: bool = False
    why: str = ""


def import_file(layout: Layout, options: CustomerImportOptions, stack: Deployed) -> int:
    """Import the file; return 0 when all valid rows are imported, 1 when errors prevented it."""
    if options.source:
        stack.source(options.source)
    text_files.encoding_of(layout.path, layout.encoding)
    job = _CustomerImport(layout, options, stack, _journal(layout, options, stack))
    if job.journal.finished_at:
        job.journal.print_finished(Outcome)
        return 0
    with Seen() as seen, problem_log(options.errors) as problems:
        checked = job.check(seen, problems)
        if problems.count and not options.skip_invalid:
            print(f"{checked.refused} of {checked.rows} rows have errors: nothing was written.")
            return 1
        try:
            return job.try_out(checked, seen) if options.dry_run else job.write(checked, seen)
        except KeyboardInterrupt:
            print(f"\nstopped after row {job.journal.done}: the same command goes on from there", file=sys.stderr)
            return _INTERRUPTED


@dataclass(frozen=True, slots=True)
class _CustomerImport:
    """One file on its way into one stack."""

    layout: Layout
    options: CustomerImportOptions
    stack: Deployed
    journal: Journal

    @property
    def checker(self) -> CustomerChecker:
        return CustomerChecker(self.options.source, self.journal.began_at, self.options.times)

    @property
    def importing(self) -> CustomerImportDeps:
        options = self.options
        return replace(importing(self.stack, dry_run=options.dry_run), include_erased=options.include_erased)

    def check(self, seen: Seen, problems: ProblemLog) -> RowCounts:
        """Check all rows, and print the problems."""
        progress = Progress("checking", self.layout.path.stat().st_size)
        checked = validate(self.layout, self.checker, seen, problems, progress.at)
        progress.end()
        problems.show(self.layout.path)
        return checked

    def try_out(self, checked: RowCounts, seen: Seen) -> int:
        """Print the changes without writing."""
        progress = Progress("trying", checked.rows)
        writer = customer_writer(self.importing, progress.at)
        outcomes = writer.try_out(events(self.layout, self.checker, seen, 0))
        progress.end()
        text = f"{outcomes_text(outcomes, Outcome)}{_left_out(checked)}"
        print(f"{checked.rows} rows, a dry run: {text}. Nothing was written.")
        tell_erased(outcomes[Outcome.ERASED])
        return 0

    def write(self, checked: RowCounts, seen: Seen) -> int:
        """Import the rows that are not done yet."""
        progress = Progress("importing", checked.rows)
        if self.journal.done:
            print(f"going on after row {self.journal.done} of {checked.rows}", file=sys.stderr)
        Acts(self.stack, "import customers", self.options.why).note(found=checked.rows - self.journal.done)
        writer = customer_writer(self.importing, progress.at)
        writer.write(events(self.layout, self.checker, seen, self.journal.done), self.journal)
        self.journal.finish(checked.rows, datetime.now(UTC))
        progress.end()
        print(f"{checked.rows} rows: {outcomes_text(self.journal.outcomes, Outcome)}{_left_out(checked)}.")
        tell_erased(self.journal.outcomes[Outcome.ERASED])
        return 0


def importing(stack: Deployed, *, dry_run: bool) -> CustomerImportDeps:
    """Return the dependencies over the stack's table and keys; a dry run cannot write."""
    table = ImportsTable(stack.client("dynamodb"), stack.output("TableName"))
    keys = SecretKeys(stack_secrets.secret(stack, "KeysSecretArn"))
    hash_address = lru_cache(maxsize=_HASHES)(keys.hash_address)
    return CustomerImportDeps(
        ReadOnly(table) if dry_run else table,
        hash_address,
        keys.hash_alias,
        lambda: uuid.uuid4().hex,
        datetime.now(UTC),
        stack.policy().retention.customers,
    )


def _journal(layout: Layout, options: CustomerImportOptions, stack: Deployed) -> Journal:
    meaning = [options.source, str(options.times.zone), options.times.pattern, options.include_erased]
    settings = [*meaning, sorted(layout.fields.columns.items()), layout.encoding, layout.delimiter, layout.format]
    return journal_of(layout, settings, stack, afresh=options.dry_run or options.again)


def _left_out(checked: RowCounts) -> str:
    return f", {checked.refused} left out" if checked.refused else ""
