"""SQS: compute the reports that are stored, and those that somebody asked for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.runtime.batch import process
from afterbill.runtime.notifications import published_at
from afterbill.runtime.observability import logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill_reports.adapters.archive_reading import S3Copies
from afterbill_reports.adapters.duckdb.archive import DuckArchive
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.code_version import code_version
from afterbill_reports.reports.compute import Outcome, ReportDeps, compute_asked, compute_stored

_RESERVE = timedelta(seconds=120)
"""Time for the slowest report of a year of a few million facts."""
_ENVIRONMENT = config.choice("AWS_LAMBDA_LOG_STREAM_NAME").rpartition("]")[2]
"""The name of this execution environment: each has one log stream for its lifetime (Lambda, "Log structure")."""
# On a laptop all environments share one folder of temporary files: each would remove the copies that another one reads.
_SCRATCH = Path(gettempdir()) / "reports" / _ENVIRONMENT
_MEMORY_MB, _THREADS = 2000, 2
"""DuckDB's part of 3,008 MB, which come with 1.7 processors; the rest is for Python and the documents."""

_s3, _bucket = client("s3"), config.setting("ARCHIVE")
_deps = ReportDeps(
    archive=DuckArchive(
        S3Copies(_s3, _bucket, _SCRATCH / "archive"),
        lambda: connect(_SCRATCH / "duckdb", _MEMORY_MB, _THREADS),
        _SCRATCH / "gathered",
    ),
    stored=S3Reports(_s3, _bucket),
    rules=config.report_rules(),
    zone=config.time_zone(),
    code=code_version("afterbill.insight") + code_version("afterbill_reports"),
)
_queue = SqsReportQueue(client("sqs"), config.setting("REPORT_REQUESTS_URL"))


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's
    """Take one request; one that fails comes again, and is put aside in the end."""
    return process(event, context, lambda record: _take(record, context))


def _take(record: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    message = json.loads(record["body"])
    if message["kind"] == "asked":
        _asked(message["request"], record)
    else:
        _stored(message, context)


def _stored(message: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    run = compute_stored(_deps, datetime.now(UTC), goes_on(context, _RESERVE), nightly=message["nightly"])
    logger.info("reports stored", stored=run.stored, unchanged=run.unchanged, finished=run.finished)
    if run.left_out:
        logger.error("days of the archive cannot be read", days=[str(day) for day in run.left_out])
    for place, error in run.failed:
        logger.error("report failed", report=place, error=type(error).__name__, detail=str(error)[:300])
    if run.stored and not run.finished:
        # The next run goes on where this one stood, and tries again what failed.
        _queue.send(message)
    elif run.failed:
        raise run.failed[0][1]
    elif not run.finished:
        raise TimeoutError("there was no time to compute a single report")


def _asked(request: dict[str, Any], record: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    run = compute_asked(_deps, request, published_at(record, now), now)
    logger.info("report asked for", outcome=run.outcome, document=run.place)
    if run.outcome is Outcome.FAILED and run.error:
        raise run.error
