"""On a schedule: stop all sending when too many mails of a week bounced or were called spam."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.outreach.watch_reputation import Outcome, watch_reputation
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.settings import config

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_scores = ScoresTable(_dynamodb, _table)
_switch, _gates = SendingSwitchTable(_dynamodb, _table), GatesTable(_dynamodb, _table)
_zone, _caps = config.time_zone(), config.sending()


def handler(_event: dict[str, Any], _context: object) -> None:
    """While sending is stopped, or a quota used up, write the metric in every run: meanwhile no survey may be due."""
    now = datetime.now(UTC)
    reputation = watch_reputation(_scores, _switch, _caps, now, _zone)
    if reputation.outcome is Outcome.STOPPED:
        logger.error("sending stopped", reason=reputation.reason)
    if reputation.reason:
        count(Metric.SENDING_HALTED)
    unreadable = list(reputation.unreadable)
    if any(gate.holds(now) for gate in _gates.gates(lambda error: unreadable.append(str(error))).values()):
        count(Metric.SENDING_QUOTA_USED_UP)
    if reputation.risk:
        logger.warning("sending at risk", reason=reputation.risk)
        count(Metric.SENDING_AT_RISK)
    count_unreadable("watch_reputation", unreadable)
    count(Metric.WATCH_FINISHED)
