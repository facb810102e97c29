"""The table's stream: mark the days whose scores must be recounted."""

from datetime import UTC, datetime
from typing import Any

from afterbill import config
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.scores import ScoresTable
from afterbill.adapters.aws.stream import read_change
from afterbill.observability import logger
from afterbill.services.track_changes import track_changes

_days = ScoresTable(client("dynamodb"), config.setting("TABLE"))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda retries from the first failed record on and bisects; marking a day twice is harmless."""
    records = {record["dynamodb"]["SequenceNumber"]: record for record in event["Records"]}
    failed = track_changes(records, read_change, _days, datetime.now(UTC))
    if failed:
        logger.error("records failed", count=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": sequence_number} for sequence_number in failed]}
