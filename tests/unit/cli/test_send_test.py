"""`afterbill send-test`: what is put into the inbox, and what the operator is told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.invitation import NO_DAY, SkipReason, State
from afterbill.outreach.reputation import SendingPause
from afterbill_cli import cli, deployed
from afterbill_cli.send_test import Patience, send_test
from tests.contract.people import invitation
from tests.contract.scores_table import TABLE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = "you@example.com"


class Watch:
    """A clock that only waiting moves; while somebody waits, `happens` is done once."""

    def __init__(self, happens: Callable[[], object] = lambda: None) -> None:
        self.now, self.happens = 0.0, [happens]

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        while self.happens:
            self.happens.pop()()

    @property
    def patience(self) -> Patience:
        return Patience(timedelta(seconds=30), lambda: self.now, self.sleep)


def waiting(stack: Any) -> list[dict[str, Any]]:
    """The messages in the inbox, and their source."""
    got = stack.client("sqs").receive_message(
        QueueUrl=stack.output("InboxUrl"), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        json.loads(one["Body"]) | {"source": one["MessageAttributes"]["source"]["StringValue"]}
        for one in got.get("Messages", ())
    ]


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    output = capsys.readouterr()
    return output.out.splitlines()[0].removeprefix("invitation "), output.out + output.err


def becomes(stack: Any, capsys: pytest.CaptureFixture[str], **changes: Any) -> Watch:
    """Once somebody waits, the invitation is stored like this."""

    def store() -> None:
        id_, _ = told(capsys)
        one = invitation(id_, answered_day=NO_DAY, **changes)
        FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(invitation=one))

    return Watch(store)


def test_the_survey_goes_through_the_inbox_and_is_awaited(stack: Any, capsys: pytest.CaptureFixture[str]) -> None:
    watch = becomes(stack, capsys, state=State.SENT)
    assert send_test(stack, "You@Example.com", "renewed", "de-AT", watch.patience) == 0
    (message,) = waiting(stack)
    del message["id"]
    assert message == {"source": "send-test", "address": ADDRESS, "touchpoint": "renewed", "locale": "de-AT"}
    assert "Its mail was handed to SES" in capsys.readouterr().out


def test_by_default_it_asks_what_follows_a_payment(stack: Any) -> None:
    send_test(stack, ADDRESS, patience=Watch().patience)
    assert [one["touchpoint"] for one in waiting(stack)] == ["payment_succeeded"]


def test_where_payments_are_not_asked_about_the_first_that_is(stack: Any, config: Any) -> None:
    surveys = config / "surveys.toml"
    text = surveys.read_text().replace("[touchpoints.payment_succeeded]\nask = true", "[touchpoints.payment_succeeded]")
    surveys.write_text(text)
    send_test(stack, ADDRESS, patience=Watch().patience)
    assert [one["touchpoint"] for one in waiting(stack)] == ["subscription_started"]


def test_a_touchpoint_must_ask(stack: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"\[touchpoints.refunded\] has ask = false: choose one of"):
        send_test(stack, ADDRESS, "refunded", patience=Watch().patience)
    assert not waiting(stack)


def test_where_none_asks_nothing_is_put(stack: Any, config: Any) -> None:
    surveys = config / "surveys.toml"
    surveys.write_text(surveys.read_text().replace("ask = true", "ask = false"))
    with pytest.raises(ConfigurationError, match="no touchpoint"):
        send_test(stack, ADDRESS, patience=Watch().patience)


def test_the_command_takes_touchpoint_language_and_time(
    stack: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack)
    assert cli.main(["send-test", ADDRESS, "--touchpoint", "renewed", "--locale", "fr", "--wait", "0"]) == 1
    (message,) = waiting(stack)
    assert (message["touchpoint"], message["locale"]) == ("renewed", "fr")
    assert "within 0 seconds" in capsys.readouterr().err


def test_the_command_needs_no_more_than_the_address(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack)
    assert cli.main(["send-test", ADDRESS, "--wait", "0"]) == 1
    assert len(waiting(stack)) == 1


def test_a_mistyped_touchpoint_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["send-test", ADDRESS, "--touchpoint", "renewd"]) == 2
    assert 'did you mean "renewed"' in capsys.readouterr().err


def test_what_is_no_address_is_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["send-test", "you at example.com"]) == 2
    assert "'ADDRESS': takes a mail address" in capsys.readouterr().err


def test_while_sending_is_stopped_nothing_is_put(stack: Any) -> None:
    switch = SendingSwitchTable(stack.client("dynamodb"), TABLE)
    assert switch.stop(SendingPause("wrong prices", NOW))
    with pytest.raises(AfterbillError, match=r"wrong prices.*sending resume"):
        send_test(stack, ADDRESS, patience=Watch().patience)
    assert not waiting(stack)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.CLOSED, "reason": SkipReason.SUPPRESSED}, "not sent, suppressed: somebody objected"),
        ({"state": State.UNKNOWN}, "SES gave no answer"),
        ({}, "no mail left within 30 seconds"),
    ],
)
def test_why_nothing_was_sent_is_told(
    stack: Any, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str
) -> None:
    assert send_test(stack, ADDRESS, patience=becomes(stack, capsys, **changes).patience) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sandbox", "words"), [(True, "the account is in the sandbox"), (False, "`afterbill doctor` says why")]
)
def test_what_ses_refuses_for_now_is_told(
    stack: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str, *, sandbox: bool
) -> None:
    ses = stack.client("sesv2")
    monkeypatch.setattr(ses, "get_account", lambda: {"ProductionAccessEnabled": not sandbox})
    watch = becomes(stack, capsys, deferred_until=NOW)
    assert send_test(stack, ADDRESS, patience=watch.patience) == 1
    error = capsys.readouterr().err
    assert words in error
    assert "tried again at 12:00 UTC" in error


def test_a_stack_that_captures_nothing_is_told_of(stack: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert send_test(stack, ADDRESS, patience=Watch().patience) == 1
    assert "nothing was captured within 30 seconds: has this version been deployed?" in told(capsys)[1]
