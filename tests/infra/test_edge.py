"""What the local stack cannot show, and what must never be loosened by accident: API, alarms, parameters."""

import json
import re
from fnmatch import fnmatchcase

import pytest

from afterbill.model.webhooks import Refusal
from afterbill.runtime.observability import Metric
from tests.infra.reading import FUNCTIONS, OfOne, OfType, Resource
from tests.integration.resolving import Resolver
from tests.integration.stack import functions, own_variables


class TestApi:
    def test_routes_take_every_method(self, of_type: OfType) -> None:
        routes = {
            (event["Properties"]["Method"], event["Properties"]["Path"]): name
            for name, function in of_type("AWS::Serverless::Function").items()
            for event in function.get("Events", {}).values()
            if event["Type"] == "HttpApi"
        }

        assert routes == {
            ("ANY", "/webhooks/{source}"): "ReceiveWebhookFunction",
            ("ANY", "/s/{token}"): "RecordResponseFunction",
            ("ANY", "/u/{token}"): "RecordResponseFunction",
            ("ANY", "/v1/responses"): "CollectResponseFunction",
            ("GET", "/v1/responses"): "ReadReportsFunction",
            ("ANY", "/v1/reports/{name}"): "ReadReportsFunction",
            ("ANY", "/v1/openapi.json"): "CollectResponseFunction",
            ("ANY", "/v1/privacy/requests"): "RequestPrivacyFunction",
            ("ANY", "/v1/privacy/requests/{id}"): "RequestPrivacyFunction",
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
            if any(event["Type"] == "HttpApi" for event in function.get("Events", {}).values())
        }

        assert [name for name, variables in behind.items() if "HttpApi" in variables] == []

    def test_it_is_throttled(self, properties: OfOne) -> None:
        assert properties("HttpApi")["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": {"Ref": "ThrottleRate"},
            "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"},
        }

    def test_what_nobody_needs_often_has_a_lower_limit_of_its_own(self, properties: OfOne) -> None:
        limits = properties("HttpApi")["RouteSettings"]

        assert {route: limit["ThrottlingRateLimit"] for route, limit in limits.items()} == {
            "ANY /v1/responses": 50,
            "GET /v1/responses": 20,
            "ANY /v1/reports/{name}": 20,
            "ANY /v1/openapi.json": 5,
            "ANY /v1/privacy/requests": 5,
            "ANY /v1/privacy/requests/{id}": 5,
            "ANY /in-product/{name}": 20,
            "ANY /q/{link}": 20,
            "ANY /c/{code}": 20,
            "ANY /r/{token}": 20,
        }
        assert all(limit["ThrottlingBurstLimit"] == 2 * limit["ThrottlingRateLimit"] for limit in limits.values())

    def test_limits_stand_at_routes_that_exist(self, of_type: OfType, properties: OfOne) -> None:
        """API Gateway refuses a stage with a limit for any other."""
        routes = {
            f"{event['Properties']['Method']} {event['Properties']['Path']}"
            for function in of_type("AWS::Serverless::Function").values()
            for event in function.get("Events", {}).values()
            if event["Type"] == "HttpApi"
        }

        assert set(properties("HttpApi")["RouteSettings"]) < routes

    def test_its_log_names_the_route_and_nothing_of_the_person(self, properties: OfOne) -> None:
        fields = set(re.findall(r"\$context\.([\w.]+)", log_format(properties)))

        assert {"routeKey", "status", "requestId", "integrationLatency"} <= fields
        assert not {field for field in fields if "path" in field.lower() or field.startswith("identity")}

    @pytest.mark.parametrize("value", ["-", "Not Found", "200"])
    def test_a_line_of_its_log_is_json_whatever_stands_in_it(self, properties: OfOne, value: str) -> None:
        """`messageString` comes with quotation marks of its own, and where there is no value stands a dash."""
        line = logged(properties, dict.fromkeys(re.findall(r"\$context\.([\w.]+)", log_format(properties)), value))

        assert "messageString" not in log_format(properties)
        assert set(line) >= {"requestId", "service", "routeKey", "status", "error"}
        assert line["error"] == value

    @pytest.mark.parametrize(
        ("alarm", "route"), [("WebhooksThrottled", "ANY /webhooks/{source}"), ("VisitorsThrottled", "ANY /s/{token}")]
    )
    def test_what_is_turned_away_rings(self, properties: OfOne, alarm: str, route: str) -> None:
        """In the log of one request for it, filtered by the pattern, counted under the alarm's metric."""
        counted, watched = properties(f"{alarm}Filter"), properties(f"{alarm}Alarm")
        [metric] = counted["MetricTransformations"]
        turned_away = logged(properties, {"status": "429", "integrationStatus": "-", "routeKey": route})
        answered = logged(properties, {"status": "429", "integrationStatus": "200", "routeKey": route})

        assert counted["LogGroupName"] == {"Ref": "AccessLog"}
        assert passes(counted["FilterPattern"], turned_away)
        assert not passes(counted["FilterPattern"], answered)
        assert (metric["MetricNamespace"], metric["MetricName"]) == (watched["Namespace"], watched["MetricName"])
        assert metric["Dimensions"] == [{"Key": "service", "Value": "$.service"}]
        assert watched["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]

    def test_a_request_rings_one_of_them(self, properties: OfOne) -> None:
        for route in ("ANY /webhooks/{source}", "ANY /s/{token}", "-"):
            line = logged(properties, {"status": "429", "integrationStatus": "-", "routeKey": route})
            filters = [properties(f"{name}ThrottledFilter")["FilterPattern"] for name in ("Webhooks", "Visitors")]
            assert [passes(pattern, line) for pattern in filters].count(True) == 1


class TestDomain:
    def test_it_leads_to_the_api_where_an_operator_has_one(self, template: Resource, properties: OfOne) -> None:
        mapping, [name] = properties("ApiDomainMapping"), properties("ApiDomain")["DomainNameConfigurations"]

        assert {template["Resources"][one]["Condition"] for one in ("ApiDomain", "ApiDomainMapping")} == {"HasDomain"}
        assert (mapping["ApiId"], mapping["DomainName"]) == ({"Ref": "HttpApi"}, {"Ref": "ApiDomain"})
        assert (name["CertificateArn"], name["SecurityPolicy"]) == ({"Ref": "CertificateArn"}, "TLS_1_2")
        assert template["Outputs"]["DomainTarget"]["Value"] == {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}

    def test_links_lead_there_unless_another_address_is_given(self) -> None:
        own = {"DomainName": "nps.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}

        assert addresses(own) == {"https://nps.example.com"}
        assert addresses(own | {"PublicUrl": "https://cdn.example.com"}) == {"https://cdn.example.com"}
        assert addresses({}) == {"HttpApi.ApiEndpoint", ""}

    def test_a_name_without_a_certificate_is_refused(self, template: Resource) -> None:
        rule = template["Rules"]["ADomainNeedsACertificate"]

        assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
        assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}


def addresses(parameters: dict[str, str]) -> set[str]:
    """Where links begin, in each function that writes some; empty stands for the API's own address."""
    stack = Resolver(parameters, {})
    writing = (own_variables(function) for function in functions())
    return {str(stack.resolve(variables["PUBLIC_URL"])) for variables in writing if "PUBLIC_URL" in variables}


def log_format(properties: OfOne) -> str:
    return str(properties("HttpApi")["AccessLogSettings"]["Format"]["Fn::Sub"])


def logged(properties: OfOne, values: dict[str, str]) -> dict[str, str]:
    """A line of the access log, with a dash where there is no value, as API Gateway writes it."""
    line = log_format(properties).replace("${AWS::StackName}", "afterbill")
    read: dict[str, str] = json.loads(re.sub(r"\$context\.([\w.]+)", lambda name: values.get(name[1], "-"), line))
    return read


def passes(pattern: str, line: dict[str, str]) -> bool:
    """Whether a metric filter of comparisons joined by && takes the line."""
    comparisons = re.findall(r'\(\$\.(\w+) (!?=) "([^"]*)"\)', pattern)
    assert pattern.count("(") == len(comparisons)
    return all(fnmatchcase(line[field], text) == (sign == "=") for field, sign, text in comparisons)


class TestWatching:
    def test_every_log_is_kept_for_a_stated_time(self, of_type: OfType) -> None:
        groups = of_type("AWS::Logs::LogGroup")

        assert len(groups) == len(FUNCTIONS) + 2  # with the access log of each API
        assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())

    @pytest.mark.parametrize(
        "metric",
        [
            "SendingPaused",
            "SendingQuotaUsedUp",
            "SendingThrottled",
            "SendingHalted",
            "SendingAtRisk",
            "UnknownDeliveries",
            "OverdueInvitations",
            "ConsoleThrottled",
            "ConsentLost",
            "UnsignedDropped",
            "TasksRecorded",
            "PrivacyRequestsReceived",
            "PrivacyOverdue",
            "RecordsFailed",
            "UnreadableItems",
            "SweepFinished",
            "ReviewFinished",
            "CountFinished",
            "WatchFinished",
            "PrivacyFinished",
            "ArchiveFinished",
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
            ("PrivacyRequestsReceivedAlarm", "`afterbill privacy requests`"),
            ("PrivacyOverdueAlarm", "`afterbill privacy requests`"),
            ("SendingHaltedAlarm", "`afterbill sending`"),
            ("SendingAtRiskAlarm", "`afterbill sending`"),
            ("WrongSignaturesAlarm", "`afterbill source list`"),
            ("WrongSignaturesAlarm", "or a stranger tries"),
            ("InboxDeadLettersAlarm", "`afterbill replay`"),
        ],
    )
    def test_what_a_command_settles_names_it(self, properties: OfOne, alarm: str, command: str) -> None:
        assert command in properties(alarm)["AlarmDescription"]

    @pytest.mark.parametrize("alarm", ["TasksRecordedAlarm", "PrivacyRequestsReceivedAlarm", "WrongSignaturesAlarm"])
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

    def test_layers_of_two_stacks_have_two_names(self, of_type: OfType) -> None:
        layers = of_type("AWS::Serverless::LayerVersion").values()

        assert {layer["LayerName"]["Fn::Sub"] for layer in layers} == {
            f"${{AWS::StackName}}-{part}" for part in ("deps", "config", "core", "reports", "console", "actions")
        }
