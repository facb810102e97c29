"""The periods for which a stack keeps what no erasure reaches, as its parts are set up now."""

from contextlib import suppress
from datetime import timedelta

from botocore.exceptions import ClientError

from afterbill.privacy.remains import Periods, kept_longest
from afterbill_cli.deployed import Deployed

_LONGEST_RECOVERY = 35
"""Days, where nothing shorter is chosen (DynamoDB)."""
_DEAD_LETTERS = "DeadLettersUrl"
_COUNT, _PERIOD = "ApproximateNumberOfMessages", "MessageRetentionPeriod"


def periods_of(stack: Deployed) -> Periods:
    """Return the periods of the stack; errors of AWS pass, for without this nobody is told the truth."""
    policy = stack.policy()
    longest, messages = _dead_letters(stack)
    return Periods(
        surveys=kept_longest(policy),
        audit=policy.retention.audit,
        recovery=timedelta(days=_recovery_days(stack)),
        logs=timedelta(days=_log_days(stack)),
        copies=timedelta(days=copies_days(stack)),
        dead_letters=longest,
        dead_messages=messages,
    )


def copies_days(stack: Deployed) -> int:
    """Return for how many days copies of webhooks are kept, as their bucket says; 0 where there is none."""
    bucket = stack.outputs.get("EvidenceBucketName", "")
    if not bucket:
        return 0
    with suppress(ClientError):  # without a rule of its own, or without the right to read it
        rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        return max((rule.get("Expiration", {}).get("Days", 0) for rule in rules), default=0)
    return 0


def _recovery_days(stack: Deployed) -> int:
    told = stack.client("dynamodb").describe_continuous_backups(TableName=stack.output("TableName"))
    recovery = told["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    return int(recovery.get("RecoveryPeriodInDays", _LONGEST_RECOVERY)) if on else 0


def _dead_letters(stack: Deployed) -> tuple[timedelta, int]:
    """Return the longest period of all dead letter queues, and how many messages wait in them."""
    sqs = stack.client("sqs")
    urls = [url for name, url in stack.outputs.items() if name.endswith(_DEAD_LETTERS)]
    asked = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_COUNT, _PERIOD])["Attributes"] for url in urls]
    longest = max((int(each[_PERIOD]) for each in asked), default=0)
    return timedelta(seconds=longest), sum(int(each[_COUNT]) for each in asked)


def _log_days(stack: Deployed) -> int:
    pages = stack.client("logs").get_paginator("describe_log_groups")
    groups = (
        group for page in pages.paginate(logGroupNamePrefix=f"/aws/lambda/{stack.name}-") for group in page["logGroups"]
    )
    return max((group.get("retentionInDays", 0) for group in groups), default=0)
