"""On a schedule: recount the days that changed, and compute the scores."""

import uuid
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.compute_nps import compute_nps
from afterbill.insight.nps import score
from afterbill.model.invitation import RETENTION
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_scores = ScoresTable(client("dynamodb"), config.setting("TABLE"))
_counting = config.integrity().count_unconfirmed
_zone = config.time_zone()


def handler(_event: dict[str, Any], _context: object) -> None:
    """Compute once; what another run works on is left to it."""
    owner = uuid.uuid4().hex
    computed = compute_nps(_scores, datetime.now(UTC), owner, _zone, RETENTION, count_unconfirmed=_counting)
    logger.info("scores computed", outcome=computed.outcome, days=computed.days)
    for row in _scores.scores("all", "30d"):
        if (value := score(row.tally)) is not None:
            count(Metric.SCORE, value)
    count(Metric.COUNT_FINISHED)
