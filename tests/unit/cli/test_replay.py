"""`afterbill replay`: what goes through the inbox again, and what a dry run says of it."""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from afterbill.adapters.aws.evidence import S3Evidence
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import Captured, Outcome
from afterbill.model.errors import AfterbillError
from afterbill.model.webhooks import Webhook
from afterbill_cli import cli
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.memory.table import MemoryTable
from afterbill_cli.replay import commands as replaying
from afterbill_cli.replay.commands import ReplaySelection, dry_run, replay
from afterbill_cli.replay.dry_capture import dry_capture
from afterbill_cli.replay.messages import DeadLetters

NOW = datetime.now(UTC)
HASH = str.casefold


def neutral(kind, **data):
    customer = {"id": "c", "email": "ada@example.com"}
    at = (NOW - timedelta(hours=1)).isoformat()
    body = {"type": kind, "timestamp": at, "data": {"id": "1", "customer": customer, **data}}
    return Webhook("events", {}, json.dumps(body).encode(), NOW)


PAID = neutral("order_paid")


def send(stack, queue, *webhooks):
    for webhook in webhooks:
        SqsInbox(stack.client("sqs"), stack.output(queue)).put_aside(webhook, "it could not be read")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("afterbill_cli.replay.messages._WAIT_SECONDS", 0)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "webhooks"
    place.mkdir()
    return place


def bodies(stack, queue):
    """Return the bodies that a consumer would find, and put them back."""
    answer = stack.client("sqs").receive_message(
        QueueUrl=stack.output(queue), MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
    return [one["Body"].encode() for one in answer.get("Messages", [])]


@pytest.fixture
def trial_of(stack):
    """A trial over a table in memory, with everything captured in it so far."""
    table = MemoryTable()

    def make(apis=None):
        return dry_capture(stack.policy(), table, apis or MemoryApis(closed=True), HASH, str)

    make.table = table
    return make


# dead letters


def test_dead_letters_go_into_the_inbox_and_leave_their_queue(stack, capsys):
    send(stack, "InboxDeadLettersUrl", PAID, neutral("renewed"))

    assert replay(ReplaySelection(), stack) == 0

    assert sorted(bodies(stack, "InboxUrl")) == sorted([PAID.body, neutral("renewed").body])
    assert bodies(stack, "InboxDeadLettersUrl") == []
    assert capsys.readouterr().out == "2 queued\n"


def test_dead_letters_that_nobody_signed_go_back_to_their_own_inbox(stack, capsys):
    send(stack, "InboxDeadLettersUrl", PAID)
    send(stack, "UnsignedInboxDeadLettersUrl", neutral("renewed"))

    assert replay(ReplaySelection(), stack) == 0

    assert (bodies(stack, "InboxUrl"), bodies(stack, "UnsignedInboxUrl")) == ([PAID.body], [neutral("renewed").body])
    assert bodies(stack, "UnsignedInboxDeadLettersUrl") == []
    assert capsys.readouterr().out == "2 queued\n"


def test_a_dead_letter_stays_until_the_inbox_has_it(stack, monkeypatch):
    send(stack, "InboxDeadLettersUrl", PAID)
    monkeypatch.setattr(SqsInbox, "put", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        replay(ReplaySelection(), stack)
    assert bodies(stack, "InboxDeadLettersUrl") == [PAID.body]


def test_what_does_not_fit_the_inbox_stays(stack, monkeypatch, capsys):
    send(stack, "InboxDeadLettersUrl", PAID)
    monkeypatch.setattr(SqsInbox, "put", lambda *_: False)

    replay(ReplaySelection(), stack)

    assert bodies(stack, "InboxDeadLettersUrl") == [PAID.body]
    assert capsys.readouterr().out.endswith("1 too large\n")


def test_what_is_put_aside_again_is_not_replayed_again(stack):
    send(stack, "InboxDeadLettersUrl", PAID)
    letters = DeadLetters(stack.client("sqs"), stack.output("InboxDeadLettersUrl"), NOW - timedelta(minutes=1))

    with letters.messages() as messages:
        assert list(messages) == []
    assert bodies(stack, "InboxDeadLettersUrl") == [PAID.body]


def test_what_the_stack_did_not_put_there_is_left_alone(stack, capsys):
    stack.client("sqs").send_message(QueueUrl=stack.output("InboxDeadLettersUrl"), MessageBody="hello")

    replay(ReplaySelection(), stack)

    assert bodies(stack, "InboxDeadLettersUrl") == [b"hello"]
    assert "not put there by this stack" in capsys.readouterr().out


def test_a_message_that_comes_into_sight_again_ends_the_looking(stack, monkeypatch):
    send(stack, "InboxDeadLettersUrl", PAID)
    monkeypatch.setattr("afterbill_cli.replay.messages._SECONDS_OUT_OF_SIGHT", 0)

    with DeadLetters(
        stack.client("sqs"), stack.output("InboxDeadLettersUrl"), NOW + timedelta(1)
    ).messages() as messages:
        assert [one.webhook.body for one in messages] == [PAID.body]


def test_a_dry_run_of_dead_letters_leaves_them_in_sight(stack, capsys):
    send(stack, "InboxDeadLettersUrl", PAID)

    assert dry_run(ReplaySelection(), stack, ask_apis=False) == 0

    assert bodies(stack, "InboxDeadLettersUrl") == [PAID.body]
    assert bodies(stack, "InboxUrl") == []
    assert ": scheduled: order_paid, invitation " in (output := capsys.readouterr().out)
    assert output.endswith("1 scheduled\n")


# evidence


def keep(stack, *webhooks):
    for webhook in webhooks:
        S3Evidence(stack.client("s3"), "evidence", None, "", timedelta(0)).keep(webhook)


def on(day, source="events"):
    return Webhook(
        source, {"webhook-id": "1"}, f'{{"day": {day}}}'.encode(), datetime(2026, 11, day, 23, 59, tzinfo=UTC)
    )


def test_evidence_is_chosen_by_source_and_days(stack):
    keep(stack, on(20), on(21), on(22), on(21, "stripe"))

    replay(ReplaySelection(evidence=True, source="events", since=date(2026, 11, 21), until=date(2026, 11, 21)), stack)

    assert bodies(stack, "InboxUrl") == [on(21).body]


def test_where_no_copies_are_kept_that_is_said_with_the_parameter_to_change(stack):
    bare = replace(stack, outputs={name: at for name, at in stack.outputs.items() if name != "EvidenceBucketName"})

    with pytest.raises(AfterbillError, match="keeps no copies of webhooks: its parameter EvidenceDays is 0"):
        replay(ReplaySelection(evidence=True), bare)


def test_all_evidence_is_replayed_and_kept(stack, capsys):
    keep(stack, on(20), on(21, "stripe"))

    replay(ReplaySelection(evidence=True), stack)
    replay(ReplaySelection(evidence=True), stack)

    assert capsys.readouterr().out == "2 queued\n2 queued\n"


def test_a_copy_is_replayed_as_it_came(stack):
    binary = Webhook("events", {"webhook-id": "1"}, b"\xff\x00", NOW)
    keep(stack, binary)
    stack.client("s3").put_object(Bucket="evidence", Key="events/notes.txt", Body=b"no copy")

    with replaying._messages(ReplaySelection(evidence=True), stack) as messages:
        assert [one.webhook for one in messages] == [binary]


# files


def test_files_of_a_folder_arrive_at_their_source(stack, folder, capsys):
    (folder / "one.json").write_bytes(PAID.body)
    (folder / "README.md").write_text("no webhook")

    replay(ReplaySelection(folder, "events"), stack)
    replay(ReplaySelection(folder / "one.json", "events"), stack)

    assert bodies(stack, "InboxUrl") == [PAID.body, PAID.body]
    assert capsys.readouterr().out == "1 queued\n1 queued\n"


def test_only_headers_that_the_inbox_keeps_come_along(stack, folder):
    captured_as = {"headers": {"Webhook-Id": "m1", "Authorization": "hidden"}, "body": PAID.body.decode()}
    (folder / "one.json").write_text(json.dumps(captured_as))

    with replaying._messages(ReplaySelection(folder, "events"), stack) as messages:
        assert [(one.webhook.headers, one.webhook.body) for one in messages] == [({"webhook-id": "m1"}, PAID.body)]


def test_a_folder_that_is_not_there_is_told(stack, folder):
    with pytest.raises(AfterbillError, match="no such file or folder"):
        replay(ReplaySelection(folder / "none", "events"), stack)


def test_nothing_to_replay_says_so(stack, folder, capsys):
    replay(ReplaySelection(folder, "events"), stack)

    assert capsys.readouterr().out == "nothing to replay\n"


# dry runs


def outcomes(capture, *webhooks):
    return Counter(result.outcome for one in webhooks for result in capture.of(one))


def captured(trial_of, *webhooks):
    """Really capture them, as the inbox would have done before."""
    capture = trial_of().capture
    return [one for each in webhooks for one in capture_event(each, replace(capture, facts=trial_of.table), NOW)]


def test_a_dry_run_writes_nothing(trial_of):
    assert outcomes(trial_of(), PAID, neutral("customer_updated")) == {"scheduled": 1, "learned": 1}
    assert trial_of.table == MemoryTable()


def test_twins_in_one_replay_meet_each_other(trial_of):
    assert outcomes(trial_of(), PAID, PAID) == {"scheduled": 1, "duplicate": 1}


def test_a_refund_in_the_same_replay_stops_its_payment(trial_of):
    refunded = neutral("refunded")

    assert outcomes(trial_of(), refunded, PAID) == {"skipped": 2}


def test_what_was_captured_is_a_duplicate(trial_of):
    captured(trial_of, PAID)

    (result,) = trial_of().of(PAID)

    assert result.outcome == "duplicate"


def test_a_task_is_kept_nowhere(trial_of):
    request = Webhook("books", {}, b"name=callback.verify&object_id=7&verifier=abc&account_id=A1", NOW)

    assert outcomes(trial_of(), request) == {"parked": 1}
    assert trial_of.table.tasks == {}


def test_a_long_batch_is_followed_into_its_slices(trial_of, monkeypatch):
    event = neutral("order_paid").body
    monkeypatch.setattr("afterbill.intake.capture_event._SLICE", 0)
    monkeypatch.setattr("afterbill.intake.capture_event._split", split_in_two)

    assert outcomes(trial_of(), Webhook("events", {}, event, NOW)) == {"ignored": 2}


def split_in_two(webhook, _count, capture):
    for part in range(2):
        capture.inbox.put(replace(webhook, part=part))
    return (Captured(Outcome.SPLIT),)


def test_what_nobody_can_read_says_why(trial_of):
    (result,) = trial_of().of(Webhook("stripe", {}, b"{", NOW))

    assert (result.outcome, result.text) == ("unreadable", "The body is not JSON in UTF-8.")


def test_what_only_the_api_can_tell_needs_the_api(trial_of):
    thin = Webhook("books", {}, b"name=payment.create&object_id=7&account_id=A1", NOW)

    assert outcomes(trial_of(), thin) == {"needs a setting or the API": 1}
    assert outcomes(trial_of(MemoryApis(down=True)), thin) == {"would be tried again": 1}
    assert outcomes(trial_of(MemoryApis()), thin) == {"ignored": 1}


def test_a_skipped_fact_says_why(trial_of):
    (result,) = trial_of().of(neutral("payment_failed"))

    assert result.text.endswith(", not_asked")


def test_apis_are_asked_only_on_request(stack, folder, capsys):
    (folder / "thin.json").write_text('{"name": "payment.create", "object_id": "7", "account_id": "A1"}')

    dry_run(ReplaySelection(folder, "books"), stack, ask_apis=True)

    assert "needs credentials for its API" in capsys.readouterr().out


# replaying changes nothing


def test_replaying_what_was_captured_changes_nothing(trial_of):
    webhooks = [PAID, neutral("customer_updated"), neutral("refunded"), neutral("payment_failed")]
    captured(trial_of, *webhooks)
    before = (dict(trial_of.table.invitations), dict(trial_of.table.stops), dict(trial_of.table.aliases))
    people = {id_: customer.address for id_, customer in trial_of.table.people.items()}

    again = captured(trial_of, *webhooks)

    assert (trial_of.table.invitations, trial_of.table.stops, trial_of.table.aliases) == before
    assert {id_: customer.address for id_, customer in trial_of.table.people.items()} == people
    assert {customer.outcome.value for customer in again} == {"duplicate", "learned"}


# arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["folder"], "say which with --source"),
        (["--dead-letters", "--source", "stripe"], "whatever their source"),
        (["--dead-letters", "--since", "2026-11-22"], "choose among the --evidence"),
        (["--dead-letters", "--ask-apis"], "belongs to a --dry-run"),
    ],
)
def test_arguments_that_do_not_go_together_are_told(arguments, expected, capsys):
    assert cli.main(["replay", *arguments]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_starts_what_was_chosen(stack, dry, monkeypatch, capsys):
    monkeypatch.setattr("afterbill_cli.deployed.connect", lambda _chosen: stack)
    send(stack, "InboxDeadLettersUrl", PAID)

    assert cli.main(["replay", "--dead-letters", *(["--dry-run"] if dry else [])]) == 0
    assert capsys.readouterr().out.endswith("1 scheduled\n" if dry else "1 queued\n")


@pytest.mark.parametrize("dry", [True, False])
def test_programs_read_what_became_of_each_webhook(stack, dry, monkeypatch, capsys):
    monkeypatch.setattr("afterbill_cli.deployed.connect", lambda _chosen: stack)
    send(stack, "InboxDeadLettersUrl", PAID)
    words = ["replay", "--dead-letters", *(["--dry-run"] if dry else [])]

    if dry:
        assert cli.main([*words, "--output", "csv"]) == 0
        header, row = csv.reader(capsys.readouterr().out.splitlines())
        assert (header, row[1]) == (["message", "outcome", "text"], "scheduled")
    assert cli.main([*words, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["outcome"] == ("scheduled" if dry else "queued")
