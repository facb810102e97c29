"""On a schedule: queue again what is overdue, and find out what became of claims nobody heard of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.sweeps import SweepsTable
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_METRICS = {
    Finding.OVERDUE: Metric.OVERDUE_INVITATIONS,
    Finding.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
    Finding.FAILED: Metric.FAILED_DELIVERIES,
}

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_switch = SendingSwitchTable(_dynamodb, _table)
_sweeping = SweepDeps(
    sweeps=SweepsTable(_dynamodb, _table),
    queue=SqsSendQueue(client("sqs"), config.setting("SEND_QUEUE_URL")),
    window=timedelta(minutes=int(config.setting("FLEXIBLE_WINDOW_MINUTES"))),
    day_of=config.day_of(),
)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Sweep once. While sending is stopped, what is due is left where it goes round by itself."""
    findings = sweep(_sweeping, datetime.now(UTC), paused=bool(_switch.state().reason))
    for finding, number in findings.items():
        if metric := _METRICS.get(finding):
            count(metric, number)
    logger.info("swept", found=dict(findings))
    count(Metric.SWEEP_FINISHED)
