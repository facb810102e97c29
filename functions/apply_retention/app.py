"""On a schedule: end what is kept for longer than configured."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.retention import RetentionTable
from afterbill.privacy.retention import Walk, apply_retention
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config

_RESERVE = timedelta(seconds=60)
"""A page of a thousand items, each of which has to be changed while the table is slow."""
_PAUSE_SECONDS = 0.2
"""After each page: the pass reads a few hundred units a second, and leaves the table to the surveys."""

_table, _retention = RetentionTable(client("dynamodb"), config.setting("TABLE")), config.retention()


def handler(event: dict[str, Any], context: object) -> None:
    """Go on with the pass that is under way; `{"begin": true}` begins one before its time."""
    walk = Walk(_table, _retention, datetime.now(UTC))
    pause = partial(time.sleep, _PAUSE_SECONDS)
    applied = apply_retention(walk, goes_on(context, _RESERVE), pause, begin=event.get("begin") is True)
    count_unreadable("apply_retention", applied.unreadable, applied.passed_over)
    if applied.overdue:
        count(Metric.RETENTION_OVERDUE, applied.overdue)
    logger.info("retention applied", changed=applied.changed, overdue=applied.overdue, finished=applied.finished)
