"""On a schedule: queue again what is overdue, and find out what became of claims nobody heard of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.sweeps import SweepsTable
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config

_METRICS = {
    Finding.OVERDUE: Metric.OVERDUE_INVITATIONS,
    Finding.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
    Finding.FAILED: Metric.FAILED_DELIVERIES,
}

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_switch = SendingSwitchTable(_dynamodb, _table)
_ledger = LedgerTable(_dynamodb, config.setting("LEDGER"), _table)
_sweeping = SweepDeps(
    sweeps=SweepsTable(_dynamodb, _table),
    queue=SqsSendQueue(client("sqs"), config.setting("SEND_QUEUE_URL")),
    window=timedelta(minutes=int(config.setting("FLEXIBLE_WINDOW_MINUTES"))),
    day_of=config.day_of(),
    kept=config.retention().responses,
)
_RESERVE = timedelta(seconds=20)
"""Enough to look after a hundred invitations while the table is slow."""


def handler(_event: dict[str, Any], context: object) -> None:
    """Sweep while there is time. While sending is stopped, what is due is left where it goes round by itself.

    It is stopped on a restored table too, until what the ledger knows was applied again.
    """
    paused = bool(_switch.state().reason) or _ledger.missing() != 0
    swept = sweep(_sweeping, datetime.now(UTC), paused=paused, goes_on=goes_on(context, _RESERVE))
    for finding, number in swept.found.items():
        if metric := _METRICS.get(finding):
            count(metric, number)
    count_unreadable("sweep_invitations", swept.unreadable, swept.found[Finding.UNREADABLE])
    logger.info("swept", found=dict(swept.found))
    count(Metric.SWEEP_FINISHED)
