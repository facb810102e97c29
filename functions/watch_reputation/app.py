"""On a schedule: stop all sending when too many mails of a week bounced or were called spam."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.outreach.watch_reputation import Outcome, watch_reputation
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_scores = ScoresTable(_dynamodb, _table)
_switch = SendingSwitchTable(_dynamodb, _table)
_zone, _caps = config.time_zone(), config.sending()


def handler(_event: dict[str, Any], _context: object) -> None:
    """While sending is stopped, write the metric in every run: the alarm must last even where no survey is due."""
    reputation = watch_reputation(_scores, _switch, _caps, datetime.now(UTC), _zone)
    if reputation.outcome is Outcome.STOPPED:
        logger.error("sending stopped", reason=reputation.reason)
    if reputation.reason:
        count(Metric.SENDING_HALTED)
    if reputation.risk:
        logger.warning("sending at risk", reason=reputation.risk)
        count(Metric.SENDING_AT_RISK)
    count(Metric.WATCH_FINISHED)
