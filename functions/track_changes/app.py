"""The table's stream: mark the days to recount and to archive, the clicks to review, and note objections."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.stream import clicked_in, fact_days_in, objection_in, read_change
from afterbill.insight.archive.marks import Marking, mark_facts
from afterbill.insight.track_changes import TrackDeps, track_changes
from afterbill.privacy.note_objections import note_objections
from afterbill.runtime.observability import count_failed, count_unreadable, logger
from afterbill.settings import config

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_marking = TrackDeps(days=ScoresTable(_dynamodb, _table), clicks=ReviewsTable(_dynamodb, _table))
_archiving = Marking(ArchiveMarksTable(_dynamodb, _table), timedelta(minutes=int(config.setting("PERIOD_MINUTES"))))
_fact_days = partial(fact_days_in, zone=config.time_zone())
_ledger = LedgerTable(_dynamodb, config.setting("LEDGER"), _table)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's own
    """Lambda retries from the first failed record on and bisects; marking or noting twice is harmless.

    What cannot be read is counted and not tried again: the stream would wait for it.
    """
    records = {record["dynamodb"]["SequenceNumber"]: record for record in event["Records"]}
    now = datetime.now(UTC)
    tracked = track_changes(records, read_change, clicked_in, _marking, now)
    archived = mark_facts(records, _fact_days, _archiving, now)
    noted = note_objections(records, objection_in, _ledger)
    unreadable = [*tracked.unreadable, *archived.unreadable, *noted.unreadable]
    count_unreadable("track_changes", dict.fromkeys(map(str, unreadable)))
    missed = {*tracked.failed, *archived.failed, *noted.failed}
    failed = [sequence_number for sequence_number in records if sequence_number in missed]
    if failed:
        logger.error("records failed", count=len(failed))
    count_failed(len(failed), context)
    return {"batchItemFailures": [{"itemIdentifier": sequence_number} for sequence_number in failed]}
