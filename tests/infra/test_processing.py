"""What the local stack cannot show, and must never be loosened by accident: functions, queues, schedules, stream."""

import json
from datetime import timedelta

import pytest

from afterbill.insight.compute_nps import LEASE
from tests.infra.reading import FUNCTIONS, OfOne, OfType, Resource, allowing, arn, statements

CONSUMERS = [
    ("CaptureEvent", "Inbox"),
    ("CaptureEvent", "UnsignedInbox"),
    ("SendSurvey", "SendQueue"),
    ("HandleMailEvent", "MailEvents"),
    ("ComputeReports", "ReportRequests"),
    ("RunActions", "ActionsQueue"),
]
COMPUTING = [
    "SweepInvitations",
    "ReviewClicks",
    "ComputeNps",
    "WatchReputation",
    "HandlePrivacyRequests",
    "ApplyRetention",
    "ArchiveFacts",
    "CheckHealth",
    "NotifyOperators",
    "SweepActions",
]
OF_CONSOLE = {"CheckHealth", "NotifyOperators"}
OTHER_RATES = {
    "ApplyRetention": "rate(1 hour)",
    "NotifyOperators": {"Ref": "NotifyRate"},
    "ArchiveFacts": {
        "Fn::If": ["ArchivesEveryMinute", "rate(1 minute)", {"Fn::Sub": "rate(${ReportMinutes} minutes)"}]
    },
}
"""One that no parameter changes, and one whose unit is spelled by its number: AWS takes no `rate(1 minutes)`."""
PERIODIC = [*((name, "Compute") for name in COMPUTING), ("PollBilling", "Poll"), ("RunCampaigns", "Campaign")]
"""Function, and how its schedule, role, rate and dead letters begin."""
FORTNIGHT_SECONDS = 1_209_600
CARRYING_MESSAGES = ["sqs:ReceiveMessage", "sqs:SendMessage"]
REFUSAL = {
    "Sid": "EncryptedOnTheWayOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


class TestFunctions:
    def test_each_has_a_folder(self, of_type: OfType) -> None:
        assert set(of_type("AWS::Serverless::Function")) == {f"{name}Function" for name in FUNCTIONS}

    @pytest.mark.parametrize(("name", "folder"), FUNCTIONS.items())
    def test_each_has_its_own_code_role_and_log(self, properties: OfOne, name: str, folder: str) -> None:
        function = properties(f"{name}Function")

        assert function["CodeUri"] == f"../functions/{folder}/"
        assert function["Role"] == arn(f"{name}Role")
        logging = {"LogFormat": "JSON", "LogGroup": {"Ref": f"{name}Log"}}
        assert function["LoggingConfig"] in (logging, logging | {"SystemLogLevel": "WARN"})

    def test_lambda_writes_no_lines_about_every_survey_and_some_about_every_run(self, properties: OfOne) -> None:
        """Lines of Lambda about failures are written either way; of what runs by the clock the others cost nothing."""
        quiet = {name for name in FUNCTIONS if "SystemLogLevel" in properties(f"{name}Function")["LoggingConfig"]}

        of_surveys = {"ReceiveWebhook", "CaptureEvent", "SendSurvey", "HandleMailEvent", "RecordResponse"}
        assert quiet == {*of_surveys, "TrackChanges", "PublishEvents"}

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

    def test_only_what_puts_surveys_back_into_its_own_queue_may_go_round(self, of_type: OfType) -> None:
        allowed = {name for name, one in of_type("AWS::Serverless::Function").items() if "RecursiveLoop" in one}

        assert allowed == {"SendSurveyFunction"}

    def test_compute_nps_holds_its_lease_for_as_long_as_it_lives(self, properties: OfOne) -> None:
        assert timedelta(seconds=properties("ComputeNpsFunction")["Timeout"]) == LEASE


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

    def test_the_consumers_take_eight_of_the_ten_functions_of_a_new_account(
        self, template: Resource, of_type: OfType
    ) -> None:
        limits = [
            event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
            for name, function in of_type("AWS::Serverless::Function").items()
            for event in function.get("Events", {}).values()
            # Text messages, and what is told of them, have to be switched on; reports take minutes of a day; actions
            # take the last two, where there are any.
            if event["Type"] == "SQS"
            and "Enabled" not in event["Properties"]
            and name not in {"ComputeReportsFunction", "RunActionsFunction"}
        ]
        values = [
            template["Parameters"][limit["Ref"]]["Default"] if isinstance(limit, dict) else limit for limit in limits
        ]

        assert sum(values) <= 8

    def test_all_are_encrypted(self, of_type: OfType) -> None:
        assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type("AWS::SQS::Queue").values())

    def test_dead_letters_are_kept_for_fourteen_days(self, of_type: OfType) -> None:
        dead = {name: queue for name, queue in of_type("AWS::SQS::Queue").items() if name.endswith("DeadLetters")}

        assert len(dead) == 12
        assert {queue["MessageRetentionPeriod"] for queue in dead.values()} == {FORTNIGHT_SECONDS}

    def test_the_inbox_takes_every_body_that_is_admitted(self, properties: OfOne) -> None:
        assert properties("Inbox")["MaximumMessageSize"] == properties("InboxDeadLetters")["MaximumMessageSize"]
        assert properties("Inbox")["MaximumMessageSize"] > 1_000_000

    def test_capture_event_has_time_for_the_apis_of_billing_systems(self, properties: OfOne) -> None:
        assert properties("CaptureEventFunction")["Timeout"] == 60
        assert properties("Inbox")["VisibilityTimeout"] == 360

    def test_capture_event_knows_where_slices_and_unreadable_webhooks_go(self, properties: OfOne) -> None:
        variables = properties("CaptureEventFunction")["Environment"]["Variables"]

        assert variables["INBOX_URL"] == {"Ref": "Inbox"}
        assert variables["INBOX_DEAD_LETTERS_URL"] == {"Ref": "InboxDeadLetters"}

    def test_capture_event_knows_where_unsigned_webhooks_go(self, properties: OfOne) -> None:
        variables = properties("CaptureEventFunction")["Environment"]["Variables"]

        assert variables["UNSIGNED_INBOX_URL"] == {"Ref": "UnsignedInbox"}
        assert variables["UNSIGNED_INBOX_DEAD_LETTERS_URL"] == {"Ref": "UnsignedInboxDeadLetters"}

    def test_unsigned_webhooks_take_no_room_from_signed_ones(self, properties: OfOne) -> None:
        events = properties("CaptureEventFunction")["Events"]
        limits = {name: event["Properties"]["ScalingConfig"]["MaximumConcurrency"] for name, event in events.items()}

        assert limits == {"Inbox": {"Ref": "CaptureConcurrency"}, "UnsignedInbox": {"Ref": "UnsignedConcurrency"}}

    @pytest.mark.parametrize(
        ("name", "hours"), [("Inbox", 10), ("UnsignedInbox", 10), ("SendQueue", 5), ("MailEvents", 5), ("SmsEvents", 5)]
    )
    def test_a_queue_waits_out_an_outage_of_hours(self, properties: OfOne, name: str, hours: int) -> None:
        """Longer than an outage lasts, for messages are received too that are not begun."""
        queue = properties(name)
        dead_letters = {"SendQueue": "SendDeadLetters"}.get(name, f"{name}DeadLetters")

        assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn(dead_letters)
        assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] == hours * 3600


class TestSchedules:
    def test_capture_event_may_hand_over_one_role_and_to_scheduler_only(self, properties: OfOne) -> None:
        [passing] = allowing(properties("CaptureEventRole"), "iam:PassRole")

        assert passing["Resource"] == arn("ScheduleRole")
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}

    def test_capture_event_schedules_in_the_group_of_the_stack_only(self, properties: OfOne) -> None:
        [creating] = allowing(properties("CaptureEventRole"), "scheduler:CreateSchedule")

        assert creating["Resource"]["Fn::Sub"].endswith(":schedule/${ScheduleGroup}/*")

    @pytest.mark.parametrize(
        "role", ["ScheduleRole", "ComputeScheduleRole", "PollScheduleRole", "CampaignScheduleRole"]
    )
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

    @pytest.mark.parametrize(("name", "prefix"), PERIODIC)
    def test_a_periodic_function_is_started_again_and_its_failures_are_kept(
        self, properties: OfOne, name: str, prefix: str
    ) -> None:
        function = properties(f"{name}Function")
        schedule = function["Events"]["Rate"]["Properties"]

        assert schedule["ScheduleExpression"] == OTHER_RATES.get(name, {"Ref": f"{prefix}Rate"})
        assert schedule["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert schedule["DeadLetterConfig"] == {"Arn": arn(f"{prefix}DeadLetters")}
        assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
        assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == arn(
            f"{prefix}DeadLetters"
        )

    @pytest.mark.parametrize(("name", "prefix"), PERIODIC)
    def test_its_schedule_may_start_what_shares_its_rate_only(self, properties: OfOne, name: str, prefix: str) -> None:
        schedule = properties(f"{name}Function")["Events"]["Rate"]["Properties"]
        starting, failing = statements(properties(f"{prefix}ScheduleRole"))

        assert schedule["RoleArn"] == arn(f"{prefix}ScheduleRole")
        assert schedule["GroupName"] == {"Ref": "ScheduleGroup"}
        resources = starting["Resource"] if isinstance(starting["Resource"], list) else [starting["Resource"]]
        assert starting["Action"] == "lambda:InvokeFunction"
        assert resources == [may_start(each) for each, its in PERIODIC if its == prefix]
        assert may_start(name) in resources
        assert (failing["Action"], failing["Resource"]) == ("sqs:SendMessage", arn(f"{prefix}DeadLetters"))


def may_start(name: str) -> Resource:
    """The function's address, of the console's only where there is a console."""
    of_console = {"Fn::If": ["HasConsole", arn(f"{name}Function"), {"Ref": "AWS::NoValue"}]}
    return of_console if name in OF_CONSOLE else dict(arn(f"{name}Function"))


class TestTransport:
    def test_every_queue_refuses_plain_http(self, of_type: OfType) -> None:
        refusing = [
            queue["Ref"]
            for policy in of_type("AWS::SQS::QueuePolicy").values()
            if REFUSAL | {"Action": CARRYING_MESSAGES, "Resource": "*"} in policy["PolicyDocument"]["Statement"]
            for queue in policy["Queues"]
        ]

        assert sorted(refusing) == sorted(of_type("AWS::SQS::Queue"))

    def test_every_topic_refuses_plain_http(self, template: Resource, of_type: OfType) -> None:
        """SNS takes no `sns:*` in the policy of a topic."""
        refusing = [
            topic["Ref"]
            for policy in of_type("AWS::SNS::TopicPolicy").values()
            for topic in policy["Topics"]
            if REFUSAL | {"Action": "sns:Publish", "Resource": topic} in policy["PolicyDocument"]["Statement"]
        ]

        topics = [name for name, one in template["Resources"].items() if one["Type"] == "AWS::SNS::Topic"]
        assert sorted(refusing) == sorted(topics)

    def test_alarms_may_still_write_to_theirs(self, properties: OfOne) -> None:
        """A policy of our own takes the place of the one by which CloudWatch may."""
        [ringing, _] = properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]

        assert ringing["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert (ringing["Effect"], ringing["Action"]) == ("Allow", "sns:Publish")
        assert ringing["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}

    def test_what_lambda_and_scheduler_could_not_do_takes_nothing_from_queues(self, of_type: OfType) -> None:
        queues = of_type("AWS::SQS::Queue")
        redriven = [one["RedrivePolicy"] for one in queues.values() if "RedrivePolicy" in one]
        taking = {one["deadLetterTargetArn"]["Fn::GetAtt"][0] for one in redriven}
        nothing = {"redrivePermission": "denyAll"}
        closed = {name for name, one in queues.items() if one.get("RedriveAllowPolicy") == nothing}

        assert closed == {name for name in queues if name.endswith("DeadLetters")} - taking


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

    @pytest.mark.parametrize(
        "pattern",
        [
            {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"fact_hour": {"S": [{"exists": True}]}}}},
            {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"fact_hour": {"S": [{"exists": True}]}}}},
            {"dynamodb": {"NewImage": {"state": {"S": ["sent", "unknown", "closed"]}}}},
            {"dynamodb": {"NewImage": {"rating": {"N": [{"exists": True}]}}}},
        ],
        ids=["new", "removed", "asked or closed", "answered"],
    )
    def test_only_facts_that_are_new_or_gone_and_what_went_out_was_closed_or_answered_pass(
        self, properties: OfOne, pattern: object
    ) -> None:
        criteria = properties("TrackChangesFunction")["Events"]["Changes"]["Properties"]["FilterCriteria"]
        patterns = [json.loads(part["Pattern"]) for part in criteria["Filters"]]

        assert len(patterns) == 5
        assert pattern in patterns

    def test_words_about_addresses_pass_and_addresses_that_are_asked_do_not(self, properties: OfOne) -> None:
        criteria = properties("TrackChangesFunction")["Events"]["Changes"]["Properties"]["FilterCriteria"]
        patterns = [json.loads(part["Pattern"]) for part in criteria["Filters"]]

        assert {"dynamodb": {"NewImage": {"said_at": {"S": [{"exists": True}]}}}} in patterns
