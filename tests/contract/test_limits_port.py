"""What send_survey asks of the counters and of the switch."""

from dataclasses import replace
from datetime import timedelta

from afterbill.adapters.dynamodb.limits import HaltSwitch
from afterbill.model.invitation import SkipReason
from afterbill.outreach.caps import Limit
from afterbill_cli.memory.limits import MemoryLimits
from tests.contract.people import NOW

HOUR = Limit("hour#2026-11-22T13", 2, NOW + timedelta(hours=1), SkipReason.LIMIT)
DAY = Limit("day#2026-11-22", 3, NOW + timedelta(days=1), SkipReason.LIMIT)


def test_a_limit_is_used_up_after_as_many_mails(world):
    assert [world.limits.take([HOUR]) for _ in range(3)] == [None, None, HOUR]


def test_counters_are_apart(world):
    world.limits.take([HOUR])
    world.limits.take([HOUR])

    assert world.limits.take([replace(HOUR, counter="hour#2026-11-22T14")]) is None


def test_a_mail_that_one_limit_forbids_is_counted_under_none(world):
    tight = replace(HOUR, most=0)

    assert world.limits.take([DAY, replace(tight, most=1)]) is None
    assert world.limits.take([DAY, replace(tight, most=1)]) == replace(tight, most=1)

    assert [world.limits.take([DAY]) for _ in range(3)] == [None, None, DAY]


def test_what_is_given_back_can_be_taken_again(world):
    world.limits.take([HOUR])
    world.limits.take([HOUR])

    world.limits.give_back([HOUR])

    assert [world.limits.take([HOUR]) for _ in range(2)] == [None, HOUR]


def test_nothing_is_given_back_that_was_not_taken(world):
    world.limits.give_back([HOUR])

    assert [world.limits.take([HOUR]) for _ in range(3)] == [None, None, HOUR]


def test_a_counter_is_forgotten_some_weeks_after_its_time(aws_world):
    aws_world.limits.take([HOUR])

    (item,) = aws_world.dynamodb.scan(TableName="afterbill")["Items"]

    assert int(item["expires_at"]["N"]) > (HOUR.until + timedelta(days=30)).timestamp()


def test_nothing_is_halted_from_the_start(world):
    assert world.halts.halted() == ""


def test_the_switch_in_memory_tells_its_reason():
    assert MemoryLimits(halt="too many bounces").halted() == "too many bounces"


def test_the_switch_is_read_again_after_a_minute(aws_world):
    seconds = [0.0]
    switch = HaltSwitch(aws_world.invitations, lambda: seconds[0])
    assert switch.halted() == ""
    item = {"pk": {"S": "STATE"}, "sk": {"S": "halt"}, "reason": {"S": "too many bounces"}}
    aws_world.dynamodb.put_item(TableName="afterbill", Item=item)

    seconds[0] = 59.0
    assert switch.halted() == ""
    seconds[0] = 60.0
    assert switch.halted() == "too many bounces"
