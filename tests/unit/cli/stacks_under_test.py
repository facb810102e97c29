"""A healthy stack, as AWS and DNS describe it; a test says what differs. Answers are held to botocore's models."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import dns.rdata
import dns.resolver
from botocore.validate import validate_parameters

from afterbill.outreach.caps import SendingCaps
from afterbill_cli.deployed import Deployed
from afterbill_cli.doctor.checks import CHECKS, examine
from afterbill_cli.doctor.dns_lookup import Dns
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_console.health.findings import Finding, Verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Line = tuple[datetime, str, dict[str, Any]]
"""Moment, function and fields of a log line."""
ACCOUNT = "111122223333"
TOPIC, ALARM_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:mail-events", f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
QUEUES = ("Inbox", "SendQueue", "MailEvents")
DEAD = tuple(
    f"{name}DeadLetters"
    for name in ("Inbox", "UnsignedInbox", "Send", "MailEvents", "Schedule", "Changes", "Compute", "Poll")
)
OUTPUTS = {
    "ApiUrl": "https://api.acme.com",
    "TableName": "table",
    "LedgerTableName": "kept",
    "MailEventsTopicArn": TOPIC,
    "ConfigurationSetName": "afterbill",
    "ReceiveWebhookFunctionName": "receive_webhook",
    "CaptureEventFunctionName": "capture_event",
    "ScheduleGroupName": "afterbill-surveys",
    **{f"{name}SecretArn": name for name in ("Sources", "Apis", "Tokens", "Keys")},
    **{f"{name}Url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}" for name in QUEUES + DEAD},
}
PARAMETERS = {
    "SenderAddress": "survey@acme.com",
    "DomainName": "",
    "PublicUrl": "",
    "SendConcurrency": "2",
    "SmsService": "none",
    "AlarmEmail": "ops@acme.com",
}
IDENTITY = {
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {
        "SigningEnabled": True,
        "Status": "SUCCESS",
        "Tokens": ["a", "b", "c"],
        "SigningAttributesOrigin": "AWS_SES",
    },
    "MailFromAttributes": {
        "MailFromDomain": "bounce.acme.com",
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    },
}
SES = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0},
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
}
EVENTS = {
    "Name": "mail-events",
    "Enabled": True,
    "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT"],
    "SnsDestination": {"TopicArn": TOPIC},
}
ALARM = {
    "AlarmName": "afterbill-InboxAgeAlarm-1",
    "AlarmDescription": "Webhooks wait.",
    "StateValue": "OK",
    "ActionsEnabled": True,
    "StateUpdatedTimestamp": NOW - timedelta(days=3),
}
RESOURCES = {
    "InboxAgeAlarm": ("AWS::CloudWatch::Alarm", ALARM["AlarmName"]),
    "AlarmTopic": ("AWS::SNS::Topic", ALARM_TOPIC),
}
ZONE = {
    "bounce.acme.com TXT": '"v=spf1 include:amazonses.com ~all"',
    "amazonses.com TXT": '"v=spf1 ip4:199.255.192.0/22 -all"',
    "_dmarc.acme.com TXT": '"v=DMARC1; p=quarantine"',
    **{f"{key}._domainkey.acme.com CNAME": f"{key}.dkim.amazonses.com." for key in "abc"},
}

SIGNED = {
    "stripe": f"whsec_{'signing1' * 4}",
    "events": f"whsec_{'signing1' * 4}",
    "paddle": f"pdl_ntfset_{'signing1' * 4}",
    "books": "signing1",
    "ledger": f"{'signing1' * 10}signin==",
}
WITH_KEY, WITH_CLIENT = ("paddle", "fetched"), ("books", "ledger", "paypal")
SECRETS: dict[str, Any] = {
    "Sources": {name: [secret] for name, secret in SIGNED.items()},
    "Apis": {name: {"key": "hidden"} for name in WITH_KEY}
    | {name: {"client_id": "hidden", "client_secret": "hidden"} for name in WITH_CLIENT},
    "Tokens": {name: {"refresh_token": "hidden"} for name in ("books", "ledger")},
    "Keys": {"identity": "k" * 64, "links": {}},
}
"""Secrets of the sources that conftest configures."""


def accepted(source: str, at: datetime, **more: str) -> Line:
    """A line of receive_webhook, as it counts what it accepts."""
    return at, "receive_webhook", {"source": source, "outcome": "accepted", "WebhooksAccepted": [1.0], **more}


def turned_away(source: str, at: datetime, reason: str = "signature_mismatch", **more: str) -> Line:
    """A line of receive_webhook, as it tells what it refuses."""
    return at, "receive_webhook", {"message": "webhook refused", "source": source, "reason": reason, **more}


def captured(source: str, at: datetime, outcome: str = "scheduled") -> Line:
    """A line of capture_event."""
    return at, "capture_event", {"message": "event captured", "source": source, "outcome": outcome, "reason": ""}


def logged(*lines: Line, page: int = 2) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Answer with these lines, oldest first and a few at once; patterns are passed over, as the local stack does."""

    def reply_to(asked: Mapping[str, Any]) -> dict[str, Any]:
        group, first = asked["logGroupName"].rpartition("/")[2], int(asked.get("nextToken", "0"))
        within = [
            {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(line)}
            for at, function, line in sorted(lines, key=lambda line: line[0])
            if group.endswith(function) and asked["startTime"] <= at.timestamp() * 1000 <= asked["endTime"]
        ]
        more = {"nextToken": str(first + page)} if first + page < len(within) else {}
        return {"events": within[first : first + page], **more}

    return reply_to


RECENT = [accepted(name, NOW - timedelta(hours=3)) for name in SIGNED] + [captured("paypal", NOW - timedelta(hours=3))]
"""Every source that sends webhooks sent one today."""


def stack(parameters: Mapping[str, str]) -> dict[str, Any]:
    pairs = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    description = {"StackName": "afterbill", "CreationTime": NOW, "StackStatus": "UPDATE_COMPLETE", "Parameters": pairs}
    return {"Stacks": [description]}


def subscriptions(asked: Mapping[str, Any]) -> dict[str, Any]:
    subscription = {
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:MailEvents",
        "SubscriptionArn": TOPIC,
    }
    if asked["TopicArn"] == ALARM_TOPIC:
        subscription = {"Protocol": "email", "Endpoint": "ops@acme.com", "SubscriptionArn": f"{ALARM_TOPIC}:1"}
    return {"Subscriptions": [subscription]}


def secrets(**different: Any) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Answer with these secrets; None is a missing secret, a text is stored as it is."""

    def reply_to(asked: Mapping[str, Any]) -> dict[str, Any]:
        held = (SECRETS | different)[asked["SecretId"]]
        if held is None:
            return refused("ResourceNotFoundException")
        return {"SecretString": held if isinstance(held, str) else json.dumps(held)}

    return reply_to


def messages(**counts: int) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def reply_to(asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["QueueUrl"].rpartition("/")[2]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        return {"Attributes": {"ApproximateNumberOfMessages": str(counts.get(name, 0)), "QueueArn": arn}}

    return reply_to


def identities(known: Mapping[str, Mapping[str, Any]]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Answer with these identities of SES, by name."""

    def reply_to(asked: Mapping[str, Any]) -> dict[str, Any]:
        return dict(known.get(asked["EmailIdentity"]) or refused("NotFoundException"))

    return reply_to


def measured(*values: float | None) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The newest values in the order they are asked for; None where there is none."""

    def reply_to(asked: Mapping[str, Any]) -> dict[str, Any]:
        ids = [value["Id"] for value in asked["MetricDataQueries"]]
        pairs = zip(ids, [*values, *[None] * len(ids)], strict=False)
        return {
            "MetricDataResults": [{"Id": key, "Values": [] if value is None else [value, 9e9]} for key, value in pairs]
        }

    return reply_to


HEALTHY: dict[str, Any] = {
    "DescribeStacks": stack(PARAMETERS),
    "ListStackResources": {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": name,
                "ResourceType": kind,
                "PhysicalResourceId": physical,
                "LastUpdatedTimestamp": NOW,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, (kind, physical) in RESOURCES.items()
        ]
    },
    "GetAccount": SES,
    "GetEmailIdentity": identities({"acme.com": IDENTITY}),
    "GetConfigurationSet": {
        "SendingOptions": {"SendingEnabled": True},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    },
    "GetConfigurationSetEventDestinations": {"EventDestinations": [EVENTS]},
    "ListSubscriptionsByTopic": subscriptions,
    "GetItem": {},
    "BatchGetItem": {"Responses": {}},
    "Query": {"Items": []},
    "GetSecretValue": secrets(),
    "GetMetricData": measured(),
    "DescribeTable": {"Table": {"DeletionProtectionEnabled": True}},
    "DescribeContinuousBackups": {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
        }
    },
    "DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}},
    "FilterLogEvents": logged(*RECENT),
    "DescribeAlarms": {"MetricAlarms": [ALARM]},
    "GetQueueAttributes": messages(),
    "ListSchedules": {"Schedules": [{"Name": "1-d1", "Target": {"Arn": "arn:aws:sqs:us-east-1:1:SendQueue"}}]},
}


@dataclass(frozen=True)
class Answer:
    """The parts of an HTTP answer that botocore reads."""

    status_code: int


def refused(code: str, message: str = "") -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}}


def client(service: str, answers: Mapping[str, Any]) -> Any:
    """A boto3 client that gets these answers by operation: a value, or a function of what was asked."""
    made, current = _client(service)
    current[0] = answers
    return made


@cache
def _client(service: str) -> tuple[Any, list[Mapping[str, Any]]]:
    """Made once for all tests, for making one takes longer than most of them."""
    make: Any = boto3.client
    made = make(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    current: list[Mapping[str, Any]] = [{}]

    def remember(params: Any, context: Any, **_: Any) -> None:
        context["asked"] = dict(params)

    def answer(model: Any, context: Any, **_: Any) -> tuple[Answer, Any]:
        reply = current[0].get(model.name, refused("UnknownOperationException", "no such operation"))
        reply = reply(context["asked"]) if callable(reply) else reply
        if "Error" in reply:
            return Answer(400), reply
        validate_parameters(reply, model.output_shape)
        return Answer(200), reply

    made.meta.events.register(f"before-parameter-build.{made.meta.service_model.service_id.hyphenize()}", remember)
    made.meta.events.register(f"before-call.{made.meta.service_model.service_id.hyphenize()}", answer)
    return made, current


@dataclass
class Zone:
    """Name servers that know these records, by name and type."""

    records: Mapping[str, str | list[str]]
    asked: int = 0

    def resolve(self, name: object, kind: str, **_: object) -> list[Any]:
        self.asked += 1
        key = f"{str(name).rstrip('.')} {kind}"
        if key not in self.records:
            exists = any(one.partition(" ")[0] == key.partition(" ")[0] for one in self.records)
            raise dns.resolver.NoAnswer if exists else dns.resolver.NXDOMAIN
        record = self.records[key]
        return [dns.rdata.from_text("IN", kind, one) for one in ([record] if isinstance(record, str) else record)]


def stack_under_test(
    config: Path,
    answers: Mapping[str, Any] | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    zone: Mapping[str, str | list[str]] | None = None,
) -> StackUnderTest:
    """The healthy one with these differences."""
    described = {"DescribeStacks": stack(PARAMETERS | dict(parameters or {}))}
    answers_by_name = HEALTHY | described | dict(answers or {})
    deployed = Deployed(
        "afterbill", OUTPUTS | dict(outputs or {}), lambda service: client(service, answers_by_name), config
    )
    return StackUnderTest(deployed, Dns(Zone(ZONE | dict(zone or {}))), NOW)


def capped(examined: StackUnderTest, **caps: Any) -> StackUnderTest:
    """Return the stack with these caps under [sending]."""
    vars(examined)["policy"] = replace(examined.policy, sending=SendingCaps(**caps))
    return examined


def findings(examined: StackUnderTest, check: str) -> list[Finding]:
    (chosen,) = (one for one in CHECKS if one.name == check)
    return list(examine(chosen, examined))


def worst(examined: StackUnderTest, check: str) -> Finding:
    """The finding that matters most."""
    order = (Verdict.SKIPPED, Verdict.OK, Verdict.UNKNOWN, Verdict.WARN, Verdict.FAIL)
    return max(findings(examined, check), key=lambda finding: order.index(finding.verdict))
