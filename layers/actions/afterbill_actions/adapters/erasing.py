"""The wing of an erasure that reaches other systems, over the table and the queue."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.erase import ForgettableEffects
from afterbill_actions.ports import Wakes


def elsewhere(dynamodb: Any, table: str, wakes: Wakes, names: Collection[str]) -> ForgettableEffects:  # noqa: ANN401  # boto3 clients have no static type
    """Return what forgets; `names` are the connections of the configuration."""
    return ForgettableEffects(
        EffectsTable(dynamodb, table),
        OutboxTable(dynamodb, table),
        ConnectionsTable(dynamodb, table),
        wakes,
        names,
        lambda: datetime.now(UTC),
    )
