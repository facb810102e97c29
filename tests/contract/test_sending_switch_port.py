"""SendingSwitch, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import CachedSendingStatus, SendingSwitchTable
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.outreach.quota_gate import closed
from afterbill.outreach.reputation import Figures, SendingPause
from afterbill_cli.memory.keys import MemorySendingSwitch
from tests.contract.scores_table import TABLE, create_table

NOW = datetime(2026, 11, 22, 12, 30, 15, 250, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
BOUNCES = SendingPause("6 of 100 mails bounced", NOW, Figures(100, 6, 0, free_bounced=2, free_complained=1))
BY_HAND = SendingPause("wrong prices", LATER)


@pytest.fixture(params=["memory", "aws"])
def switch(request):
    with mock_aws():
        if request.param == "memory":
            yield MemorySendingSwitch()
        else:
            yield table()


def table():
    client = boto3.client("dynamodb", region_name="eu-central-1")
    create_table(client)
    return SendingSwitchTable(client, TABLE)


def as_senders_see_it(switch):
    return switch if isinstance(switch, MemorySendingSwitch) else CachedSendingStatus(switch, lambda: 0)


def test_what_nobody_ever_turned_is_on(switch):
    assert switch.state() == SendingPause()
    assert as_senders_see_it(switch).pause_reason() == ""


@pytest.mark.parametrize("halt", [BOUNCES, BY_HAND], ids=["by itself", "by hand"])
def test_a_stop_is_kept_as_it_was_told_and_senders_see_its_reason(switch, halt):
    assert switch.stop(halt)
    assert switch.state() == halt
    assert as_senders_see_it(switch).pause_reason() == halt.reason


def test_the_first_stop_keeps_its_reason(switch):
    switch.stop(BY_HAND)

    assert not switch.stop(BOUNCES)
    assert switch.state() == BY_HAND


def test_the_same_stop_repeated_after_a_lost_answer_is_its_own(switch):
    assert switch.stop(BOUNCES)
    assert switch.stop(BOUNCES)


def test_a_resume_leaves_its_day_and_nothing_else(switch):
    switch.stop(BOUNCES)

    assert switch.resume(TODAY)
    assert switch.state() == SendingPause(resumed_on=TODAY)
    assert as_senders_see_it(switch).pause_reason() == ""


def test_what_is_not_stopped_is_not_resumed_and_no_day_is_remembered(switch):
    assert not switch.resume(TODAY)
    assert switch.state() == SendingPause()


def test_a_second_resume_changes_nothing(switch):
    switch.stop(BOUNCES)
    switch.resume(TODAY)

    assert not switch.resume(TOMORROW)
    assert switch.state().resumed_on == TODAY


def test_a_stop_thought_of_before_a_resume_comes_too_late(switch):
    switch.stop(BY_HAND)
    switch.resume(TODAY)

    assert not switch.stop(BOUNCES)
    assert switch.state() == SendingPause(resumed_on=TODAY)


def test_a_stop_that_knows_of_the_resume_counts_and_keeps_its_day(switch):
    switch.stop(BY_HAND)
    switch.resume(TODAY)
    again = SendingPause("7 of 100 mails bounced", LATER, Figures(100, 7, 0), resumed_on=TODAY)

    assert switch.stop(again)
    assert switch.state() == again


def test_a_stop_that_knows_of_an_earlier_resume_only_comes_too_late(switch):
    switch.stop(BY_HAND)
    switch.resume(TODAY)
    switch.stop(SendingPause("again", NOW, resumed_on=TODAY))
    switch.resume(TOMORROW)

    assert not switch.stop(SendingPause("7 of 100 mails bounced", LATER, resumed_on=TODAY))


@pytest.mark.parametrize(
    "call",
    [SendingSwitchTable.state, lambda one: one.stop(BOUNCES), lambda one: one.resume(TODAY)],
    ids=["state", "stop", "resume"],
)
def test_what_may_pass_by_itself_is_told_as_transient(call):
    class Unwell:
        def __getattr__(self, name):
            def refuse(**_):
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, name)

            return refuse

    with pytest.raises(TransientError):
        call(SendingSwitchTable(Unwell(), TABLE))


# What cannot be read, as after a rollback


def spoilt(**attributes):
    """A switch that says what no version up to this one writes."""
    stands = table()
    stands.dynamodb.put_item(TableName=TABLE, Item=keys.sending_pause() | encode(attributes))
    return stands


@pytest.mark.parametrize(
    "attributes",
    [
        {"reason": {"text": "wrong prices"}},
        {"reason": None},
        {"reason": ""},
        {"reason": "wrong prices", "since": "yesterday"},
        {"reason": "bounces", "figures": {"sent": 100, "opened": 3}},
        {"resumed_on": "yesterday"},
    ],
)
def test_a_switch_that_cannot_be_read_stops_sending_until_somebody_resumes(attributes):
    with mock_aws():
        stands = spoilt(**attributes)

        for reason in (stands.state().reason, as_senders_see_it(stands).pause_reason()):
            assert reason.startswith("the switch of sending cannot be read: STATE halt: ")
        assert stands.resume(TODAY)

        assert stands.state() == SendingPause(resumed_on=TODAY)
        assert as_senders_see_it(stands).pause_reason() == ""
        assert stands.stop(replace(BOUNCES, resumed_on=TODAY))


@pytest.mark.parametrize("strange", ["closed", {"since": "2026"}, {"since": "x", "until": "y", "pause_seconds": 1}])
def test_a_gate_that_cannot_be_read_is_told_and_open_and_the_others_hold(strange):
    with mock_aws():
        stands = table()
        gates = GatesTable(stands.dynamodb, TABLE)
        gate = closed(None, NOW)
        gates.close_gate("sms", gate)
        gates.change(keys.sending_gate(), "SET mail = :strange", "attribute_exists(pk)", {":strange": strange})
        told = []

        assert gates.gates(told.append) == {"sms": gate}
        assert [str(error).split(":")[0] for error in told] == ["STATE gate"]
        with pytest.raises(UnreadableError):
            gates.gates()
        senders = as_senders_see_it(stands)
        assert (senders.gate("mail"), senders.gate("sms")) == (None, gate)


@pytest.mark.parametrize("strange", ["closed", {"since": "2026"}])
def test_a_gate_that_says_no_time_is_closed_anew_by_the_next_refusal(strange):
    with mock_aws():
        gates = GatesTable(table().dynamodb, TABLE)
        gates.close_gate("sms", closed(None, NOW))
        gates.change(keys.sending_gate(), "SET mail = :strange", "attribute_exists(pk)", {":strange": strange})

        gates.close_gate("mail", closed(None, LATER))

        assert gates.gates()["mail"] == closed(None, LATER)
