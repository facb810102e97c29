"""Import the responses of an export row by row; rows that cannot be imported are left out and reported."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.answers.external import OLDEST_DAYS
from afterbill.intake.ports import ImportedMonths, ImportedResponses, ResponseWrite
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.history import MonthTally
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill.outreach.fact_segments import declared
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.importing import records, text_files
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.import_responses import TOGETHER, Outcome, ResponseImportDeps, import_responses
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.importing.journal import Journal, journal_of, outcomes_text, tell_erased
from afterbill_cli.importing.months import Months
from afterbill_cli.importing.progress import Progress
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.report import Problem, ResponseReport, problem_log
from afterbill_cli.importing.response_rows import ExportSettings, ResponseChecker, ResponseRow
from afterbill_cli.importing.response_values import Reason, RefusedError
from afterbill_cli.importing.retrying_writer import Attempt, RetryingWriter
from afterbill_cli.importing.scales import doubt
from afterbill_cli.sources import stack_secrets
from afterbill_reports.adapters.history_table import HistoryTable

_HASHES = 1000
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class ResponseImportOptions:
    """The options of the command."""

    settings: ExportSettings
    dry_run: bool = False
    replace: bool = False
    again: bool = False
    errors: Path | None = None
    include_erased: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReadOnlyResponses:
    """ImportedResponses and ImportedMonths that read tables and write nothing."""

    table: ImportedResponses

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Read from the table."""
        return self.table.customer_ids(aliases)

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """Read from the table."""
        return self.table.erasures(alias_hashes)

    def holders(self, address_hash: str) -> Sequence[str]:
        """Read from the table."""
        return self.table.holders(address_hash)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Read from the table."""
        return self.table.customers(ids)

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """Read from the table."""
        return self.table.responses(ids)

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:  # noqa: ARG002  # nothing is written
        """Write nothing; return True."""
        return True

    def cut(self, source: str, day: date) -> date:  # noqa: ARG002  # nothing is written
        """Take the day for the first import's."""
        return day

    def put(self, tally: MonthTally, *, replace: bool = False) -> bool:  # noqa: ARG002  # nothing is written
        """Write nothing; return True."""
        return True


def import_export(layout: Layout, options: ResponseImportOptions, stack: Deployed) -> int:
    """Import the file; return 1 when no row could be stored, else 0."""
    layout = _with_encoding(layout)
    book = journal_of(layout, _settings(layout, options), stack, afresh=options.dry_run or options.again)
    if book.finished_at:
        book.print_finished(Outcome)
        return 0
    dynamodb, name, periods = stack.client("dynamodb"), stack.output("TableName"), stack.policy().retention
    table: ImportedResponses = ImportsTable(dynamodb, name, kept=periods.responses)
    keys = SecretKeys(stack_secrets.secret(stack, "KeysSecretArn"))
    untouched = ReadOnlyResponses(table)
    months: ImportedMonths = untouched if options.dry_run else HistoryTable(dynamodb, name)
    importing = ResponseImportDeps(
        untouched if options.dry_run else table,
        keys.hash_alias,
        book.began_at,
        options.replace,
        frozenset(stack.policy().sources),
        options.include_erased,
        declared(stack.policy()),
    )
    if not options.dry_run:
        Acts(stack, "import responses", options.why).note()
    with Seen() as seen, problem_log(options.errors) as problems:
        counted = Months(text_files.digest(layout.path))
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        marks = ArchiveMarksTable(dynamodb, name)
        job = ResponseImport(layout, importing, book, seen, ResponseReport(problems), months=counted, history=months)
        job.mark = job.mark if options.dry_run else lambda day: marks.mark_changed(minute, [day], ())
        today = book.began_at.astimezone(options.settings.home).date()
        cut = months.cut(options.settings.name, today - timedelta(days=OLDEST_DAYS))
        hash_address = lru_cache(maxsize=_HASHES)(keys.hash_address)
        checker = ResponseChecker(
            options.settings, book.began_at, hash_address, seen.count, cut, today - periods.archive
        )
        try:
            return job.run(checker, dry_run=options.dry_run)
        except KeyboardInterrupt:
            print(f"\nstopped after row {book.done}: the same command goes on from there", file=sys.stderr)
            return _INTERRUPTED


@dataclass
class ResponseImport:
    """One export on its way into one table."""

    layout: Layout
    importing: ResponseImportDeps
    journal: Journal
    seen: Seen
    report: ResponseReport
    rows: int = 0
    recommendations: Counter[int] = field(default_factory=Counter)
    months: Months = field(default_factory=lambda: Months(""))
    history: ImportedMonths | None = None
    mark: Callable[[date], None] = field(default=lambda _: None)

    def run(self, checker: ResponseChecker, *, dry_run: bool) -> int:
        """Import the rows that are not done yet, and print the outcomes of all."""
        progress = Progress("trying" if dry_run else "importing", self.layout.path.stat().st_size)
        if self.journal.done:
            print(f"going on after row {self.journal.done}", file=sys.stderr)
        writer = RetryingWriter(self._attempt, TOGETHER, lambda _: None)
        rows = self._rows(checker, progress.at)
        if dry_run:
            self.journal.outcomes = writer.try_out(rows)
            self._store_months()
        else:
            self.journal.write()  # what is stored from here on is known by the moment this began
            writer.write(rows, self.journal)
            self._store_months()
            self.journal.finish(self.rows, datetime.now(UTC))
        progress.end()
        return self._print_outcome(dry_run=dry_run)

    def _rows(self, checker: ResponseChecker, at: Callable[[int], None]) -> Iterator[tuple[int, ResponseRow]]:
        """Yield number and content of the rows to import; finished rows are read again for the report."""
        path = self.layout.path
        read = records.read_csv(text_files.lines(path, self.layout.encoding or "utf-8", at), self.layout)
        for record in read.records:
            self.rows += 1
            try:
                row = self._first(checker.row(record))
            except RefusedError as refused:
                problem = Problem(record.line, "", refused.text, refused.hint)
                self.report.leave_out(refused.reason, problem)
                continue
            self._note(row)
            if row.historic:
                self.months.add(row)
            elif self.rows > self.journal.done:
                yield self.rows, row
        if not self.rows:
            raise AfterbillError(f"{path} has no rows: it needs one per response")
        self.report.unread = tuple(read.unknown)
        self.report.doubt = doubt(self.recommendations)

    def _note(self, row: ResponseRow) -> None:
        collected = row.response.collected
        if collected.question is Question.NPS:
            self.recommendations[collected.answer.rating] += 1
        for note in row.notes:
            self.report.note(note, row.line)

    def _first(self, row: ResponseRow) -> ResponseRow:
        """The row, unless the same response stands on an earlier one."""
        first = self.seen.claim(f"id {row.response.id}", row.line)
        if first != row.line:
            raise RefusedError(Reason.TWICE, f"the same response stands on line {first}", "The first one counts")
        return row

    def _store_months(self) -> None:
        if self.history:
            self.months.store(self.history, self.mark, replace=self.importing.replace)

    def _attempt(self, rows: Sequence[ResponseRow]) -> Attempt[ResponseRow]:
        imported = import_responses([row.response for row in rows], self.importing)
        for row in rows:
            if imported.outcomes.get(row.response.id) is Outcome.DIFFERS:
                self.report.note(
                    "says something else than what is stored, which was kept; --replace changes it", row.line
                )
        left = {one.id for one in imported.left}
        remaining = [row for row in rows if row.response.id in left]
        return Attempt(Counter(imported.outcomes.values()), remaining, imported.problem)

    def _print_outcome(self, *, dry_run: bool) -> int:
        self.report.show()
        outcomes, refused = self.journal.outcomes, self.report.problems.count
        left_out = f", {refused} left out" if refused else ""
        if dry_run:
            print(f"{self.rows} rows, a dry run: {outcomes_text(outcomes, Outcome)}{left_out}. Nothing was written.")
        else:
            print(f"{self.rows} rows: {outcomes_text(outcomes, Outcome)}{left_out}.")
        self._print_months()
        tell_erased(outcomes[Outcome.ERASED])
        return 0 if outcomes.total() or self.months.stored else 1

    def _print_months(self) -> None:
        if self.months.stored:
            older = f"{self.months.stored} {'is' if self.months.stored == 1 else 'are'} older than {OLDEST_DAYS} days"
            print(f"{older}: counted by month, without person and comment.")
        if self.months.left:
            print(
                f"note: {self.months.left} older ones are of months that another file told of, which were kept; "
                "--replace puts this file's in their place",
                file=sys.stderr,
            )


def _with_encoding(layout: Layout) -> Layout:
    """Return the layout with an encoding; print a note where it is guessed."""
    encoding = text_files.encoding_or_windows(layout.path, layout.encoding)
    if encoding == "cp1252" and not layout.encoding:
        print("note: this is no UTF-8, so it is read as Windows-1252; --encoding says otherwise", file=sys.stderr)
    return replace(layout, encoding=encoding)


def _settings(layout: Layout, options: ResponseImportOptions) -> Sequence[object]:
    """Return all settings that change the meaning of a row."""
    settings = options.settings
    named: list[object] = [
        settings.name,
        settings.question,
        settings.touchpoint,
        str(settings.times.zone),
        settings.customers_of,
        settings.times.pattern,
        sorted(f"{scale.question}={scale.lowest}-{scale.numbers[-1]}" for scale in settings.scales.values()),
    ]
    return [
        "responses",
        *named,
        options.replace,
        options.include_erased,
        sorted(layout.fields.columns.items()),
        layout.encoding,
        layout.delimiter,
    ]
