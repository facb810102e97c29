"""The logger and the metrics that operators see; no personal data in either."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# Namespace and service name stand in the environment, set once in infra/template.yaml.
logger = Logger()
metrics = Metrics()


_MOST_TOLD = 20
"""Items that cannot be read and that the log names per invocation; the metric counts all."""


class Metric(StrEnum):
    """Each costs money every month: counters an alarm or the dashboard reads, and nothing else."""

    WEBHOOKS_ACCEPTED = "WebhooksAccepted"
    WEBHOOKS_REFUSED = "WebhooksRefused"
    UNSIGNED_DROPPED = "UnsignedDropped"
    FACTS_SCHEDULED = "FactsScheduled"
    FACTS_SKIPPED = "FactsSkipped"
    TASKS_RECORDED = "TasksRecorded"
    PRIVACY_REQUESTS_RECEIVED = "PrivacyRequestsReceived"
    PRIVACY_OVERDUE = "PrivacyOverdue"
    CONSENT_LOST = "ConsentLost"
    SURVEYS_SENT = "SurveysSent"
    REMINDERS_SENT = "RemindersSent"
    SENDING_HALTED = "SendingHalted"
    SENDING_AT_RISK = "SendingAtRisk"
    SENDING_THROTTLED = "SendingThrottled"
    SENDING_QUOTA_USED_UP = "SendingQuotaUsedUp"
    SENDING_PAUSED = "SendingPaused"
    RESPONSES_RECORDED = "ResponsesRecorded"
    UNSUBSCRIBED = "Unsubscribed"
    ADDRESSES_SUPPRESSED = "AddressesSuppressed"
    OVERDUE_INVITATIONS = "OverdueInvitations"
    UNKNOWN_DELIVERIES = "UnknownDeliveries"
    FAILED_DELIVERIES = "FailedDeliveries"
    ANSWERS_SETTLED = "AnswersSettled"
    ANSWERS_LABELLED = "AnswersLabelled"
    SCORE = "Score"
    RECORDS_FAILED = "RecordsFailed"
    UNREADABLE_ITEMS = "UnreadableItems"
    SWEEP_FINISHED = "SweepFinished"
    REVIEW_FINISHED = "ReviewFinished"
    COUNT_FINISHED = "CountFinished"
    ARCHIVE_FINISHED = "ArchiveFinished"
    WATCH_FINISHED = "WatchFinished"
    HEALTH_FINISHED = "HealthFinished"
    NOTIFY_FINISHED = "NotifyFinished"
    PRIVACY_FINISHED = "PrivacyFinished"
    RETENTION_OVERDUE = "RetentionOverdue"
    ACTIONS_PARKED = "ActionsParked"
    CONNECTION_DENIED = "ConnectionDenied"
    ACTIONS_SWEEP_FINISHED = "ActionsSweepFinished"


def count(metric: Metric, value: float = 1, reason: str = "", noted: Mapping[str, str] | None = None) -> None:
    """Add to a metric of this invocation and write it out: metrics travel as log lines.

    With a `reason` (of which there are few: each costs money) it is counted as a whole and under its reason. What is
    `noted` stands in the log line only.
    """
    for name, text in (noted or {}).items():
        metrics.add_metadata(name, text)
    if reason:
        metrics.add_dimensions(service=str(metrics.service), reason=reason)
    metrics.add_metric(name=metric, unit=MetricUnit.NoUnit if metric is Metric.SCORE else MetricUnit.Count, value=value)
    metrics.flush_metrics()


def count_unreadable(step: str, told: Iterable[str], number: int = 0) -> None:
    """Count the stored items that a step passed over, and log some of them; `number` is that of all if more than told.

    Each text names an item by its key.
    """
    texts = list(told)
    for text in texts[:_MOST_TOLD]:
        logger.error("item unreadable", detail=text)
    if texts or number:
        count(Metric.UNREADABLE_ITEMS, max(number, len(texts)), reason=step)


def count_failed(records: int, context: Any) -> None:  # noqa: ANN401  # Lambda's
    """Count the records of an invocation that failed, as a whole and under the name of the function."""
    if records:
        function = context.function_name.removeprefix(f"{metrics.service}-")
        count(Metric.RECORDS_FAILED, records, reason=function)
