"""The table's stream: mark the days whose scores must be recounted, and the invitations with clicks to review."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.stream import clicked_in, read_change
from afterbill.insight.track_changes import TrackDeps, track_changes
from afterbill.runtime.observability import count_failed, count_unreadable, logger
from afterbill.settings import config

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_marking = TrackDeps(days=ScoresTable(_dynamodb, _table), clicks=ReviewsTable(_dynamodb, _table))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's own
    """Lambda retries from the first failed record on and bisects; marking twice is harmless.

    What cannot be read is counted and not tried again: the stream would wait for it.
    """
    records = {record["dynamodb"]["SequenceNumber"]: record for record in event["Records"]}
    tracked = track_changes(records, read_change, clicked_in, _marking, datetime.now(UTC))
    count_unreadable("track_changes", map(str, tracked.unreadable))
    if tracked.failed:
        logger.error("records failed", count=len(tracked.failed))
    count_failed(len(tracked.failed), context)
    return {"batchItemFailures": [{"itemIdentifier": sequence_number} for sequence_number in tracked.failed]}
