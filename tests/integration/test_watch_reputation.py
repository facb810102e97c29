"""watch_reputation: on its schedule, the stop before SES does."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.tallies import tally_item
from afterbill.insight.nps import Tally
from afterbill.outreach.quota_gate import closed
from afterbill.outreach.reputation import SendingPause
from afterbill.settings import config
from tests.integration.logs import counted, lines
from tests.integration.samples import due, mail_event, now, sample

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    """Five mails that bounce stop all sending."""
    surveys = asking_at_once / "surveys.toml"
    surveys.write_text(surveys.read_text() + "\n[sending]\nmax_bounce_rate = 0.005\n")
    return asking_at_once


@pytest.fixture
def bouncing(stack, loop):
    """Five mails in a row come back."""
    track = stack.load("track_changes")
    for number in range(5):
        address = f"gone-{number}@example.com"
        invitation = loop.sent(f"order-{number}", id=f"customer-{number}", email=address)
        loop.mail(mail_event("bounce_permanent", invitation.id, address))
        record = sample("stream/answered")["Records"][0]
        image = invitation_item(loop.invitation(invitation.id))
        record["dynamodb"] |= {"OldImage": {}, "NewImage": image, "SequenceNumber": str(number)}
        assert track({"Records": [record]}) == {"batchItemFailures": []}
    loop.compute(EVENT)


def switch(stack):
    return SendingSwitchTable(stack.dynamodb, "afterbill")


@pytest.mark.usefixtures("bouncing")
def test_bounces_stop_all_sending_until_somebody_resumes(stack, loop, capsys):
    loop.watch(EVENT)
    log = capsys.readouterr().out

    halt = switch(stack).state()
    assert halt.reason == (
        "5 of 5 mails bounced (100.00 %, the limit is 0.50 %): 5 of 5 about payment_succeeded of source events"
    )
    assert [line["reason"] for line in lines(log) if line.get("level") == "ERROR"] == [halt.reason]
    assert counted(log, "SendingHalted") == [1]

    waiting = loop.asked("order-waits", id="waits", email="waits@example.com")
    stack.load("send_survey")(due(waiting.id))  # afresh: what it knows of the switch may be a minute old
    assert loop.invitation(waiting.id).state == "pending"

    switch(stack).resume(now().astimezone(config.time_zone()).date())
    loop.watch(EVENT)
    assert switch(stack).state().reason == ""


@pytest.mark.usefixtures("bouncing")
def test_a_stop_is_told_in_every_run_and_logged_as_an_error_once(loop, capsys):
    loop.watch(EVENT)
    capsys.readouterr()
    loop.watch(EVENT)
    log = capsys.readouterr().out

    assert counted(log, "SendingHalted") == [1]
    assert not [line for line in lines(log) if line.get("level") == "ERROR"]


def test_what_is_over_a_limit_but_too_little_to_stop_is_logged_and_counted(stack, loop, capsys):
    for dimension, value in (("channel", "mail"), ("mail_origin", "events/signed_up")):
        item = tally_item(dimension, now().date(), {value: Tally(sent=60, complained=3)})
        stack.dynamodb.put_item(TableName="afterbill", Item=item)

    loop.watch(EVENT)
    log = capsys.readouterr().out

    assert switch(stack).state() == SendingPause()
    assert counted(log, "SendingAtRisk") == [1]
    (warning,) = [line["reason"] for line in lines(log) if line.get("level") == "WARNING"]
    assert warning.startswith("3 of 60 mails were called spam (5.00 %, the limit is 0.08 %): 3 of 60 about signed_up")


def test_rates_are_watched_even_when_scores_cannot_be_computed(stack, loop, capsys):
    stack.dynamodb.put_item(
        TableName="afterbill",
        Item=tally_item("channel", now().date(), {"mail": Tally(sent=10, bounced=9)}),
    )
    stack.failures["PutItem"] = "ThrottlingException"

    loop.watch({})

    assert switch(stack).state().reason.startswith("9 of 10 mails bounced")
    assert counted(capsys.readouterr().out, "WatchFinished") == [1]


def test_tallies_and_gates_that_cannot_be_read_are_named_and_the_others_stop_sending(stack, loop, capsys):
    today = now().astimezone(config.time_zone()).date()
    strange = keys.tally("channel", today - timedelta(days=1)), keys.sending_gate() | {"mail": {"S": "closed"}}
    for item in (*strange, tally_item("channel", today, {"mail": Tally(sent=10, bounced=9)})):
        stack.dynamodb.put_item(TableName="afterbill", Item=item)

    loop.watch(EVENT)
    log = capsys.readouterr().out

    assert switch(stack).state().reason.startswith("9 of 10 mails bounced")
    told = [line["detail"].split(":")[0] for line in lines(log) if line.get("message") == "item unreadable"]
    assert told == [f"TALLY#channel {today - timedelta(days=1)}", "STATE gate"]
    assert (counted(log, "UnreadableItems"), counted(log, "WatchFinished")) == ([2], [1])


def test_a_switch_that_cannot_be_read_is_a_stop_and_rings(stack, loop, capsys):
    stack.dynamodb.put_item(TableName="afterbill", Item=keys.sending_pause() | {"resumed_on": {"S": "odd"}})

    loop.watch(EVENT)

    log = capsys.readouterr().out
    assert (counted(log, "SendingHalted"), counted(log, "WatchFinished")) == ([1], [1])


def test_a_quota_that_is_used_up_is_told_in_every_run_while_surveys_wait_for_it(stack, loop, capsys):
    gates = GatesTable(stack.dynamodb, "afterbill")
    gates.close_gate("mail", closed(None, now()))
    for _ in range(2):
        loop.watch(EVENT)
        assert counted(capsys.readouterr().out, "SendingQuotaUsedUp") == [1]


def test_a_gate_whose_time_is_over_is_told_no_more(stack, loop, capsys):
    GatesTable(stack.dynamodb, "afterbill").close_gate("mail", closed(None, now() - timedelta(hours=3)))

    loop.watch(EVENT)

    assert counted(capsys.readouterr().out, "SendingQuotaUsedUp") == []
