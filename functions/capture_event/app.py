"""SQS inboxes: turn each webhook into facts."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import batch_client, begin_batch
from afterbill.adapters.aws.evidence import S3Evidence
from afterbill.adapters.aws.inbox import SqsInbox, webhook_of
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.adapters.aws.timer import EventBridgeTimer, ScheduleTarget
from afterbill.adapters.aws.tokens import ApiCredentials, SecretTokens
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.http.billing_api import HttpApis
from afterbill.connectors import registry
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome
from afterbill.model.webhooks import Refusal
from afterbill.runtime.batch import process
from afterbill.runtime.observability import Metric, count, logger
from afterbill.runtime.pauses import Pauses
from afterbill.settings import config
from afterbill.settings.surveys import load_policy

_METRICS = {
    Outcome.SCHEDULED: Metric.FACTS_SCHEDULED,
    Outcome.SKIPPED: Metric.FACTS_SKIPPED,
    Outcome.RECORDED: Metric.TASKS_RECORDED,
    Outcome.REQUESTED: Metric.PRIVACY_REQUESTS_RECEIVED,
    Outcome.REFUSED: Metric.WEBHOOKS_REFUSED,
    Outcome.DROPPED: Metric.UNSIGNED_DROPPED,
}
_ENOUGH = timedelta(seconds=30)
"""Time for one webhook: for a secret that does not answer, and for one event."""
_LAST_MILLISECONDS = 22_000
"""Nothing is begun in these: one event may take as long, where neither a secret nor a billing system's API answers."""
_TROUBLE = frozenset({Outcome.UNREADABLE, Outcome.REFUSED, Outcome.DROPPED})


def _consent_lost(source: str) -> None:
    logger.error("a refresh token was refused: run `afterbill source consent`", source=source)
    count(Metric.CONSENT_LOST)


_pauses = Pauses(first=0.05)
_sqs, _dynamodb = batch_client("sqs"), batch_client("dynamodb")
_secretsmanager = batch_client("secretsmanager", attempts=1)
"""One attempt: while nothing answers, a record may meet three secrets, and what is cached of them suffices."""
_table, _bucket = config.setting("TABLE"), config.choice("EVIDENCE_BUCKET")
_kept_for = timedelta(days=int(config.setting("EVIDENCE_DAYS")))


def _evidence() -> S3Evidence | None:
    """The copies of webhooks, where an operator wants them."""
    return S3Evidence(batch_client("s3"), _bucket, _dynamodb, _table, _kept_for) if _bucket else None


_keys = SecretKeys(Secret(_secretsmanager, config.setting("KEYS_SECRET")))
_policy = load_policy()
_capture = CaptureDeps(
    policy=_policy,
    load=registry.load,
    facts=FactsTable(_dynamodb, _table, config.day_of(), _policy.retention.responses),
    timer=EventBridgeTimer(batch_client("scheduler"), ScheduleTarget(**config.schedule_target())),
    queue=SqsSendQueue(_sqs, config.setting("SEND_QUEUE_URL")),
    apis=HttpApis(
        ApiCredentials(Secret(_secretsmanager, config.setting("APIS_SECRET"))),
        SecretTokens(Secret(_secretsmanager, config.setting("TOKENS_SECRET")), _dynamodb, _table),
        _consent_lost,
    ),
    inbox=SqsInbox(_sqs, config.setting("INBOX_URL")),
    dead_letters=SqsInbox(_sqs, config.setting("INBOX_DEAD_LETTERS_URL")),
    hash_address=_keys.hash_address,
    hash_alias=_keys.hash_alias,
    new_id=lambda: uuid.uuid4().hex,
    evidence=_evidence(),
    pause=_pauses,
)
_unsigned_inbox = config.setting("UNSIGNED_INBOX_URL")
_unsigned_dead_letters = SqsInbox(_sqs, config.setting("UNSIGNED_INBOX_DEAD_LETTERS_URL"))
_unsigned_capture = replace(_capture, dead_letters=_unsigned_dead_letters)
"""What nobody signed never lies among what somebody did. Nobody vouches for a long batch but its billing system, so its
slices may."""


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's own
    """Each message succeeds or fails alone; a failed one is retried, and in the end kept as evidence."""
    _pauses.context = context
    begin_batch(context)
    return process(event, context, lambda record: _capture_record(record, context), _ENOUGH)


def _capture_record(record: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    webhook = webhook_of(record)

    def has_time() -> bool:
        return bool(context.get_remaining_time_in_millis() > _LAST_MILLISECONDS)

    unsigned = _queue_of(record.get("eventSourceARN", ""), ":") == _queue_of(_unsigned_inbox, "/")
    deps = _unsigned_capture if unsigned else _capture
    for captured in capture_event(webhook, deps, datetime.now(UTC), has_time):
        _tell(captured, webhook.source, record.get("messageId", ""))
        if metric := _METRICS.get(captured.outcome):
            count(metric, reason=_counted_reason(captured))


def _queue_of(address: str, separator: str) -> str:
    """The name of a queue, which ends its ARN and its URL."""
    return address.rpartition(separator)[2]


def _counted_reason(captured: Captured) -> str:
    """A webhook that its billing system disowns counts as one with a wrong signature."""
    if captured.outcome is Outcome.REFUSED:
        return Refusal.MISMATCH
    return captured.invitation.reason if captured.invitation else ""


def _tell(captured: Captured, source: str, message_id: str) -> None:
    invitation = captured.invitation
    say = logger.warning if captured.outcome in _TROUBLE else logger.info
    say(
        "event captured",
        source=source,
        outcome=captured.outcome,
        reason=invitation.reason if invitation else captured.problem[:300],
        invitation_id=invitation.id if invitation else "",
        message_id=message_id,
    )
