"""Caps and SendingStatus, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import CachedSendingStatus
from afterbill.model.errors import TransientError
from afterbill.model.invitation import SkipReason
from afterbill.outreach.caps import Cap
from afterbill.outreach.quota_gate import closed
from afterbill_cli.memory.keys import MemoryCaps
from tests.contract.people import NOW

HOUR = Cap("hour#2026-11-22T13", 2, NOW + timedelta(hours=1), SkipReason.LIMIT)
DAY = Cap("day#2026-11-22", 3, NOW + timedelta(days=1), SkipReason.LIMIT)


def test_a_limit_is_used_up_after_as_many_mails(world):
    assert [world.caps.take([HOUR]) for _ in range(3)] == [None, None, HOUR]


def test_counters_are_apart(world):
    world.caps.take([HOUR])
    world.caps.take([HOUR])

    assert world.caps.take([replace(HOUR, counter="hour#2026-11-22T14")]) is None


def test_a_mail_that_one_limit_forbids_is_counted_under_none(world):
    tight = replace(HOUR, most=0)

    assert world.caps.take([DAY, replace(tight, most=1)]) is None
    assert world.caps.take([DAY, replace(tight, most=1)]) == replace(tight, most=1)

    assert [world.caps.take([DAY]) for _ in range(3)] == [None, None, DAY]


def test_what_is_given_back_can_be_taken_again(world):
    world.caps.take([HOUR])
    world.caps.take([HOUR])

    world.caps.give_back([HOUR])

    assert [world.caps.take([HOUR]) for _ in range(2)] == [None, HOUR]


def test_nothing_is_given_back_that_was_not_taken(world):
    world.caps.give_back([HOUR])

    assert [world.caps.take([HOUR]) for _ in range(3)] == [None, None, HOUR]


def test_a_counter_is_forgotten_some_weeks_after_its_time(aws_world):
    aws_world.caps.take([HOUR])

    (item,) = aws_world.dynamodb.scan(TableName="afterbill")["Items"]

    assert int(item["expires_at"]["N"]) > (HOUR.until + timedelta(days=30)).timestamp()


def test_nothing_is_halted_from_the_start(world):
    assert world.status.pause_reason() == ""


def test_the_switch_in_memory_tells_its_reason():
    assert MemoryCaps(pause="too many bounces").pause_reason() == "too many bounces"


def test_the_switch_is_read_again_after_a_minute(aws_world):
    seconds = [0.0]
    switch = CachedSendingStatus(aws_world.invitations, lambda: seconds[0])
    assert switch.pause_reason() == ""
    item = {"pk": {"S": "STATE"}, "sk": {"S": "halt"}, "reason": {"S": "too many bounces"}}
    aws_world.dynamodb.put_item(TableName="afterbill", Item=item)

    seconds[0] = 59.0
    assert switch.pause_reason() == ""
    seconds[0] = 60.0
    assert switch.pause_reason() == "too many bounces"


# Gates

GATE = closed(None, NOW)


def test_every_gate_is_open_from_the_start(world):
    assert (world.status.gate("mail"), world.status.gate("sms")) == (None, None)


def test_a_closed_gate_is_one_channels_and_known_at_once(world):
    assert world.status.gate("mail") is None

    world.status.close("mail", GATE)

    assert (world.status.gate("mail"), world.status.gate("sms")) == (GATE, None)


def test_one_survey_probes(world):
    probed = GATE.probed(GATE.until)
    world.status.close("mail", GATE)

    assert world.status.probe("mail", GATE, probed)
    assert world.status.gate("mail") == probed
    assert not world.status.probe("mail", GATE, probed)
    assert world.status.gate("mail") == probed


def test_a_probe_is_left_to_the_next_survey(world):
    probed = GATE.probed(GATE.until + timedelta(microseconds=1))
    world.status.close("mail", GATE)
    world.status.probe("mail", GATE, probed)

    assert world.status.probe("mail", probed, GATE)
    assert world.status.gate("mail") == GATE
    assert world.status.probe("mail", GATE, probed)


def test_a_gate_that_is_open_cannot_be_probed(world):
    assert not world.status.probe("mail", GATE, GATE)


def test_what_a_probe_opens_is_open(world):
    probed = GATE.probed(GATE.until)
    world.status.close("mail", GATE)
    world.status.close("sms", GATE)
    world.status.probe("mail", GATE, probed)

    world.status.open("mail", probed)

    assert (world.status.gate("mail"), world.status.gate("sms")) == (None, GATE)


def test_all_senders_share_the_gates_and_none_is_closed_for_less(aws_world):
    long, now = closed(GATE, GATE.until), [0.0]
    one, other = (CachedSendingStatus(aws_world.invitations, lambda: now[0]) for _ in range(2))
    one.close("mail", long)

    assert other.gate("mail") == long
    other.close("mail", GATE)
    now[0] += 60

    assert (one.gate("mail"), other.gate("mail")) == (long, long)


def test_a_gate_closed_by_another_since_is_not_opened(aws_world):
    one, other = (CachedSendingStatus(aws_world.invitations, lambda: 0.0) for _ in range(2))
    one.close("mail", GATE)
    other.close("mail", closed(GATE, GATE.until))

    one.open("mail", GATE)

    assert GatesTable(aws_world.dynamodb, "afterbill").gates() == {"mail": closed(GATE, GATE.until)}


def test_the_twin_keeps_to_that_too():
    twin = MemoryCaps()
    twin.close("mail", closed(GATE, GATE.until))
    twin.close("mail", GATE)
    twin.open("mail", GATE)

    assert twin.gate("mail") == closed(GATE, GATE.until)


def test_what_is_left_unread_stops_nobody_from_looking_again(aws_world):
    aws_world.dynamodb.meta.events.register(
        "after-call.dynamodb.BatchGetItem", lambda parsed, **_: parsed.update(UnprocessedKeys={"afterbill": {}})
    )

    with pytest.raises(TransientError, match="throttling"):
        CachedSendingStatus(aws_world.invitations, lambda: 0.0).pause_reason()
