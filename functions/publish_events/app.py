"""The table's stream: put domain events onto the bus, and mark and settle what changed of responses."""

from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.runtime.observability import count_failed, count_unreadable, logger
from afterbill.settings import config
from afterbill_actions.adapters.bus import EventBridgeBus
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.known import KnownTable
from afterbill_actions.adapters.stream import change_in
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.events import EventType
from afterbill_actions.publish import PublishDeps, publish
from afterbill_actions.publishing import publishing

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_queue = config.setting("ACTIONS_QUEUE_URL")
_wanted = publishing()
# The filter of the stream lets surveys that went out pass where the parameter says so.
_unsent = frozenset() if config.setting("SENT_EVENTS") == "true" else frozenset({EventType.SURVEY_SENT})
_deps = PublishDeps(
    bus=EventBridgeBus(client("events"), config.setting("EVENT_BUS")),
    effects=EffectsTable(_dynamodb, _table),
    known=KnownTable(_dynamodb, _table),
    kept=config.retention().responses,
    types=frozenset(_wanted.types) - _unsent,
    wakes=SqsWakes(client("sqs"), _queue) if _wanted.workflows else None,
    asked=_wanted.asked,
    seen=WorkflowsTable(_dynamodb, _table),
    workflows=_wanted.workflows,
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's own
    """Lambda retries from the first failed record on and bisects; to publish twice is harmless, under the same ids.

    What cannot be read is counted and not tried again: the stream would wait for it.
    """
    records = {record["dynamodb"]["SequenceNumber"]: record for record in event["Records"]}
    published = publish(records, change_in, _deps)
    count_unreadable("publish_events", map(str, published.unreadable))
    if published.failed:
        logger.error("records failed", count=len(published.failed))
    count_failed(len(published.failed), context)
    return {"batchItemFailures": [{"itemIdentifier": sequence_number} for sequence_number in published.failed]}
