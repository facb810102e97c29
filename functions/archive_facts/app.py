"""On a schedule: rewrite the days of the archive whose facts changed, and end what is kept for too long."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.run import ArchiveDeps, archive

_RESERVE = timedelta(seconds=180)
"""A day of a hundred thousand facts takes two minutes to read, to write and to store."""
_SCRATCH = Path(gettempdir()) / "archive"
_MEMORY_MB = 600
"""DuckDB's part of 1,769 MB; the rest is for the rows of a day in Python."""

_deps = ArchiveDeps(
    table=ArchiveTable(client("dynamodb"), config.setting("TABLE")),
    files=S3Files(client("s3"), config.setting("ARCHIVE")),
    rows=ParquetRows(connect(_SCRATCH, _MEMORY_MB, threads=1), _SCRATCH),
    queue=SqsReportQueue(client("sqs"), config.setting("REPORT_REQUESTS_URL")),
    zone=config.time_zone(),
    brand=config.company(),
    periods=config.retention(),
    every=timedelta(minutes=int(config.setting("PERIOD_MINUTES"))),
)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    """Archive for as long as there is time; what another run works on is left to it."""
    done = archive(_deps, datetime.now(UTC), uuid.uuid4().hex, goes_on(context, _RESERVE))
    logger.info(
        "facts archived", days=done.days, facts=done.facts, ended=done.ended, waiting=done.waiting, nightly=done.nightly
    )
    count_unreadable("archive_facts", done.unreadable)
    if done.errors:
        raise done.errors[0]
    if not done.busy:
        # As with scores, the run that is worked on may be one that is killed.
        count(Metric.ARCHIVE_FINISHED)
