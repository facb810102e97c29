"""The limits of AWS that the model keeps, each with its source; those marked (believed) are still to be measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A number with its unit, and the page that states it."""

    value: float
    unit: str
    source: str


_DOCS = "https://docs.aws.amazon.com"
_SQS = f"{_DOCS}/AWSSimpleQueueService/latest/SQSDeveloperGuide"
_DYNAMODB = f"{_DOCS}/amazondynamodb/latest/developerguide"
_BELIEVED = "(believed) review of 2026-11, section 2, question 13: about 80 ms for the four calls of one capture"

SQS_DELAY = Limit(900, "s", f"{_DOCS}/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html DelaySeconds")
SQS_BATCH = Limit(10, "messages", f"{_SQS}/sqs-batch-api-actions.html")
SQS_LEAVES_AGE = Limit(
    3,
    "receives",
    f"{_SQS}/sqs-available-cloudwatch-metrics.html ApproximateAgeOfOldestMessage: three receives or more are left out",
)
MAPPING_LEAST = Limit(2, "invocations", f"{_DOCS}/lambda/latest/dg/services-sqs-scaling.html MaximumConcurrency")
LAMBDA_NEW_ACCOUNT = Limit(
    10, "invocations", f"{_DOCS}/lambda/latest/dg/gettingstarted-limits.html: new accounts have reduced concurrency"
)
LAMBDA_ACCOUNT = Limit(
    1000, "invocations", f"{_DOCS}/lambda/latest/dg/gettingstarted-limits.html Concurrent executions"
)
SCHEDULER_SCHEDULES = Limit(10_000_000, "schedules", f"{_DOCS}/scheduler/latest/UserGuide/scheduler-quotas.html")
SCHEDULER_CREATES = Limit(
    5_000, "per second", f"{_DOCS}/scheduler/latest/UserGuide/scheduler-quotas.html (main regions; 250 in others)"
)
SCHEDULER_FIRES = Limit(1_000, "per second", f"{_DOCS}/scheduler/latest/UserGuide/scheduler-quotas.html Invocations")
SCHEDULER_PRECISION = Limit(60, "s", f"{_DOCS}/scheduler/latest/UserGuide/schedule-types.html: within the minute")
SCHEDULER_DELETES = Limit(
    10,
    "s",
    f"(believed) {_DOCS}/scheduler/latest/UserGuide/managing-schedule-delete.html: after completion, at no stated time",
)
SES_WINDOW = Limit(86_400, "s", f"{_DOCS}/ses/latest/dg/manage-sending-quotas.html: over any 24 hours")
SES_SANDBOX_DAY = Limit(200, "mails", f"{_DOCS}/ses/latest/dg/request-production-access.html")
SES_SANDBOX_RATE = Limit(1, "per second", f"{_DOCS}/ses/latest/dg/request-production-access.html")
SES_DAY = Limit(50_000, "mails", "(believed) the usual first quota outside the sandbox; GetAccount tells yours")
SES_RATE = Limit(14, "per second", "(believed) the usual first rate outside the sandbox; GetAccount tells yours")
DYNAMODB_PARTITION_WRITES = Limit(1_000, "units per second", f"{_DYNAMODB}/bp-partition-key-design.html")
DYNAMODB_NEW_TABLE_WRITES = Limit(4_000, "units per second", f"{_DYNAMODB}/warm-throughput-scenarios.html")
API_ROUTE = Limit(
    100,
    "per second",
    f"{_DOCS}/apigateway/latest/developerguide/http-api-throttling.html: each route, ThrottlingRateLimit",
)

DAILY_QUOTA_TEXT = "Daily message quota exceeded."
RATE_TEXT = "Maximum sending rate exceeded."
"""Both come as ThrottlingException: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html"""

DYNAMODB_CALL = Limit(0.008, "s", _BELIEVED)
DYNAMODB_TRANSACTION = Limit(0.02, "s", _BELIEVED)
SCHEDULER_CALL = Limit(0.03, "s", _BELIEVED)
SQS_CALL = Limit(0.012, "s", "(believed) review of 2026-11, F3")
SES_CALL = Limit(0.06, "s", _BELIEVED)
SECRET_CALL = Limit(0.02, "s", _BELIEVED)
CODE_OF_A_RECORD = Limit(0.015, "s", _BELIEVED)
"""Seconds of each call, and of our own code for one record."""
