"""SQS inbox: turn each signed webhook into facts."""

import uuid
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill import config
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.facts import FactsTable
from afterbill.adapters.aws.queues import EventBridgeTimer, ScheduleTarget, SqsSendQueue, webhook_of
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.batch import process
from afterbill.domain.billing import BillingEvent
from afterbill.domain.webhooks import Source, Webhook
from afterbill.observability import Metric, count, logger
from afterbill.providers import registry
from afterbill.services.capture_event import Capture, Outcome, capture_event
from afterbill.surveys import load_policy

_METRICS = {Outcome.SCHEDULED: Metric.FACTS_SCHEDULED, Outcome.SKIPPED: Metric.FACTS_SKIPPED}


def _normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    return registry.load(source.provider).normalise(webhook, source)


_sqs = client("sqs")
_keys = SecretKeys(Secret(client("secretsmanager"), config.setting("KEYS_SECRET"), monotonic))
_capture = Capture(
    policy=load_policy(),
    normalise=_normalise,
    facts=FactsTable(client("dynamodb"), config.setting("TABLE")),
    timer=EventBridgeTimer(
        client("scheduler"),
        ScheduleTarget(
            group=config.setting("SCHEDULE_GROUP"),
            role_arn=config.setting("SCHEDULE_ROLE"),
            queue_arn=config.setting("SEND_QUEUE_ARN"),
            dlq_arn=config.setting("SCHEDULE_DLQ_ARN"),
            flexible_minutes=int(config.setting("FLEXIBLE_WINDOW_MINUTES")),
        ),
    ),
    queue=SqsSendQueue(_sqs, config.setting("SEND_QUEUE_URL")),
    hash_address=_keys.hash_address,
    new_id=lambda: uuid.uuid4().hex,
)


def handler(event: dict[str, Any], context: object) -> Any:  # noqa: ANN401  # the batch answer of Lambda
    """Each message succeeds or fails alone; a failed one is retried, and in the end kept as evidence."""
    return process(event, context, _capture_record)


def _capture_record(record: dict[str, Any]) -> None:
    webhook = webhook_of(record)
    for captured in capture_event(webhook, _capture, datetime.now(UTC)):
        invitation = captured.invitation
        logger.info(
            "event captured",
            source=webhook.source,
            outcome=captured.outcome,
            reason=invitation.reason if invitation else "",
            invitation_id=invitation.id if invitation else "",
        )
        if metric := _METRICS.get(captured.outcome):
            count(metric)
