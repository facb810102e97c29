"""On a schedule: find versions of answers that nobody was told of, and wake connections with something to do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill_actions.adapters.bus import EventBridgeBus
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.known import KnownTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.version_sweeps import VersionSweepsTable
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.publish import PublishDeps
from afterbill_actions.publishing import publishing
from afterbill_actions.sweep_connections import wake_connections
from afterbill_actions.sweep_versions import SweepDeps, sweep_versions

_RESERVE = timedelta(seconds=60)
_dynamodb, _table, _zone = client("dynamodb"), config.setting("TABLE"), config.time_zone()
_wanted = publishing()
_wakes = SqsWakes(client("sqs"), config.setting("ACTIONS_QUEUE_URL"))
_sweeping = SweepDeps(
    answered=AnsweredTable(_dynamodb, _table),
    sweeps=VersionSweepsTable(_dynamodb, _table),
    publishing=PublishDeps(
        bus=EventBridgeBus(client("events"), config.setting("EVENT_BUS")),
        effects=EffectsTable(_dynamodb, _table),
        known=KnownTable(_dynamodb, _table),
        kept=config.retention().responses,
        types=_wanted.types,
        wakes=_wakes if _wanted.workflows else None,
    ),
    day_of=lambda at: at.astimezone(_zone).date(),
)
_seen = WorkflowsTable(_dynamodb, _table)
_connections, _outbox = ConnectionsTable(_dynamodb, _table), OutboxTable(_dynamodb, _table)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    """Sweep while there is time; the next run goes on where this one stood."""
    now = datetime.now(UTC)
    # From now on new workflows fire: most runs find all of them known, and write nothing.
    _seen.seen(_wanted.workflows, now)
    woken = wake_connections(_wanted.connections, _connections, _outbox, _wakes)
    run = sweep_versions(_sweeping, now, goes_on(context, _RESERVE))
    count_unreadable("sweep_actions", map(str, run.unreadable))
    logger.info("actions swept", woken=woken, looked_at=run.looked_at, told=run.told, failed=run.failed)
    count(Metric.ACTIONS_SWEEP_FINISHED)
