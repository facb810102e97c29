"""`afterbill privacy erase`: whom, what, what stays, and the receipt."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import click
import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import RequestKind, RequestState
from afterbill.privacy.remains import LOOKS_WITHIN
from afterbill_cli import cli, deployed
from afterbill_cli.output import Output
from afterbill_cli.privacy import erase as module
from afterbill_cli.privacy.deps import now_utc
from afterbill_cli.privacy.erase import EraseOptions, erase_whom
from afterbill_cli.privacy.verify import verify_file
from tests.unit.cli.privacy_people import ADA, ADDRESS, ANONYMOUS, ANSWERED, BOB, COMMENT, GUEST, WHY, hashed

DAY = timedelta(days=1)
NOW = now_utc()


@pytest.fixture
def erased(town, capsys):
    """Erase whom a text means, and return what was printed."""

    def told(who, **chosen):
        output = chosen.pop("output", Output.TABLE)
        assert erase_whom(town.stack, EraseOptions(who, WHY, **({"yes": True} | chosen)), output, lambda: NOW) == 0
        return capsys.readouterr()

    return told


@pytest.fixture
def afterbill(town, monkeypatch):
    """The whole command line, on this stack."""
    monkeypatch.setattr(deployed, "connect", lambda _choice: town.stack)
    return cli.main


def marked(town, name):
    hashed = module.PrivacyDeps(town.stack, "", "").keys.hash_alias(name)
    return "Item" in town.stack.client("dynamodb").get_item(TableName=town.facts.table, Key=keys.erased(hashed))


def typed(monkeypatch, word):
    monkeypatch.setattr(click, "prompt", lambda *_, **__: word)


def test_all_customers_who_hold_an_address_are_removed_and_nobody_else(erased, town):
    erased(ADDRESS)

    assert town.people.person(ADA).customer is None
    assert town.people.person(GUEST).customer is None
    assert town.people.person(BOB).customer is not None
    assert marked(town, "stripe#cus_9")


def test_what_was_done_what_stays_and_what_ends_when_is_told(erased, town):
    town.object()

    told = erased("cus_9").out

    for line in ("customers    1", "aliases      1", "1 survey that counts, 1 of them answered"):
        assert line in told
    assert "dead letter queues: 0 now" in told
    assert "second look of handle_privacy_requests" in told
    assert "for good" in told
    assert "objections, as keyed hashes: 1\n" in told
    assert ADDRESS not in told


def test_programs_get_the_same_as_json(erased, town):
    dynamodb, logs, queue = (town.stack.client(name) for name in ("dynamodb", "logs", "sqs"))
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=town.facts.table, PointInTimeRecoverySpecification=recovery)
    logs.put_retention_policy(logGroupName="/aws/lambda/test-capture_event", retentionInDays=30)
    queue.send_message(QueueUrl=town.stack.output("InboxDeadLettersUrl"), MessageBody="{}")

    said = json.loads(erased(ADA, output=Output.JSON).out)

    assert (said["kind"], said["state"], said["people"], said["stack"]) == ("erase", "settling", 1, "test")
    ends = {one["what"]: one for one in said["remains"]}
    assert list(ends) == ["second_look", "stream", "archive", "results", "recovery", "logs", "dead_letters"]
    assert ends["dead_letters"]["count"] == 1
    assert said["done_at"] is None
    looked = datetime.fromisoformat(said["settle_at"]) + LOOKS_WITHIN
    assert ends["logs"]["ends_at"] == f"{looked + 30 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert {one["what"] for one in said["kept"]} == {"tombstones", "marks", "ledger", "request", "audit"}


def test_who_is_meant_is_shown_before_and_a_typed_yes_is_needed(erased, town, monkeypatch):
    typed(monkeypatch, "yes")

    shown = erased(ADDRESS, yes=False).err

    assert f"customer {ADA}: a***@example.com, of stripe, 1 survey\n" in shown
    assert f"customer {GUEST}: a***@example.com, of paddle, 0 surveys\n" in shown
    assert town.people.person(ADA).customer is None


@pytest.mark.parametrize("word", ["", "y", "YES", "no"])
def test_without_it_nothing_is_done(erased, town, monkeypatch, word):
    typed(monkeypatch, word)

    with pytest.raises(click.UsageError, match="nothing was done"):
        erased(ADDRESS, yes=False)

    assert town.people.person(ADA).customer is not None
    assert town.requests.requests() == []


def test_who_ends_the_question_is_told_that_nothing_was_done(erased, town, monkeypatch, capsys):
    def ended(*_, **__):
        raise click.Abort

    monkeypatch.setattr(click, "prompt", ended)

    with pytest.raises(click.Abort):
        erased(ADDRESS, yes=False)

    assert "Nothing was done." in capsys.readouterr().err
    assert town.people.person(ADA).customer is not None


def test_the_time_that_the_question_took_does_not_count(town, monkeypatch):
    times = [NOW]

    def thought(*_, **__):
        times[0] = NOW + DAY
        return "yes"

    monkeypatch.setattr(click, "prompt", thought)
    erase_whom(town.stack, EraseOptions(ADA, WHY), clock=lambda: times[0])

    assert town.requests.requests()[0].requested_at == NOW + DAY


def test_a_survey_of_nobody_is_removed_alone(erased, town):
    shown = erased(ANONYMOUS).err

    assert f"invitation {ANONYMOUS} of nobody who is known" in shown
    assert town.people.invitations_of_nobody([ANONYMOUS]).invitations == {}
    assert town.people.person(ADA).customer is not None


@pytest.mark.parametrize("who", ["stripe#cus_404", "nobody@example.com"])
def test_who_is_not_known_is_no_error_and_no_import_brings_them(erased, town, monkeypatch, who):
    typed(monkeypatch, "yes")

    shown = erased(who, yes=False)

    assert "Nobody is known by this now." in shown.err
    assert "Nothing was there to be removed." in shown.out
    assert marked(town, who if "#" in who else f"stripe@{hashed(who)}")


def test_a_name_that_nobody_has_is_not_marked_without_a_yes(erased, town, monkeypatch):
    typed(monkeypatch, "no")

    with pytest.raises(click.UsageError, match="nothing was done"):
        erased("stripe#cus_404", yes=False)

    assert not marked(town, "stripe#cus_404")


def test_an_id_that_may_be_anybody_s_is_not_marked(erased, town):
    told = erased("cus_404", output=Output.JSON)

    assert "is given as SOURCE#ID" in told.err
    assert json.loads(told.out) == {"request": None, "kind": "erase", "state": None, "people": 0, "removed": {}}
    assert not marked(town, "stripe#cus_404")
    assert town.requests.requests() == []


def test_what_somebody_else_may_be_called_elsewhere_is_not_marked(erased, town):
    erased("cus_9")

    assert not marked(town, "paddle#cus_9")


def test_what_stays_of_an_address_is_told(erased, town):
    town.object("gone@example.com")

    assert "nobody may write to it (unsubscribed)" in erased("gone@example.com").err


def test_a_survey_that_was_removed_before_says_so(erased):
    erased(ADA)

    shown = erased(ANSWERED)
    assert "This survey was removed before." in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("who", [ADA, "cus_9", "stripe#cus_9"])
def test_the_same_command_again_tells_the_same_request(erased, town, tmp_path, who):
    first = json.loads(erased(who, output=Output.JSON).out)

    again = erased(who, output=Output.JSON, receipt=tmp_path / "receipt.json")

    assert json.loads(again.out)["request"] == first["request"]
    assert f"Request {first['request']} is about them, and goes on." in again.err
    assert json.loads((tmp_path / "receipt.json").read_text())["removed"]["customers"] == 1
    assert len(town.requests.requests()) == 1


def test_once_it_is_done_the_way_to_its_receipt_is_told(erased, town):
    erased(ADDRESS)
    (request,) = town.requests.requests()
    town.requests.store_request(replace(request, state=RequestState.DONE, done_at=NOW))

    assert f"Request {request.id} removed them: `afterbill privacy receipt {request.id}`" in erased(ADDRESS).err
    assert erased(ADA).out == ""


def test_no_receipt_is_written_over_another(erased, town, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text("of before")

    with pytest.raises(click.UsageError, match="--force"):
        erased(ADA, receipt=file)
    assert town.people.person(ADA).customer is not None

    erased(ADA, receipt=file, force=True)
    assert verify_file(town.stack, file) == 0


def test_whoever_looks_is_noted_before_with_a_reason(erased, town):
    erased(ADA)

    assert town.acts() == [("privacy erase", (ADA,), WHY)]


def test_where_nothing_can_be_noted_nothing_is_done(erased, town, monkeypatch):
    def full(*_):
        raise AfterbillError("the ledger is not there")

    monkeypatch.setattr("afterbill_cli.acts.ledger_of", full)

    with pytest.raises(AfterbillError, match="ledger"):
        erased(ADA)

    assert town.people.person(ADA).customer is not None


def test_the_receipt_is_genuine_and_names_nobody(erased, town, tmp_path, capsys):
    file = tmp_path / "receipt.json"
    erased(ADDRESS, receipt=file)

    assert verify_file(town.stack, file) == 0
    for personal in (ADA, ADDRESS, COMMENT, "arn:aws", WHY):
        assert personal not in file.read_text()
    assert "erase, settling, not done on" in capsys.readouterr().out


def test_where_no_receipt_can_be_written_nothing_is_removed(erased, town, tmp_path):
    with pytest.raises(FileNotFoundError):
        erased(ADA, receipt=tmp_path / "nowhere" / "receipt.json")

    assert town.people.person(ADA).customer is not None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), AfterbillError("the table is away")])
def test_what_was_interrupted_is_finished_by_the_same_command(erased, town, monkeypatch, capsys, error):
    def killed(request, deps, _now):
        deps.requests.keep_request(request)
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(module, "erase", killed)
        with pytest.raises(type(error)):
            erased(ADA)
    told = capsys.readouterr().err
    assert "The same command finishes it" in told
    assert "afterbill privacy receipt" in told

    erased(ADA)
    (request,) = town.requests.requests()
    assert request.state is RequestState.SETTLING


def test_a_reason_is_needed(afterbill, town, capsys):
    assert afterbill(["privacy", "erase", ADA, "--yes"]) == 2
    assert "--why is missing" in capsys.readouterr().err
    assert afterbill(["privacy", "erase", ADA, "--yes", "--why", "ada@example.com wants it"]) == 2
    assert town.people.person(ADA).customer is not None


def test_the_command_line_removes_them_too(afterbill, town, capsys):
    assert afterbill(["privacy", "erase", ADDRESS, "--yes", "--why", WHY, "--output", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["people"] == 2
    assert town.people.person(ADA).customer is None


def test_a_stack_without_copies_of_webhooks_is_erased_too(town):
    outputs = {name: value for name, value in town.stack.outputs.items() if name != "EvidenceBucketName"}

    assert erase_whom(replace(town.stack, outputs=outputs), EraseOptions(ADA, WHY, yes=True)) == 0
    assert town.people.person(ADA).customer is None


# A whole source


def test_all_customers_of_a_source_are_removed_by_a_request(afterbill, town, capsys):
    asked = ["privacy", "erase", "--source", "paddle", "--yes", "--why", WHY]
    assert afterbill(asked) == 0

    (request,) = town.requests.requests()
    assert (request.kind, request.source, request.state) == (RequestKind.ERASE_SOURCE, "paddle", RequestState.OPEN)
    told = capsys.readouterr().out
    assert "handle_privacy_requests removes the customers of paddle" in told
    assert f"afterbill privacy receipt {request.id}" in told
    assert town.acts() == [("privacy erase --source paddle", (), WHY)]

    assert afterbill([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "request": request.id,
        "kind": "erase_source",
        "state": "open",
        "source": "paddle",
    }
    assert len(town.requests.requests()) == 1


def test_a_source_is_emptied_after_a_typed_yes_alone(afterbill, town, monkeypatch):
    typed(monkeypatch, "no")

    assert afterbill(["privacy", "erase", "--source", "paddle", "--why", WHY]) == 2
    assert town.requests.requests() == []


@pytest.mark.parametrize(
    "wrong",
    [["--source", "nowhere"], [], [ADA, "--source", "paddle"], ["--source", "paddle", "--receipt", "receipt.json"]],
)
def test_what_is_no_source_or_no_person_is_refused(afterbill, town, wrong):
    assert afterbill(["privacy", "erase", *wrong, "--yes", "--why", WHY]) == 2
    assert town.requests.requests() == []
