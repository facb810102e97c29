"""track_changes: records of the table's stream in, marked days and invitations out."""

import pytest

from afterbill.adapters.dynamodb.ledger import LedgerTable
from tests.integration.logs import counted, lines
from tests.integration.samples import sample

HASH = "5e1f0c2b7a9d4e63815fb0a4d2c6e7f95e1f0c2b7a9d4e63815fb0a4d2c6e7f9"
ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.fixture
def track(stack):
    return stack.load("track_changes")


def batch(*names):
    return {"Records": [record for name in names for record in sample(f"stream/{name}")["Records"]]}


def archive_marks(stack):
    return [(item["days"]["SS"], item.get("urgent", {}).get("SS", [])) for item in stack.items("CHANGED")]


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def marks(stack):
    return {item["sk"]["S"]: int(item["version"]["N"]) for item in stack.items("DIRTY")}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("sent", ["2026-11-20"]),
        ("answered", ["2026-11-20", "2026-11-22"]),
        ("erased", ["2026-11-20", "2026-11-22"]),
        ("retired", []),
    ],
)
def test_the_days_a_change_touches_are_marked(stack, track, name, days):
    assert failed(track(batch(name))) == []
    assert sorted(marks(stack)) == days


def test_a_record_told_again_raises_the_version(stack, track):
    track(batch("answered"))
    track(batch("answered"))

    assert marks(stack) == {"2026-11-20": 2, "2026-11-22": 2}


def test_a_day_of_many_records_is_marked_once_per_batch(stack, track):
    track(batch("sent", "answered", "erased"))

    assert marks(stack) == {"2026-11-20": 1, "2026-11-22": 1}
    assert stack.calls_of("track_changes") == ["UpdateItem"] * 3  # one for the day of the fact


def test_an_invitation_that_was_tapped_waits_to_be_judged(stack, track):
    assert failed(track(batch("tapped", "tapped"))) == []

    (mark,) = stack.items("REVIEW")
    assert mark["ids"]["SS"] == [ID]
    assert marks(stack) == {}


def test_a_record_that_cannot_be_read_is_counted_and_holds_nothing_up(stack, track, capsys):
    assert failed(track(batch("poison", "answered"))) == []

    assert sorted(marks(stack)) == ["2026-11-20", "2026-11-22"]
    log = capsys.readouterr().out
    assert counted(log, "UnreadableItems") == [1]
    assert [line["detail"].split(":")[0] for line in lines(log) if "detail" in line] == [f"INVITATION#{ID} INVITATION"]


def test_when_the_table_does_not_answer_the_records_come_again_and_are_counted(stack, track, capsys):
    stack.failures["UpdateItem"] = "ThrottlingException"

    assert len(failed(track(batch("sent", "answered")))) == 2
    assert marks(stack) == {}
    log = capsys.readouterr().out
    assert counted(log, "RecordsFailed") == [2]
    assert {line["reason"] for line in lines(log) if "RecordsFailed" in line} == {"track_changes"}


# Days of facts


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("captured", [(["2026-11-17"], [])]),
        ("answered", [(["2026-11-17"], [])]),
        ("erased", [(["2026-11-17"], ["2026-11-17"])]),
        ("retired", []),
    ],
)
def test_the_day_of_a_fact_is_marked_for_the_archive(stack, track, name, marked):
    assert failed(track(batch(name))) == []
    assert archive_marks(stack) == marked


def test_the_day_of_many_changes_is_marked_once_for_the_archive(stack, track):
    for name in ("captured", "sent", "answered"):
        track(batch(name))

    assert archive_marks(stack) == [(["2026-11-17"], [])]
    assert sum("CHANGED" in str(call.params) for call in stack.calls) == 1


# Words about addresses


def objections(stack):
    return list(LedgerTable(stack.dynamodb, "ledger", "afterbill").objections())


def test_an_objection_and_its_lifting_reach_the_ledger_whatever_comes_twice(stack, track):
    for names in (("objected", "lifted"), ("objected",)):
        assert failed(track(batch(*names))) == []

    (word,) = objections(stack)
    assert (word.address_hash, word.reason) == (HASH, None)
    assert LedgerTable(stack.dynamodb, "ledger", "afterbill").missing() == 0


def test_an_objection_that_cannot_be_noted_comes_again_and_holds_up_no_day(stack, track):
    stack.failures["TransactWriteItems"] = "ThrottlingException"

    assert failed(track(batch("objected", "answered"))) == ["111000000000000000000007"]
    assert sorted(marks(stack)) == ["2026-11-20", "2026-11-22"]
