"""On a schedule: recount marked days, compute scores, look after what is overdue."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill import config
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.queues import SqsSendQueue
from afterbill.adapters.aws.responses import SweepsTable
from afterbill.adapters.aws.scores import ScoresTable
from afterbill.domain.invitation import RETENTION
from afterbill.domain.nps import score
from afterbill.observability import Metric, count, logger
from afterbill.services.compute_nps import compute_nps
from afterbill.services.sweep import Finding, Sweeping, sweep

_METRICS = {
    Finding.OVERDUE: Metric.OVERDUE_INVITATIONS,
    Finding.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
    Finding.FAILED: Metric.FAILED_DELIVERIES,
}

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_scores = ScoresTable(_dynamodb, _table)
_sweeping = Sweeping(
    sweeps=SweepsTable(_dynamodb, _table),
    queue=SqsSendQueue(client("sqs"), config.setting("SEND_QUEUE_URL")),
    window=timedelta(minutes=int(config.setting("FLEXIBLE_WINDOW_MINUTES"))),
    day_of=config.day_of(),
)
_zone = config.time_zone()


def handler(_event: dict[str, Any], _context: object) -> None:
    """The sweep first: a long recount must not keep surveys waiting. Its failure does not stop the scores."""
    now = datetime.now(UTC)
    try:
        _sweep(now)
    finally:
        _compute(now)


def _sweep(now: datetime) -> None:
    found = sweep(_sweeping, now)
    for finding, number in found.items():
        if metric := _METRICS.get(finding):
            count(metric, number)
    logger.info("swept", found=dict(found))


def _compute(now: datetime) -> None:
    computed = compute_nps(_scores, now, uuid.uuid4().hex, _zone, RETENTION)
    logger.info("scores computed", outcome=computed.outcome, days=computed.days)
    for row in _scores.scores("all", "30d"):
        if (value := score(row.tally)) is not None:
            count(Metric.SCORE, value)
