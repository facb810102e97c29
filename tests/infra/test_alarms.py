"""Alarms that can ring: none asks more of a metric than it can show, and silence rings where there is never silence."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill_console.adapters.health.monitoring import OLDEST
from tests.infra.reading import OfOne, OfType, Resource

CLOCKED = [
    "SweepInvitations",
    "ReviewClicks",
    "ComputeNps",
    "WatchReputation",
    "HandlePrivacyRequests",
    "PollBilling",
    "RunCampaigns",
    "ApplyRetention",
    "ArchiveFacts",
    "CheckHealth",
    "NotifyOperators",
    "SweepActions",
]
STEPS = {
    "sweep_invitations": "SweepFinished",
    "review_clicks": "ReviewFinished",
    "compute_nps": "CountFinished",
    "watch_reputation": "WatchFinished",
    "handle_privacy_requests": "PrivacyFinished",
    "archive_facts": "ArchiveFinished",
    "check_health": "HealthFinished",
    "notify_operators": "NotifyFinished",
    "sweep_actions": "ActionsSweepFinished",
}
UNITS = {"minute": 1, "minutes": 1, "hour": 60}
CANDIDATES = [
    f"rate({number} {unit})" for number in range(200) for unit in ("minute", "minutes", "hour", "hours", "day")
]


def queue_of(alarm: Resource) -> str:
    return str(alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0])


def of_metric(of_type: OfType, metric: str) -> dict[str, Resource]:
    return {name: one for name, one in of_type("AWS::CloudWatch::Alarm").items() if one.get("MetricName") == metric}


def test_no_age_is_asked_for_that_the_metric_of_a_queue_cannot_show(of_type: OfType, properties: OfOne) -> None:
    """What was received three times is left out: at the third time it is twice as old as it stays hidden."""
    ages = of_metric(of_type, "ApproximateAgeOfOldestMessage")
    consumed = {name: one for name, one in ages.items() if "RedrivePolicy" in properties(queue_of(one))}

    queues = ("Inbox", "SendQueue", "MailEvents", "SmsEvents", "ReportRequests")
    assert {f"{name}AgeAlarm" for name in queues} <= set(consumed)
    for name, alarm in consumed.items():
        assert alarm["Threshold"] < 2 * properties(queue_of(alarm))["VisibilityTimeout"], name


def test_nobody_receives_what_the_other_ages_are_about(of_type: OfType, properties: OfOne) -> None:
    others = [
        queue_of(one)
        for one in of_metric(of_type, "ApproximateAgeOfOldestMessage").values()
        if "RedrivePolicy" not in properties(queue_of(one))
    ]

    read = json.dumps(list(of_type("AWS::Serverless::Function").values()))
    assert others
    assert not [queue for queue in others if f'"Queue": {{"Fn::GetAtt": ["{queue}"' in read]


def test_doctor_complains_of_the_same_ages(of_type: OfType) -> None:
    ages = {queue_of(one): one["Threshold"] for one in of_metric(of_type, "ApproximateAgeOfOldestMessage").values()}

    assert {queue: ages[queue] for queue in OLDEST} == OLDEST


def test_what_fails_rings_after_a_quarter_of_an_hour(properties: OfOne) -> None:
    """A message that fails is back after six minutes at most, so three periods of five minutes are soon full."""
    alarm = properties("RecordsFailedAlarm")

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 900


def slowest(template: Resource, rate: str) -> timedelta:
    if rate == "ReportMinutes":
        return timedelta(minutes=max(template["Parameters"][rate]["AllowedValues"]))
    pattern = template["Parameters"][rate]["AllowedPattern"] if rate in template["Parameters"] else re.escape(rate)
    found = [re.fullmatch(r"rate\((\d+) (\w+)\)", one) for one in CANDIDATES if re.search(pattern, one)]
    return max(timedelta(minutes=int(one[1]) * UNITS[one[2]]) for one in found if one)


def longest(template: Resource, properties: OfOne, function: str) -> timedelta:
    """The time between two runs at the slowest rate: the second may come late by the flexible window."""
    window = properties(f"{function}Function")["Events"]["Rate"]["Properties"]["FlexibleTimeWindow"]
    late = timedelta(minutes=window.get("MaximumWindowInMinutes", 0))
    return slowest(template, rate_of(properties, function)) + late


def rate_of(properties: OfOne, function: str) -> str:
    """The parameter with the rate, or the rate itself where nobody can change it."""
    rate = properties(f"{function}Function")["Events"]["Rate"]["Properties"]["ScheduleExpression"]
    if isinstance(rate, dict) and "Fn::If" in rate:
        return re.findall(r"\$\{(\w+)\}", rate["Fn::If"][2]["Fn::Sub"])[0]
    return str(rate["Ref"] if isinstance(rate, dict) else rate)


def silent(of_type: OfType) -> dict[str, Resource]:
    return {
        name: one for name, one in of_type("AWS::CloudWatch::Alarm").items() if one["TreatMissingData"] == "breaching"
    }


@pytest.mark.parametrize("parameter", ["ComputeRate", "PollRate", "CampaignRate", "NotifyRate"])
@pytest.mark.parametrize(
    "wrong", ["rate(0 minutes)", "rate(1 day)", "rate(2 hours)", "cron(0 8 * * ? *)", "rate(61 minutes)"]
)
def test_a_rate_that_the_alarms_cannot_judge_is_refused(template: Resource, parameter: str, wrong: str) -> None:
    described = template["Parameters"][parameter]

    assert not re.search(described["AllowedPattern"], wrong)
    assert re.search(described["AllowedPattern"], described["Default"])
    assert re.search(described["AllowedPattern"], "rate(1 minute)")


def test_every_function_of_the_clock_has_an_alarm_for_its_silence(of_type: OfType) -> None:
    watched = {json.dumps(one["Dimensions"]): one["MetricName"] for one in silent(of_type).values()}
    invoked = {name for name in CLOCKED if any(f'"{name}Function"' in dimensions for dimensions in watched)}

    assert {one["MetricName"] for one in silent(of_type).values()} == {*STEPS.values(), "Invocations"}
    assert invoked == {"PollBilling", "RunCampaigns", "ApplyRetention"}


def test_silence_rings_only_after_three_turns_of_the_slowest_rate(
    template: Resource, of_type: OfType, properties: OfOne
) -> None:
    """Of two periods as long as the slowest rate one has a run; the third leaves room for a run that fails."""
    for name, alarm in silent(of_type).items():
        function = {
            "Actions": "SweepActions",
            "Archive": "ArchiveFacts",
            "Campaigns": "RunCampaigns",
            "Notify": "NotifyOperators",
            "Poll": "PollBilling",
            "Retention": "ApplyRetention",
        }.get(name.removesuffix("SilentAlarm"), CLOCKED[0])
        assert timedelta(seconds=alarm["Period"]) >= longest(template, properties, function), name
        assert (alarm["EvaluationPeriods"], alarm["Statistic"], alarm["Threshold"]) == (3, "Sum", 1)
    assert {rate_of(properties, name) for name in CLOCKED[:4]} == {"ComputeRate"}


@pytest.mark.parametrize("function", CLOCKED)
def test_two_failures_in_a_row_are_neighbours_for_the_alarm(
    template: Resource, properties: OfOne, function: str
) -> None:
    alarm: dict[str, Any] = properties(f"{function}ErrorsAlarm")

    assert timedelta(seconds=alarm["Period"]) >= longest(template, properties, function)


def test_the_four_steps_begin_at_moments_of_their_own(properties: OfOne) -> None:
    windows = [properties(f"{name}Function")["Events"]["Rate"]["Properties"]["FlexibleTimeWindow"] for name in CLOCKED]

    assert windows[:4] == [{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 3}] * 4


@pytest.mark.parametrize(("function", "metric"), STEPS.items())
def test_each_step_writes_its_own_end(function: str, metric: str) -> None:
    app = Path(__file__).resolve().parents[2] / "functions" / function / "app.py"

    assert f"Metric.{re.sub('(?<!^)(?=[A-Z])', '_', metric).upper()}" in app.read_text()
