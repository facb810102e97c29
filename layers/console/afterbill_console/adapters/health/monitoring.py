"""Checks of the stack's state, alarms, queues and schedules."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from afterbill_console.adapters.health.metrics import Metric, latest
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Findings, fail, ok, warn

_SILENT_FOR = timedelta(days=1)
OLDEST = {"Inbox": 600, "UnsignedInbox": 600, "SendQueue": 300, "MailEvents": 300}
"""Seconds after which an alarm of the template rings, too.

SQS leaves out what was received three times: a message that fails grows no older; RecordsFailedAlarm tells of it."""
_PAGE = 100
_EVENTS = "CloudFormation console, Events: they say what failed"
_GONE = "build and deploy again"


def stack(stack: ExaminedStack) -> Findings:
    """Check that the last deployment succeeded."""
    status = stack.stack["StackStatus"]
    if status.endswith("_COMPLETE") and "ROLLBACK" not in status and "DELETE" not in status:
        yield ok(f"{stack.deployed.name}: {status}")
    else:
        yield warn(f"{stack.deployed.name}: {status}", _EVENTS, "deployment", status=status)


def alarms(stack: ExaminedStack) -> Findings:
    """Report alarms that ring, lack data, or have their actions switched off."""
    names, described = stack.alarms, stack.described_alarms
    ringing = [each for each in described if each["StateValue"] == "ALARM"]
    for each in ringing:
        alarm = f"{names[each['AlarmName']]} since {each['StateUpdatedTimestamp']:%Y-%m-%d %H:%M}"
        told = f"{alarm}: {each.get('AlarmDescription', '')}"
        yield fail(told, "docs/operations.md#alarms", "alarm", alarm=names[each["AlarmName"]])
    silent = [each for each in described if each["StateValue"] == "INSUFFICIENT_DATA" and _long(each, stack)]
    muted = [each for each in described if not each.get("ActionsEnabled", True)]
    for some, what, remedy, code in (
        (
            silent,
            "learn nothing for more than a day",
            "CloudWatch console, All alarms: do their metrics still exist?",
            "alarms_silent",
        ),
        (
            muted,
            "tell nobody: their actions are switched off",
            "`aws cloudwatch enable-alarm-actions`",
            "alarms_muted",
        ),
    ):
        if some:
            listed = _listed(names[each["AlarmName"]] for each in some)
            yield warn(f"{listed} {what}", remedy, code, alarms=listed)
    if len(described) < len(names) or not described:
        gone = len(names) - len(described)
        yield warn(f"{gone} alarm(s) are gone", _GONE, "alarms_gone", n=gone)
    elif not (ringing or silent or muted):
        yield ok(f"{len(described)} alarm(s), none rings")


def _long(alarm: Mapping[str, Any], stack: ExaminedStack) -> bool:
    return bool(stack.now - alarm["StateUpdatedTimestamp"] > _SILENT_FOR)


def _listed(names: Iterator[str]) -> str:
    return ", ".join(sorted(names))


def alarm_mail(stack: ExaminedStack) -> Findings:
    """Check that alarms reach a person by mail."""
    address = stack.parameter("AlarmEmail")
    if not address:
        yield warn(
            "alarms are mailed to nobody", "deploy with AlarmEmail, then confirm the mail from SNS", "alarm_mail_off"
        )
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
            "alarm_mail_waits",
        )


def queues(stack: ExaminedStack) -> Findings:
    """Count the messages in each queue; dead letters need a person."""
    by_queue = stack.queue_attributes
    waiting = {name: int(attributes["ApproximateNumberOfMessages"]) for name, attributes in by_queue.items()}
    dead = {name: count for name, count in waiting.items() if name.endswith("DeadLetters")}
    for name, count in dead.items():
        if count:
            yield fail(
                f"{name}: {count} message(s)", _remedy(stack, name, by_queue[name]), "dead_letters", queue=name, n=count
            )
    if not any(dead.values()):
        yield ok(f"{len(dead)} queues of dead letters, all empty")
    busy = [f"{name} {count}" for name, count in waiting.items() if name not in dead]
    yield ok(f"waiting: {', '.join(busy)}")


def ages(stack: ExaminedStack) -> Findings:
    """Check the age of the oldest message in each queue, of those that were received less than three times."""
    names = {name: url.rpartition("/")[2] for name, url in stack.queues.items() if name in OLDEST}
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
            "queue_age",
            queue=name,
            minutes=round(age / 60),
        )
    if not late:
        yield ok("no message waits untouched for long; whether some fail, the alarms say")


def _remedy(stack: ExaminedStack, name: str, attributes: Mapping[str, str]) -> str:
    """Return the remedy for dead letters: only those of queues can be moved back."""
    source = attributes.get("QueueArn", "ARN")
    url = stack.queues[name]
    move = f"`aws sqs start-message-move-task --source-arn {source}`"
    then = {
        "InboxDeadLetters": "`afterbill replay --dead-letters`",
        "UnsignedInboxDeadLetters": "`afterbill replay --dead-letters`",
        "SendDeadLetters": move,
        "MailEventsDeadLetters": f"{move[:-1]} --destination-arn ...`, that of MailEvents",
    }
    last = then.get(name, f"`aws sqs purge-queue --queue-url {url}`")
    return f"find the cause, then {last}; docs/operations.md#dead-letters"


def schedules(stack: ExaminedStack) -> Findings:
    """Count the timers of surveys; only the first page is read."""
    scheduler, group = stack.client("scheduler"), stack.deployed.output("ScheduleGroupName")
    try:
        page = scheduler.list_schedules(GroupName=group, MaxResults=_PAGE)
    except scheduler.exceptions.ResourceNotFoundException:
        yield fail(f"the schedule group {group} is gone: no survey can be scheduled", _GONE, "no_schedules")
        return
    surveys = [one for one in page["Schedules"] if ":sqs:" in one.get("Target", {}).get("Arn", "")]
    idle = [one["Name"] for one in page["Schedules"] if one.get("State") == "DISABLED"]
    for name in idle:
        yield warn(
            f"the schedule {name} is switched off",
            f"EventBridge console, Schedules, group {group}",
            "schedule_off",
            name=name,
        )
    yield ok(f"{'more than ' if page.get('NextToken') else ''}{len(surveys)} timer(s) of surveys are set")
