"""On a schedule: recount the days that changed, and compute the scores."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.compute_nps import Counting, Outcome, compute_nps, recountable
from afterbill.insight.nps import score
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config

_RESERVE = timedelta(seconds=25)
"""A page takes a second, and a dimension of two years with 200 values some ten."""

_scores = ScoresTable(client("dynamodb"), config.setting("TABLE"))
_counting = Counting(
    config.time_zone(), recountable(config.retention().responses), unconfirmed=config.integrity().count_unconfirmed
)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    """Compute for as long as there is time; what another run works on is left to it."""
    computed = compute_nps(_scores, datetime.now(UTC), uuid.uuid4().hex, _counting, goes_on(context, _RESERVE))
    logger.info("scores computed", outcome=computed.outcome, days=computed.days, waiting=computed.waiting)
    unreadable = list(computed.unreadable)
    for row in _scores.scores("all", "30d", lambda error: unreadable.append(str(error))):
        if (value := score(row.tally)) is not None:
            count(Metric.SCORE, value)
    count_unreadable("compute_nps", unreadable)
    if computed.errors:
        raise computed.errors[0]
    if computed.outcome is not Outcome.BUSY:
        # The run that is worked on may be one that is killed, as all before it.
        count(Metric.COUNT_FINISHED)
