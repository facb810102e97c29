"""`afterbill sending`: the status, and the switch."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.insight.nps import Tally
from afterbill.model.customer import Suppression
from afterbill.model.privacy import Objection
from afterbill.outreach.quota_gate import closed
from afterbill.outreach.reputation import Figures, SendingPause
from afterbill_cli import cli, deployed, sending
from afterbill_cli.acts import ledger_of
from afterbill_cli.output import Output
from tests.contract.scores_table import TABLE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
BOUNCED = SendingPause(
    "6 of 100 mails bounced (6.00 %, the limit is 4.00 %)", NOW - timedelta(hours=3), Figures(100, 6, 0)
)


@pytest.fixture
def asked(stack):
    """The stack with a send queue."""
    queue = stack.client("sqs").create_queue(QueueName="SendQueue")["QueueUrl"]
    stack.outputs["SendQueueUrl"] = queue
    return stack


@pytest.fixture
def switch(asked):
    return SendingSwitchTable(asked.client("dynamodb"), TABLE)


def output_of(asked, capsys, now=NOW):
    assert sending.status(asked, now) == 0
    return capsys.readouterr().out.splitlines()


def mails(asked, tally, day=TODAY, origin="shop/order_paid"):
    ScoresTable(asked.client("dynamodb"), TABLE).put_tallies(
        day, {"channel": {"mail": tally}, "mail_origin": {origin: tally}}
    )


def test_the_status_tells_the_rates_of_a_week_and_what_waits(asked, capsys):
    mails(asked, Tally(sent=200, bounced=1, complained=1))
    mails(asked, Tally(sent=100, bounced=2), TODAY - timedelta(days=6))
    mails(asked, Tally(sent=100, bounced=99), TODAY - timedelta(days=7))
    for delay in (0, 900):
        asked.client("sqs").send_message(
            QueueUrl=asked.output("SendQueueUrl"), MessageBody=json.dumps({}), DelaySeconds=delay
        )

    switch, rates, *origins, waiting = output_of(asked, capsys)
    assert switch == "Sending goes on."
    assert rates == (
        "Mails of 2026-11-16 to 2026-11-22: 300 sent, 3 bounced (1.00 %, the limit is 4.00 %), "
        "1 called spam (0.33 %, the limit is 0.08 %)."
    )
    assert origins == ["  shop/order_paid: 300 sent, 3 bounced, 1 called spam"]
    assert waiting == "Send queue: 2 messages wait."


def test_the_status_tells_that_the_table_was_restored(asked, switch, capsys):
    dynamodb = asked.client("dynamodb")
    ledger_of(asked).note_objection(Objection("5e1f", NOW, Suppression.COMPLAINED))
    dynamodb.delete_item(TableName=TABLE, Key=keys.reconciled())

    assert output_of(asked, capsys)[0].startswith("Sending is stopped: the table was restored")
    assert sending.status(asked, NOW, Output.JSON) == 0
    assert json.loads(capsys.readouterr().out)["restored"] is True

    switch.stop(BOUNCED)
    assert "6 of 100 mails bounced" in output_of(asked, capsys)[0]


def test_a_stack_from_before_the_ledger_sends(asked, capsys):
    del asked.outputs["LedgerTableName"]

    assert output_of(asked, capsys)[0] == "Sending goes on."


def test_the_status_tells_that_a_quota_is_used_up_since_when_and_until_when(asked, capsys):
    gates, gate = GatesTable(asked.client("dynamodb"), TABLE), closed(None, NOW)
    gates.close_gate("mail", gate)
    gates.close_gate("sms", closed(gate, gate.until))

    _, mail, sms, *_ = output_of(asked, capsys)
    assert mail == (
        "The day quota of SES has been used up since 2026-11-22 12:00 UTC; the next try is after 2026-11-22 13:00 UTC."
    )
    assert sms.startswith("The spend limit of text messages has been used up since 2026-11-22 12:00 UTC; ")
    assert sms.endswith("the next try is after 2026-11-22 15:00 UTC.")
    assert "used up" not in "".join(output_of(asked, capsys, NOW + timedelta(hours=5)))


def test_a_program_reads_that_too(asked, capsys):
    GatesTable(asked.client("dynamodb"), TABLE).close_gate("mail", closed(None, NOW))

    sending.status(asked, NOW, Output.JSON)

    assert json.loads(capsys.readouterr().out)["quotas_used_up"] == [
        {"channel": "mail", "since": "2026-11-22T12:00:00+00:00", "until": "2026-11-22T13:00:00+00:00"}
    ]


def test_the_status_tells_who_caused_what_bounced_and_warns(asked, capsys):
    mails(asked, Tally(sent=50, bounced=1))
    mails(asked, Tally(sent=30), TODAY - timedelta(days=1), "till/renewed")
    mails(asked, Tally(sent=20, bounced=6, complained=1), TODAY - timedelta(days=2), "shop/signed_up")

    *origins, warning = output_of(asked, capsys)[2:5]

    assert origins == [
        "  shop/signed_up: 20 sent, 6 bounced, 1 called spam",
        "  shop/order_paid: 50 sent, 1 bounced, 0 called spam",
    ]
    assert warning == (
        "Warning: 7 of 100 mails bounced (7.00 %, the limit is 4.00 %): 6 of 20 about signed_up of source shop "
        "(anybody can cause it without paying), 1 of 50 about order_paid of source shop; too few to stop sending: "
        "they count as 4, for what anybody can cause without paying counts half; sending stops at 40."
    )


def test_programs_get_the_origins_and_the_warning_too(asked, capsys):
    mails(asked, Tally(sent=60, bounced=5), origin="shop/signed_up")

    assert sending.status(asked, NOW, Output.JSON) == 0

    state = json.loads(capsys.readouterr().out)
    assert state["origins"] == [{"origin": "shop/signed_up", "sent": 60, "bounced": 5, "complained": 0}]
    assert state["warning"].startswith("5 of 60 mails bounced")


def test_the_status_tells_why_it_is_stopped_and_since_when(asked, switch, capsys):
    switch.stop(BOUNCED)

    assert output_of(asked, capsys)[0] == (
        "Sending is stopped since 2026-11-22 09:00 UTC: 6 of 100 mails bounced (6.00 %, the limit is 4.00 %)"
    )


def test_after_a_resume_the_status_counts_as_the_breaker_does(asked, switch, capsys):
    switch.stop(BOUNCED)
    sending.resume(asked, NOW)
    capsys.readouterr()
    mails(asked, Tally(sent=100, bounced=6))
    mails(asked, Tally(sent=10), TODAY + timedelta(days=1))

    assert output_of(asked, capsys)[1] == "Resumed today: mails count against the limits from tomorrow on."
    tomorrow = output_of(asked, capsys, NOW + timedelta(days=1))[1]
    assert tomorrow.startswith("Mails of 2026-11-23 to 2026-11-23: 10 sent, 0 bounced (0.00 %")


def test_a_stop_by_hand_keeps_its_reason_on_one_line(asked, switch, monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _choice: asked)

    assert cli.main(["sending", "stop", "--reason", " wrong\nprices "]) == 0
    assert capsys.readouterr().out == "Sending stops within a minute; surveys wait.\n"
    assert switch.state().reason == "wrong prices"


def test_a_stop_after_a_resume_is_a_stop(asked, switch):
    switch.stop(BOUNCED)
    sending.resume(asked, NOW)

    sending.stop(asked, "wrong prices", NOW)

    assert switch.state() == SendingPause("wrong prices", NOW, resumed_on=TODAY)


def test_what_is_stopped_is_not_stopped_for_another_reason(asked, switch, capsys):
    switch.stop(BOUNCED)

    assert sending.stop(asked, "wrong prices", NOW) == 0
    assert capsys.readouterr().out.startswith("Nothing done. Sending is stopped since 2026-11-22 09:00 UTC: 6 of 100")
    assert switch.state() == BOUNCED


def test_a_stop_without_a_reason_is_refused(capsys):
    assert cli.main(["sending", "stop", "--reason", "  "]) == 2
    assert "'--reason': is empty: say why" in capsys.readouterr().err


def test_a_resume_remembers_the_day_of_the_operator(asked, switch, capsys):
    switch.stop(BOUNCED)

    assert sending.resume(asked, NOW.replace(hour=23)) == 0  # 00:00 in Berlin
    assert capsys.readouterr().out.startswith("Sending goes on")
    assert switch.state() == SendingPause(resumed_on=TODAY + timedelta(days=1))


def test_a_resume_of_what_was_not_stopped_does_nothing(asked, switch, capsys):
    assert sending.resume(asked, NOW) == 0
    assert capsys.readouterr().out == "Nothing done. Sending was not stopped.\n"
    assert switch.state() == SendingPause()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "Sending goes on."),
        (["stop", "--reason", "wrong prices"], "Sending stops within a minute; surveys wait."),
        (["resume"], "Nothing done. Sending was not stopped."),
    ],
    ids=["status", "stop", "resume"],
)
def test_the_command_line_does_all_three(asked, monkeypatch, capsys, words, expected):
    monkeypatch.setattr(deployed, "connect", lambda _chosen: asked)

    assert cli.main(["sending", *words]) == 0
    assert capsys.readouterr().out.splitlines()[0] == expected


def test_a_stop_on_the_command_line_needs_a_reason(capsys):
    assert cli.main(["sending", "stop"]) == 2
    assert "--reason" in capsys.readouterr().err


def test_a_program_reads_the_state(asked, switch, capsys):
    mails(asked, Tally(sent=200, bounced=1, complained=1))
    switch.stop(BOUNCED)

    assert sending.status(asked, NOW, Output.JSON) == 0
    assert json.loads(capsys.readouterr().out) == {
        "stopped": True,
        "restored": False,
        "reason": BOUNCED.reason,
        "since": "2026-11-22T09:00:00+00:00",
        "quotas_used_up": [],
        "first_day": "2026-11-16",
        "last_day": "2026-11-22",
        "sent": 200,
        "bounced": 1,
        "complained": 1,
        "max_bounce_rate": 0.04,
        "max_complaint_rate": 0.0008,
        "origins": [{"origin": "shop/order_paid", "sent": 200, "bounced": 1, "complained": 1}],
        "warning": None,
        "waiting": 0,
    }


def test_on_the_day_of_a_resume_no_day_counts_yet(asked, switch, capsys):
    switch.stop(BOUNCED)
    sending.resume(asked, NOW)
    capsys.readouterr()

    sending.status(asked, NOW, Output.JSON)

    state = json.loads(capsys.readouterr().out)
    assert {name: state[name] for name in ("stopped", "since", "first_day", "last_day", "sent")} == {
        "stopped": False,
        "since": None,
        "first_day": None,
        "last_day": None,
        "sent": 0,
    }
