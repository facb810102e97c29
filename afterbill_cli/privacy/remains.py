"""What of a person ends by itself, and when: read from the stack before anything is removed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from afterbill.privacy.erase import SETTLES_AFTER
from afterbill.privacy.receipt import Remains
from afterbill_cli.deployed import Deployed

TOLD = {
    "recovery": "copies for point-in-time recovery, from which nothing is sent before the erasure is repeated",
    "dead_letters": "messages that failed too often, in all dead letter queues",
    "logs": "log lines, which hold ids of ours and no names",
    "second_look": "what was under way during the erasure, until the second look of handle_privacy_requests",
}
"""What each kind is, for people."""

_LONGEST_RECOVERY = 35
"""Days, where nothing shorter is chosen (DynamoDB)."""
_DEAD_LETTERS = "DeadLettersUrl"
_COUNT, _PERIOD = "ApproximateNumberOfMessages", "MessageRetentionPeriod"


def remains(stack: Deployed, now: datetime) -> tuple[Remains, ...]:
    """Return all that ends by itself; errors of AWS pass, for without this nobody is told the truth."""
    look = Remains("second_look", now + SETTLES_AFTER)
    return (*_recovery(stack, now), *_dead_letters(stack, now), *_logs(stack, now), look)


def _recovery(stack: Deployed, now: datetime) -> Iterator[Remains]:
    told = stack.client("dynamodb").describe_continuous_backups(TableName=stack.output("TableName"))
    recovery = told["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        yield Remains("recovery", now + timedelta(days=recovery.get("RecoveryPeriodInDays", _LONGEST_RECOVERY)))


def _dead_letters(stack: Deployed, now: datetime) -> Iterator[Remains]:
    sqs = stack.client("sqs")
    urls = [url for name, url in stack.outputs.items() if name.endswith(_DEAD_LETTERS)]
    asked = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_COUNT, _PERIOD])["Attributes"] for url in urls]
    if asked:
        longest = max(int(each[_PERIOD]) for each in asked)
        messages = sum(int(each[_COUNT]) for each in asked)
        yield Remains("dead_letters", now + timedelta(seconds=longest), messages)


def _logs(stack: Deployed, now: datetime) -> Iterator[Remains]:
    pages = stack.client("logs").get_paginator("describe_log_groups")
    groups = (
        group for page in pages.paginate(logGroupNamePrefix=f"/aws/lambda/{stack.name}-") for group in page["logGroups"]
    )
    if days := max((group.get("retentionInDays", 0) for group in groups), default=0):
        yield Remains("logs", now + timedelta(days=days))
