"""Exports to import, and what reading them finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.answers.external import OLDEST_DAYS
from afterbill.intake.ports import ImportedMonths
from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill.model.retention import Retention
from afterbill_cli.importing import text_files
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.export_columns import ExportColumns
from afterbill_cli.importing.import_responses import ResponseImportDeps
from afterbill_cli.importing.journal import Journal
from afterbill_cli.importing.months import Months
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.report import ProblemLog, ResponseReport
from afterbill_cli.importing.response_rows import ExportSettings, ResponseChecker
from afterbill_cli.importing.responses import ReadOnlyResponses, ResponseImport
from afterbill_cli.importing.scales import asked_scales
from afterbill_cli.importing.times import TimeSpelling
from afterbill_cli.memory.history import MemoryHistory
from afterbill_cli.memory.table import MemoryTable
from tests.factories import EVENTS, hash_address

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SAMPLES = EVENTS / "imports" / "responses"


def export_settings(
    product: str = "csv", scales: Sequence[str] = (), time_format: str | None = None, **changes: Any
) -> ExportSettings:
    """Return the settings of a csv export, in Berlin."""
    defaults: dict[str, Any] = {
        "name": product,
        "question": Question.NPS,
        "touchpoint": Touchpoint.RELATIONSHIP,
        "times": TimeSpelling(BERLIN, time_format),
        "home": BERLIN,
        "scales": asked_scales(product, scales),
        "stages": {one: f"stage of {one}" for one in Touchpoint},
    }
    return ExportSettings(**defaults | changes)


@dataclass
class ImportResult:
    """The result of importing a file."""

    code: int
    report: ResponseReport
    table: MemoryTable
    rows: int
    responses: list[Invitation] = field(default_factory=list)

    @property
    def left_out(self) -> dict[str, tuple[int, list[int]]]:
        """Reasons with their count and first lines."""
        return {kind: (rows.count, rows.first) for kind, rows in self.report.left_out.items()}

    @property
    def notes(self) -> dict[str, tuple[int, list[int]]]:
        """The notes, by kind."""
        return {kind: (rows.count, rows.first) for kind, rows in self.report.notes.items()}

    @property
    def answers(self) -> list[tuple[int, str, str]]:
        """Rating, comment and time of each."""
        return [
            (one.answer.rating, one.answer.comment, f"{one.answered_at:%Y-%m-%dT%H:%M:%S}")
            for one in self.responses
            if one.answer
        ]


def read(  # noqa: PLR0913  # a test names only what it is about
    file: Path,
    product: str = "csv",
    table: MemoryTable | None = None,
    columns: dict[str, str] | None = None,
    encoding: str | None = None,
    *,
    months: MemoryHistory | None = None,
    now: datetime = NOW,
    dry_run: bool = False,
    mark: Callable[[date], None] = lambda _: None,
    **changes: Any,
) -> ImportResult:
    """Import it into a table in memory as of noon."""
    history: ImportedMonths = months or MemoryHistory()
    table = table if table is not None else MemoryTable()
    before = set(table.invitations)
    layout = Layout(
        file, ExportColumns(product, columns or {}), text_files.encoding_or_windows(file, encoding), about="response"
    )
    with Seen() as seen:
        book = Journal(file.parent / ".afterbill" / "journal.json", file.name, now)
        deps, untouched = ResponseImportDeps(table, str, now), ReadOnlyResponses(table)
        report, counted = ResponseReport(ProblemLog()), Months(text_files.digest(file))
        stored = untouched if dry_run else history
        job = ResponseImport(layout, deps, book, seen, report, months=counted, history=stored, mark=mark)
        today = now.date()
        cut = stored.cut(product, today - timedelta(days=OLDEST_DAYS))
        settings, oldest = export_settings(product, **changes), today - Retention().archive
        code = job.run(ResponseChecker(settings, now, hash_address, seen.count, cut, oldest), dry_run=dry_run)
    new = [invitation for id_, invitation in table.invitations.items() if id_ not in before]
    return ImportResult(code, job.report, table, job.rows, new)


def write(file: Path, content: str | bytes, product: str = "csv", **changes: Any) -> ImportResult:
    """Write this content and import it."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(file, product, **changes)
