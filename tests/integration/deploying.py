"""A stack as CloudFormation describes it, beside what the tests made: its outputs, parameters and alarms."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.template import of_type, template
from tests.integration.samples import now
from tests.integration.stack import Stack

ALARMS = ("InboxDeadLettersAlarm", "CountSilentAlarm")
PARAMETERS = {
    "SenderAddress": "survey@acme.com",
    "DomainName": "",
    "PublicUrl": "https://nps.acme.com",
    "SendConcurrency": "2",
    "SmsService": "none",
    "AlarmEmail": "ops@acme.com",
    "ComputeRate": "rate(15 minutes)",
}


def described(stack: Stack) -> None:
    """Let CloudFormation know the stack, which moto's does not; two of its alarms are made."""
    made = stack.resolver.made
    outputs = {f"{name}Url": made[name]["Ref"] for name in of_type("AWS::SQS::Queue")}
    outputs |= {
        "ApiUrl": "https://api.acme.com",
        "ConsoleUrl": "https://console.acme.com",
        "TableName": "afterbill",
        "LedgerTableName": "ledger",
        "ScheduleGroupName": "afterbill-surveys",
        "ConfigurationSetName": "afterbill",
        "MailEventsTopicArn": made["MailEventsTopic"]["Ref"],
        **{f"{name}FunctionName": f"afterbill-{function}" for name, function in _FUNCTIONS.items()},
    }
    cloudwatch = stack.session.client("cloudwatch")
    for name in ALARMS:
        cloudwatch.put_metric_alarm(AlarmName=f"afterbill-{name}", **_alarm(name))
    resources = {name: ("AWS::CloudWatch::Alarm", f"afterbill-{name}") for name in ALARMS}
    resources["AlarmTopic"] = ("AWS::SNS::Topic", made["AlarmTopic"]["Ref"])
    stack.answers["ListStackResources"] = {
        "StackResourceSummaries": [
            {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical}
            for name, (kind, physical) in resources.items()
        ]
    }
    description = {
        "StackName": "afterbill",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": now(),
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()],
    }
    quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0}
    stack.answers["GetAccount"] = {"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": quota}
    stack.answers["GetConfigurationSet"] = {"SendingOptions": {"SendingEnabled": True}}
    stack.answers["DescribeStacks"] = {"Stacks": [description]}


def rings(stack: Stack, name: str) -> None:
    """Put an alarm of the stack into ALARM."""
    stack.session.client("cloudwatch").set_alarm_state(
        AlarmName=f"afterbill-{name}", StateValue="ALARM", StateReason="test"
    )


def logs(stack: Stack, function: str, *lines: dict[str, Any]) -> None:
    """Write lines into the log of a function, a minute ago."""
    client, group = stack.session.client("logs"), f"/aws/lambda/afterbill-{function}"
    client.create_log_stream(logGroupName=group, logStreamName="1")
    at = int(now().timestamp() * 1000) - 60_000
    events = [{"timestamp": at, "message": json.dumps(line)} for line in lines]
    client.put_log_events(logGroupName=group, logStreamName="1", logEvents=events)


def finished(stack: Stack, metric: str) -> datetime:
    """Count a run of a step, ten minutes ago."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    data = [
        {"MetricName": metric, "Dimensions": [{"Name": "service", "Value": "afterbill"}], "Value": 1, "Timestamp": at}
    ]
    stack.session.client("cloudwatch").put_metric_data(Namespace="afterbill", MetricData=data)
    return at


def _alarm(name: str) -> dict[str, Any]:
    described = template()["Resources"][name]["Properties"]
    return {key: described[key] for key in _OF_ALARM}


_OF_ALARM = (
    *("AlarmDescription", "MetricName", "Namespace", "Statistic", "Period"),
    *("EvaluationPeriods", "ComparisonOperator", "Threshold"),
)
_FUNCTIONS = {
    "ReceiveWebhook": "receive_webhook",
    "CaptureEvent": "capture_event",
    "PollBilling": "poll_billing",
    "RunCampaigns": "run_campaigns",
    "ApplyRetention": "apply_retention",
}
