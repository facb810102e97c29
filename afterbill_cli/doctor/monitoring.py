"""Checks of the stack's state, alarms, queues and schedules."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from afterbill_cli.doctor.findings import Findings, fail, ok, warn
from afterbill_cli.doctor.metrics import Metric, latest
from afterbill_cli.doctor.stack_under_test import StackUnderTest

_ALARMS_A_CALL = 100
_SILENT_FOR = timedelta(days=1)
OLDEST = {"Inbox": 600, "UnsignedInbox": 600, "SendQueue": 300, "MailEvents": 300}
"""Seconds after which an alarm of the template rings, too.

SQS leaves out what was received three times: a message that fails grows no older; RecordsFailedAlarm tells of it."""
_PAGE = 100


def stack(stack: StackUnderTest) -> Findings:
    """Check that the last deployment succeeded."""
    status = stack.stack["StackStatus"]
    if status.endswith("_COMPLETE") and "ROLLBACK" not in status and "DELETE" not in status:
        yield ok(f"{stack.deployed.name}: {status}")
    else:
        yield warn(f"{stack.deployed.name}: {status}", "CloudFormation console, Events: they say what failed")


def alarms(stack: StackUnderTest) -> Findings:
    """Report alarms that ring, lack data, or have their actions switched off."""
    names = {physical: name for name, (kind, physical) in stack.resources.items() if kind == "AWS::CloudWatch::Alarm"}
    described = list(_described(stack, list(names)))
    ringing = [each for each in described if each["StateValue"] == "ALARM"]
    for each in ringing:
        alarm = f"{names[each['AlarmName']]} since {each['StateUpdatedTimestamp']:%Y-%m-%d %H:%M}"
        yield fail(f"{alarm}: {each.get('AlarmDescription', '')}", "docs/operations.md#alarms")
    silent = [each for each in described if each["StateValue"] == "INSUFFICIENT_DATA" and _long(each, stack)]
    muted = [each for each in described if not each.get("ActionsEnabled", True)]
    for some, what, remedy in (
        (silent, "learn nothing for more than a day", "CloudWatch console, All alarms: do their metrics still exist?"),
        (muted, "tell nobody: their actions are switched off", "`aws cloudwatch enable-alarm-actions`"),
    ):
        if some:
            yield warn(f"{_listed(names[each['AlarmName']] for each in some)} {what}", remedy)
    if len(described) < len(names) or not described:
        yield warn(f"{len(names) - len(described)} alarm(s) are gone", "build and deploy again")
    elif not (ringing or silent or muted):
        yield ok(f"{len(described)} alarm(s), none rings")


def _described(stack: StackUnderTest, names: list[str]) -> Iterator[Mapping[str, Any]]:
    cloudwatch = stack.client("cloudwatch")
    for start in range(0, len(names), _ALARMS_A_CALL):
        some = names[start : start + _ALARMS_A_CALL]
        yield from cloudwatch.describe_alarms(AlarmNames=some, MaxRecords=_ALARMS_A_CALL)["MetricAlarms"]


def _long(alarm: Mapping[str, Any], stack: StackUnderTest) -> bool:
    return bool(stack.now - alarm["StateUpdatedTimestamp"] > _SILENT_FOR)


def _listed(names: Iterator[str]) -> str:
    return ", ".join(sorted(names))


def alarm_mail(stack: StackUnderTest) -> Findings:
    """Check that alarms reach a person by mail."""
    address = stack.parameter("AlarmEmail")
    if not address:
        yield warn("alarms are mailed to nobody", "deploy with AlarmEmail, then confirm the mail from SNS")
        return
    _, topic = stack.resources["AlarmTopic"]
    pages = stack.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    subscriptions = {
        subscription["Endpoint"]: subscription["SubscriptionArn"]
        for page in pages
        for subscription in page["Subscriptions"]
    }
    if subscriptions.get(address, "").startswith("arn:"):
        yield ok("alarms are mailed to AlarmEmail")
    else:
        yield fail(
            "AlarmEmail has not confirmed: no alarm is mailed",
            "the link in the mail from SNS; deploy again for a new one",
        )


def queues(stack: StackUnderTest) -> Findings:
    """Count the messages in each queue; dead letters need a person."""
    by_queue = {name: _attributes(stack, url) for name, url in _urls(stack).items()}
    waiting = {name: int(attributes["ApproximateNumberOfMessages"]) for name, attributes in by_queue.items()}
    dead = {name: count for name, count in waiting.items() if name.endswith("DeadLetters")}
    for name, count in dead.items():
        if count:
            yield fail(f"{name}: {count} message(s)", _remedy(stack, name, by_queue[name]))
    if not any(dead.values()):
        yield ok(f"{len(dead)} queues of dead letters, all empty")
    busy = [f"{name} {count}" for name, count in waiting.items() if name not in dead]
    yield ok(f"waiting: {', '.join(busy)}")


def ages(stack: StackUnderTest) -> Findings:
    """Check the age of the oldest message in each queue, of those that were received less than three times."""
    names = {name: url.rpartition("/")[2] for name, url in _urls(stack).items() if name in OLDEST}
    wanted = {
        name: Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue}, 300, "Maximum")
        for name, queue in names.items()
    }
    ages_by_queue = latest(stack, wanted, timedelta(minutes=15))
    late = {name: age for name, age in ages_by_queue.items() if age > OLDEST[name]}
    for name, age in late.items():
        yield warn(
            f"{name}: the oldest message waits untouched for {age / 60:.0f} minutes",
            "the log of its function says why; docs/operations.md#alarms",
        )
    if not late:
        yield ok("no message waits untouched for long; whether some fail, the alarms say")


def _urls(stack: StackUnderTest) -> dict[str, str]:
    outputs = stack.deployed.outputs
    return {key.removesuffix("Url"): outputs[key] for key in outputs if key.endswith("Url") and key != "ApiUrl"}


def _attributes(stack: StackUnderTest, url: str) -> Mapping[str, str]:
    wanted = ["ApproximateNumberOfMessages", "QueueArn"]
    reply = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
    return dict(reply["Attributes"])


def _remedy(stack: StackUnderTest, name: str, attributes: Mapping[str, str]) -> str:
    """Return the remedy for dead letters: only those of queues can be moved back."""
    source = attributes.get("QueueArn", "ARN")
    url = _urls(stack)[name]
    move = f"`aws sqs start-message-move-task --source-arn {source}`"
    then = {
        "InboxDeadLetters": "`afterbill replay --dead-letters`",
        "UnsignedInboxDeadLetters": "`afterbill replay --dead-letters`",
        "SendDeadLetters": move,
        "MailEventsDeadLetters": f"{move[:-1]} --destination-arn ...`, that of MailEvents",
    }
    last = then.get(name, f"`aws sqs purge-queue --queue-url {url}`")
    return f"find the cause, then {last}; docs/operations.md#dead-letters"


def schedules(stack: StackUnderTest) -> Findings:
    """Count the timers of surveys; only the first page is read."""
    scheduler, group = stack.client("scheduler"), stack.deployed.output("ScheduleGroupName")
    try:
        page = scheduler.list_schedules(GroupName=group, MaxResults=_PAGE)
    except scheduler.exceptions.ResourceNotFoundException:
        yield fail(f"the schedule group {group} is gone: no survey can be scheduled", "build and deploy again")
        return
    surveys = [one for one in page["Schedules"] if ":sqs:" in one.get("Target", {}).get("Arn", "")]
    idle = [one["Name"] for one in page["Schedules"] if one.get("State") == "DISABLED"]
    for name in idle:
        yield warn(f"the schedule {name} is switched off", f"EventBridge console, Schedules, group {group}")
    yield ok(f"{'more than ' if page.get('NextToken') else ''}{len(surveys)} timer(s) of surveys are set")
