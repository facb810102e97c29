"""Timer, in memory and over EventBridge Scheduler."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from botocore.stub import Stubber

from afterbill.adapters.aws.timer import EventBridgeTimer, Schedules, ScheduleTarget
from afterbill.model.errors import TransientError
from afterbill_cli.memory.queues import MemoryTimer
from tests.contract.people import DUE, ID, invitation

ACCOUNT = "arn:aws:{}:eu-central-1:123456789012:{}"
TARGET = ScheduleTarget(
    group="afterbill-surveys",
    role_arn="arn:aws:iam::123456789012:role/schedule",
    queue_arn=ACCOUNT.format("sqs", "send"),
    dlq_arn=ACCOUNT.format("sqs", "dead"),
    flexible_minutes=15,
)


class InMemory:
    def __init__(self):
        self.timer = MemoryTimer()

    def names(self):
        return sorted(self.timer.schedules)


class InScheduler:
    def __init__(self, scheduler):
        scheduler.create_schedule_group(Name=TARGET.group)
        self.scheduler = scheduler
        self.timer = EventBridgeTimer(scheduler, TARGET)

    def names(self):
        return sorted(one["Name"] for one in self.scheduler.list_schedules(GroupName=TARGET.group)["Schedules"])

    def schedule(self, name):
        return self.scheduler.get_schedule(GroupName=TARGET.group, Name=name)


@pytest.fixture
def scheduler(aws):
    return InScheduler(aws("scheduler"))


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("scheduler")


def test_setting_a_timer_twice_is_setting_it_once(world):
    """In EventBridge Scheduler the name is what makes this so: the second call is a conflict, which is success."""
    world.timer.at(invitation(), 1, DUE)
    world.timer.at(invitation(), 1, DUE + timedelta(days=1))

    assert world.names() == [f"{ID}-g1-d1"]


def test_a_deferred_invitation_has_a_timer_of_its_own(world):
    world.timer.at(invitation(), 1, DUE)
    world.timer.at(invitation(generation=2), 1, DUE)
    world.timer.at(invitation(), 2, DUE)

    assert world.names() == [f"{ID}-d2", f"{ID}-g1-d1", f"{ID}-g2-d1"]


def test_timers_are_deleted_by_their_names_and_no_others(scheduler):
    scheduler.timer.at(invitation(), 1, DUE)
    scheduler.timer.at(invitation(), 2, DUE)

    assert Schedules(scheduler.scheduler, TARGET.group).delete({f"{ID}-g1-d1", f"{ID}-d3"}) == 1
    assert scheduler.names() == [f"{ID}-d2"]


@pytest.mark.parametrize("code", ["ServiceQuotaExceededException", "ThrottlingException"])
def test_a_full_or_throttled_scheduler_may_be_asked_again(aws, code):
    scheduler = aws("scheduler")
    stub = Stubber(scheduler)
    stub.add_client_error("create_schedule", code, http_status_code=402)
    with stub, pytest.raises(TransientError, match=code):
        EventBridgeTimer(scheduler, TARGET).at(invitation(), 1, DUE)


def test_the_first_moment_stands(scheduler):
    scheduler.timer.at(invitation(), 1, DUE)
    scheduler.timer.at(invitation(), 1, DUE + timedelta(days=1))

    assert scheduler.schedule(f"{ID}-g1-d1")["ScheduleExpression"] == "at(2026-11-22T13:20:00)"


def test_a_schedule_carries_ids_and_nothing_else(scheduler):
    scheduler.timer.at(invitation(), 2, DUE)

    schedule = scheduler.schedule(f"{ID}-d2")

    assert json.loads(schedule["Target"]["Input"]) == {"invitation_id": ID, "delivery": 2}
    assert schedule["Target"]["Arn"] == TARGET.queue_arn
    assert schedule["Target"]["RoleArn"] == TARGET.role_arn
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": TARGET.dlq_arn}
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}


def test_without_a_window_a_schedule_is_exact(scheduler):
    EventBridgeTimer(scheduler.scheduler, replace(TARGET, flexible_minutes=0)).at(invitation(), 1, DUE)

    assert scheduler.schedule(f"{ID}-g1-d1")["FlexibleTimeWindow"] == {"Mode": "OFF"}


@pytest.mark.parametrize(
    ("due_at", "expression"),
    [
        (DUE, "at(2026-11-22T13:20:00)"),
        (DUE + timedelta(microseconds=1), "at(2026-11-22T13:20:01)"),
        (DUE + timedelta(seconds=39, microseconds=999_999), "at(2026-11-22T13:20:40)"),
        (datetime(2026, 12, 31, 23, 59, 59, 1, tzinfo=timezone(timedelta(hours=-1))), "at(2027-01-01T01:00:00)"),
    ],
    ids=["a whole second", "a little later", "nearly the next", "another zone, over the end of the year"],
)
def test_a_timer_is_set_in_utc_and_never_early(scheduler, due_at, expression):
    """moto 5.2.5 keeps any expression, one in the past too; due() and capture_event see to it that none is."""
    scheduler.timer.at(invitation(), 1, due_at)

    assert scheduler.schedule(f"{ID}-g1-d1")["ScheduleExpression"] == expression


def test_a_schedule_name_fits(scheduler):
    """Names are at most 64 characters of [0-9a-zA-Z-_.] (Scheduler, API reference)."""
    longest = invitation("f" * 32, generation=999_999)

    scheduler.timer.at(longest, 99, DUE)

    assert scheduler.names() == [longest.schedule_name(99)]
    assert len(longest.schedule_name(99)) <= 64
