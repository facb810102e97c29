"""What the local stack cannot show, and what must never be loosened by accident."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

Resource = dict[str, Any]
OfOne = Callable[[str], Resource]
OfType = Callable[[str], dict[str, Resource]]

FUNCTIONS = {
    "ReceiveWebhook": "receive_webhook",
    "CaptureEvent": "capture_event",
    "SendSurvey": "send_survey",
    "RecordResponse": "record_response",
    "HandleMailEvent": "handle_mail_event",
    "TrackChanges": "track_changes",
    "ComputeNps": "compute_nps",
}
CONSUMERS = [
    ("CaptureEvent", "Inbox"),
    ("SendSurvey", "SendQueue"),
    ("HandleMailEvent", "MailEvents"),
]
FORTNIGHT_SECONDS = 1_209_600


def statements(role: Resource) -> list[Resource]:
    return [part for policy in role["Policies"] for part in policy["PolicyDocument"]["Statement"]]


def allowing(role: Resource, action: str) -> list[Resource]:
    return [
        part
        for part in statements(role)
        if action in ([part["Action"]] if isinstance(part["Action"], str) else part["Action"])
    ]


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


class TestFunctions:
    def test_there_are_seven(self, of_type: OfType) -> None:
        assert set(of_type("AWS::Serverless::Function")) == {f"{name}Function" for name in FUNCTIONS}

    @pytest.mark.parametrize(("name", "folder"), FUNCTIONS.items())
    def test_each_has_its_own_code_role_and_log(self, properties: OfOne, name: str, folder: str) -> None:
        function = properties(f"{name}Function")

        assert function["CodeUri"] == f"../functions/{folder}/"
        assert function["Role"] == arn(f"{name}Role")
        assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": f"{name}Log"}}

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_writes_to_its_own_log_only(self, properties: OfOne, name: str) -> None:
        [logging] = allowing(properties(f"{name}Role"), "logs:PutLogEvents")

        assert logging["Resource"] == arn(f"{name}Log")
        assert logging["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_only_lambda_takes_on_their_roles(self, properties: OfOne, name: str) -> None:
        [trust] = properties(f"{name}Role")["AssumeRolePolicyDocument"]["Statement"]

        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_none_reserves_concurrency_which_a_new_account_would_refuse(self, of_type: OfType) -> None:
        for function in of_type("AWS::Serverless::Function").values():
            assert "ReservedConcurrentExecutions" not in function


class TestQueues:
    @pytest.mark.parametrize(("name", "queue"), CONSUMERS)
    def test_a_message_stays_hidden_for_six_timeouts(
        self, template: Resource, properties: OfOne, name: str, queue: str
    ) -> None:
        timeout = properties(f"{name}Function").get("Timeout", template["Globals"]["Function"]["Timeout"])

        assert properties(queue)["VisibilityTimeout"] >= 6 * timeout

    @pytest.mark.parametrize(("name", "queue"), CONSUMERS)
    def test_consumers_report_single_failures_and_are_capped(self, properties: OfOne, name: str, queue: str) -> None:
        event = properties(f"{name}Function")["Events"][queue]["Properties"]

        assert event["Queue"] == arn(queue)
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert "MaximumConcurrency" in event["ScalingConfig"]

    def test_consumers_leave_room_for_the_api_in_a_new_account(self, template: Resource, of_type: OfType) -> None:
        limits = [
            event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
            for function in of_type("AWS::Serverless::Function").values()
            for event in function["Events"].values()
            if event["Type"] == "SQS"
        ]
        values = [
            template["Parameters"][limit["Ref"]]["Default"] if isinstance(limit, dict) else limit for limit in limits
        ]

        assert sum(values) <= 6

    def test_all_are_encrypted(self, of_type: OfType) -> None:
        assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type("AWS::SQS::Queue").values())

    def test_dead_letters_are_kept_for_fourteen_days(self, of_type: OfType) -> None:
        dead = {name: queue for name, queue in of_type("AWS::SQS::Queue").items() if name.endswith("DeadLetters")}

        assert len(dead) == 6
        assert {queue["MessageRetentionPeriod"] for queue in dead.values()} == {FORTNIGHT_SECONDS}

    def test_the_inbox_takes_every_body_that_is_admitted(self, properties: OfOne) -> None:
        assert properties("Inbox")["MaximumMessageSize"] == properties("InboxDeadLetters")["MaximumMessageSize"]
        assert properties("Inbox")["MaximumMessageSize"] > 1_000_000

    def test_the_inbox_waits_out_an_outage_of_hours(self, properties: OfOne) -> None:
        inbox = properties("Inbox")

        assert inbox["RedrivePolicy"]["maxReceiveCount"] * inbox["VisibilityTimeout"] >= 4 * 3600


class TestSchedules:
    def test_capture_event_may_hand_over_one_role_and_to_scheduler_only(self, properties: OfOne) -> None:
        [passing] = allowing(properties("CaptureEventRole"), "iam:PassRole")

        assert passing["Resource"] == arn("ScheduleRole")
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}

    def test_capture_event_schedules_in_the_group_of_the_stack_only(self, properties: OfOne) -> None:
        [creating] = allowing(properties("CaptureEventRole"), "scheduler:CreateSchedule")

        assert creating["Resource"]["Fn::Sub"].endswith(":schedule/${ScheduleGroup}/*")

    @pytest.mark.parametrize("role", ["ScheduleRole", "ComputeScheduleRole"])
    def test_a_schedule_role_serves_this_account_and_group_only(self, properties: OfOne, role: str) -> None:
        [trust] = properties(role)["AssumeRolePolicyDocument"]["Statement"]

        assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": arn("ScheduleGroup"),
        }

    def test_a_survey_schedule_may_reach_the_send_queue_and_its_dead_letters(self, properties: OfOne) -> None:
        [sending] = statements(properties("ScheduleRole"))

        assert sending["Action"] == "sqs:SendMessage"
        assert sending["Resource"] == [arn("SendQueue"), arn("ScheduleDeadLetters")]

    def test_capture_event_knows_the_window_and_the_dead_letters(self, template: Resource, properties: OfOne) -> None:
        variables = properties("CaptureEventFunction")["Environment"]["Variables"]

        assert variables["SCHEDULE_DLQ_ARN"] == arn("ScheduleDeadLetters")
        assert variables["FLEXIBLE_WINDOW_MINUTES"] == {"Ref": "FlexibleWindowMinutes"}
        assert template["Parameters"]["FlexibleWindowMinutes"]["Default"] == 15

    def test_compute_nps_is_retried_and_its_failures_are_kept(self, properties: OfOne) -> None:
        function = properties("ComputeNpsFunction")
        schedule = function["Events"]["Rate"]["Properties"]

        assert schedule["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert schedule["DeadLetterConfig"] == {"Arn": arn("ComputeDeadLetters")}
        assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == arn(
            "ComputeDeadLetters"
        )


class TestStream:
    def test_a_poison_record_is_isolated_and_given_up_before_the_stream_forgets_it(self, properties: OfOne) -> None:
        mapping = properties("TrackChangesFunction")["Events"]["Changes"]["Properties"]

        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["MaximumRetryAttempts"] == 10
        assert mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": arn("ChangesDeadLetters")}}

    def test_no_record_from_before_the_first_deployment_is_skipped(self, properties: OfOne) -> None:
        assert (
            properties("TrackChangesFunction")["Events"]["Changes"]["Properties"]["StartingPosition"] == "TRIM_HORIZON"
        )

    @pytest.mark.parametrize("image", ["NewImage", "OldImage"])
    @pytest.mark.parametrize(("attribute", "kind"), [("sent_day", "S"), ("rating", "N")])
    def test_only_invitations_that_went_out_or_were_answered_pass(
        self, properties: OfOne, image: str, attribute: str, kind: str
    ) -> None:
        criteria = properties("TrackChangesFunction")["Events"]["Changes"]["Properties"]["FilterCriteria"]
        patterns = [json.loads(part["Pattern"]) for part in criteria["Filters"]]

        assert len(patterns) == 4
        assert {"dynamodb": {image: {attribute: {kind: [{"exists": True}]}}}} in patterns


class TestTable:
    def test_it_outlives_the_stack_and_can_be_restored(self, template: Resource, properties: OfOne) -> None:
        table = properties("Table")

        assert template["Resources"]["Table"]["DeletionPolicy"] == "Retain"
        assert template["Resources"]["Table"]["UpdateReplacePolicy"] == "Retain"
        assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True

    def test_it_and_every_index_are_capped(self, properties: OfOne) -> None:
        table = properties("Table")
        cap = {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}

        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [part["OnDemandThroughput"] for part in (table, *table["GlobalSecondaryIndexes"])] == [cap] * 4

    def test_expired_items_go_and_changes_are_told_with_both_images(self, properties: OfOne) -> None:
        table = properties("Table")

        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}

    def test_indexes_carry_no_address_and_no_comment(self, properties: OfOne) -> None:
        projected = {
            index["IndexName"]: index["Projection"].get("NonKeyAttributes", [])
            for index in properties("Table")["GlobalSecondaryIndexes"]
        }

        assert projected == {
            "by_customer": [],
            "by_day": ["state", "delivery", "rating", "segments", "claimed_at"],
            "by_answered_day": ["rating", "segments"],
        }


class TestSecrets:
    def test_the_identity_key_outlives_the_stack(self, template: Resource, properties: OfOne) -> None:
        generated = properties("KeysSecret")["GenerateSecretString"]

        assert template["Resources"]["KeysSecret"]["DeletionPolicy"] == "Retain"
        assert json.loads(generated["SecretStringTemplate"]) == {"links": {}}
        assert generated["GenerateStringKey"] == "identity"
        assert generated["PasswordLength"] == 64

    @pytest.mark.parametrize(
        ("secret", "readers"),
        [
            ("SourcesSecret", {"ReceiveWebhook"}),
            ("KeysSecret", {"CaptureEvent", "SendSurvey", "RecordResponse", "HandleMailEvent"}),
        ],
    )
    def test_only_who_needs_a_secret_reads_it(self, properties: OfOne, secret: str, readers: set[str]) -> None:
        reading = {
            name
            for name in FUNCTIONS
            for part in allowing(properties(f"{name}Role"), "secretsmanager:GetSecretValue")
            if part["Resource"] == {"Fn::GetAtt": [secret, "Id"]}
        }

        assert reading == readers


class TestMail:
    def test_only_send_survey_sends_and_only_from_one_address(self, properties: OfOne) -> None:
        senders = {name: allowing(properties(f"{name}Role"), "ses:SendEmail") for name in FUNCTIONS}

        assert [name for name, found in senders.items() if found] == ["SendSurvey"]
        assert senders["SendSurvey"][0]["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "SenderAddress"}}}

    def test_every_fate_of_a_mail_is_told(self, properties: OfOne) -> None:
        destination = properties("MailEventsDestination")["EventDestination"]

        assert set(destination["MatchingEventTypes"]) == {
            "SEND",
            "REJECT",
            "DELIVERY",
            "DELIVERY_DELAY",
            "BOUNCE",
            "COMPLAINT",
            "RENDERING_FAILURE",
        }

    def test_links_are_not_rewritten_for_tracking(self, properties: OfOne) -> None:
        assert "TrackingOptions" not in properties("ConfigurationSet")
        assert not {"OPEN", "CLICK"} & set(
            properties("MailEventsDestination")["EventDestination"]["MatchingEventTypes"]
        )

    def test_only_ses_for_this_account_publishes_to_the_topic(self, properties: OfOne) -> None:
        [publishing] = properties("MailEventsTopicPolicy")["PolicyDocument"]["Statement"]

        assert publishing["Principal"] == {"Service": "ses.amazonaws.com"}
        assert set(publishing["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}

    def test_only_the_topic_writes_to_the_queue(self, properties: OfOne) -> None:
        [sending] = properties("MailEventsQueuePolicy")["PolicyDocument"]["Statement"]

        assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEventsTopic"}}}


class TestApi:
    def test_routes_take_every_method(self, of_type: OfType) -> None:
        routes = {
            (event["Properties"]["Method"], event["Properties"]["Path"]): name
            for name, function in of_type("AWS::Serverless::Function").items()
            for event in function["Events"].values()
            if event["Type"] == "HttpApi"
        }

        assert routes == {
            ("ANY", "/webhooks/{source}"): "ReceiveWebhookFunction",
            ("ANY", "/s/{token}"): "RecordResponseFunction",
            ("ANY", "/u/{token}"): "RecordResponseFunction",
        }

    def test_it_is_throttled(self, properties: OfOne) -> None:
        assert properties("HttpApi")["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": {"Ref": "ThrottleRate"},
            "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"},
        }

    def test_its_log_names_the_route_and_nothing_of_the_person(self, properties: OfOne) -> None:
        fields = set(re.findall(r"\$context\.([\w.]+)", properties("HttpApi")["AccessLogSettings"]["Format"]))

        assert {"routeKey", "status", "requestId", "integrationLatency"} <= fields
        assert not {field for field in fields if "path" in field.lower() or field.startswith("identity")}


class TestWatching:
    def test_every_log_is_kept_for_a_stated_time(self, of_type: OfType) -> None:
        groups = of_type("AWS::Logs::LogGroup")

        assert len(groups) == len(FUNCTIONS) + 1
        assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())

    @pytest.mark.parametrize("metric", ["SendingPaused", "UnknownDeliveries", "OverdueInvitations"])
    def test_metrics_of_our_own_are_watched(self, of_type: OfType, metric: str) -> None:
        [alarm] = [alarm for alarm in of_type("AWS::CloudWatch::Alarm").values() if alarm["MetricName"] == metric]

        assert alarm["Namespace"] == "afterbill"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": "afterbill"}]

    def test_every_alarm_is_told_to_the_topic_and_says_what_to_do(self, of_type: OfType) -> None:
        for alarm in of_type("AWS::CloudWatch::Alarm").values():
            assert {"Ref": "AlarmTopic"} in alarm["AlarmActions"]["Fn::If"][1]
            assert alarm["AlarmDescription"]
            assert alarm["TreatMissingData"] == "notBreaching"

    def test_the_dashboard_is_readable(self, properties: OfOne) -> None:
        assert json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])["widgets"]


class TestParameters:
    def test_each_says_what_it_is_for(self, template: Resource) -> None:
        assert all(parameter["Description"] for parameter in template["Parameters"].values())

    def test_only_the_sender_must_be_given(self, template: Resource) -> None:
        needed = [name for name, parameter in template["Parameters"].items() if "Default" not in parameter]

        assert needed == ["SenderAddress"]

    def test_each_is_shown_in_a_group(self, template: Resource) -> None:
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

        assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template["Parameters"])

    def test_layers_are_built_for_the_runtime_that_functions_get(self, template: Resource, of_type: OfType) -> None:
        for name in of_type("AWS::Serverless::LayerVersion"):
            metadata = template["Resources"][name]["Metadata"]
            assert metadata == {"BuildMethod": {"Ref": "Runtime"}, "BuildArchitecture": {"Ref": "Architecture"}}
