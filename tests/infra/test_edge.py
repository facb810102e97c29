"""What the local stack cannot show, and what must never be loosened by accident: API, alarms, parameters."""

import json
import re

import pytest

from afterbill.model.webhooks import Refusal
from afterbill.runtime.observability import Metric
from tests.infra.reading import FUNCTIONS, OfOne, OfType, Resource


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
            ("ANY", "/v1/responses"): "CollectResponseFunction",
            ("ANY", "/v1/openapi.json"): "CollectResponseFunction",
            ("ANY", "/in-product/{name}"): "OfferSurveyFunction",
            ("ANY", "/q/{link}"): "OfferSurveyFunction",
            ("ANY", "/c/{code}"): "FollowLinkFunction",
            ("ANY", "/r/{token}"): "FollowLinkFunction",
        }

    def test_no_function_behind_a_route_asks_for_the_address_of_the_api(self, of_type: OfType) -> None:
        """The API names its functions: CloudFormation refuses such a circle, and no linter sees it."""
        behind = {
            name: json.dumps(function["Environment"])
            for name, function in of_type("AWS::Serverless::Function").items()
            if any(event["Type"] == "HttpApi" for event in function["Events"].values())
        }

        assert [name for name, variables in behind.items() if "HttpApi" in variables] == []

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

    @pytest.mark.parametrize(
        "metric",
        [
            "SendingPaused",
            "SendingHalted",
            "SendingAtRisk",
            "UnknownDeliveries",
            "OverdueInvitations",
            "ConsentLost",
            "TasksRecorded",
        ],
    )
    def test_metrics_of_our_own_are_watched(self, of_type: OfType, metric: str) -> None:
        [alarm] = [alarm for alarm in of_type("AWS::CloudWatch::Alarm").values() if alarm["MetricName"] == metric]

        assert alarm["Namespace"] == "afterbill"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]

    @pytest.mark.parametrize(
        ("alarm", "command"),
        [
            ("ConsentLostAlarm", "`afterbill source consent NAME`"),
            ("TasksRecordedAlarm", "`afterbill tasks`"),
            ("SendingHaltedAlarm", "`afterbill sending`"),
            ("SendingAtRiskAlarm", "`afterbill sending`"),
            ("WrongSignaturesAlarm", "`afterbill source list`"),
            ("WrongSignaturesAlarm", "or a stranger tries"),
            ("InboxDeadLettersAlarm", "`afterbill replay`"),
        ],
    )
    def test_what_a_command_settles_names_it(self, properties: OfOne, alarm: str, command: str) -> None:
        assert command in properties(alarm)["AlarmDescription"]

    @pytest.mark.parametrize("alarm", ["TasksRecordedAlarm", "WrongSignaturesAlarm"])
    def test_silence_never_tells_that_something_is_settled(self, properties: OfOne, alarm: str) -> None:
        assert "OKActions" not in properties(alarm)

    def test_a_wrong_signing_secret_rings_and_what_strangers_try_without_a_signature_does_not(
        self, properties: OfOne
    ) -> None:
        alarm = properties("WrongSignaturesAlarm")

        assert alarm["MetricName"] == Metric.WEBHOOKS_REFUSED
        assert {"Name": "reason", "Value": Refusal.MISMATCH} in alarm["Dimensions"]

    def test_a_wrong_signing_secret_rings_also_where_few_webhooks_come(self, properties: OfOne) -> None:
        """One burst of tries is no wrong secret; two hours of a day are, however few came."""
        alarm = properties("WrongSignaturesAlarm")

        assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (1, 2)
        assert alarm["EvaluationPeriods"] * alarm["Period"] == 86_400

    def test_every_alarm_is_told_to_the_topic_and_says_what_to_do(self, of_type: OfType) -> None:
        for alarm in of_type("AWS::CloudWatch::Alarm").values():
            assert {"Ref": "AlarmTopic"} in alarm["AlarmActions"]["Fn::If"][1]
            assert alarm["AlarmDescription"]
            silent = alarm["ComparisonOperator"] == "LessThanThreshold"
            assert alarm["TreatMissingData"] == ("breaching" if silent else "notBreaching")

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
