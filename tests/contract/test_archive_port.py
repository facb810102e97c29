"""The archive's table, files, rows and queue, in memory and on AWS."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.items import encode, invitation_item
from afterbill.insight.archive.rows import row_of
from afterbill.insight.ports import ArchiveState, ChangeMark
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import NO_DAY, Answer
from afterbill_cli.memory.archive import JsonRows, MemoryArchive, MemoryFiles, MemoryReportQueue
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.columns import COMMENTS, FACTS
from tests.contract.conftest import REGION, TABLE, clock
from tests.contract.erasing import in_memory, on_aws
from tests.contract.people import DUE, ID, NOW, OTHER_ID, THIRD_ID, invitation, sent

PERIOD = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
FACT_AT = DUE - timedelta(days=3, minutes=1)
THAT_HOUR = FACT_AT.replace(minute=0)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Stored:
    marks: Any
    table: Any
    world: Any


@pytest.fixture
def archive(world):
    if world.dynamodb is None:
        table = MemoryArchive(world.facts.invitations, world.facts.unreadable)
        return Stored(table, table, world)
    return Stored(ArchiveMarksTable(world.dynamodb, TABLE), ArchiveTable(world.dynamodb, TABLE, clock=clock), world)


def test_marks_are_set_once_stay_urgent_and_are_read_when_their_period_is_over(archive):
    for urgent in ((), {MONDAY}, ()):
        archive.marks.mark_changed(PERIOD, {MONDAY, TUESDAY}, urgent)
    archive.marks.mark_changed(PERIOD - HOUR, {TUESDAY}, ())

    assert archive.table.changed(PERIOD - HOUR).items == []
    assert archive.table.changed(PERIOD).items == [ChangeMark(PERIOD - HOUR, TUESDAY)]
    marks = archive.table.changed(PERIOD + HOUR).items
    assert marks[1:] == [ChangeMark(PERIOD, MONDAY, urgent=True), ChangeMark(PERIOD, TUESDAY)]


def test_exactly_the_marks_that_were_handled_are_dropped(archive):
    for period in (PERIOD, PERIOD + HOUR):
        archive.marks.mark_changed(period, {MONDAY, TUESDAY}, {MONDAY})
    done = ChangeMark(PERIOD, MONDAY), ChangeMark(PERIOD, TUESDAY), ChangeMark(PERIOD + HOUR, MONDAY, urgent=True)
    left = ChangeMark(PERIOD + HOUR, TUESDAY)

    for _ in range(2):
        archive.table.drop(done, [left])
        assert archive.table.changed(PERIOD + 2 * HOUR).items == [left]

    archive.table.drop([left], [])
    assert archive.table.changed(PERIOD + 2 * HOUR).items == []


def test_what_is_left_alone_is_not_touched(archive):
    archive.marks.mark_changed(PERIOD, {MONDAY}, ())
    archive.table.drop([], [ChangeMark(PERIOD, MONDAY)])

    assert archive.table.changed(PERIOD + HOUR).items == [ChangeMark(PERIOD, MONDAY)]


def test_the_state_is_what_was_stored(archive):
    assert archive.table.archive_state() == ArchiveState()
    for state in (ArchiveState(frozen=MONDAY), ArchiveState(TUESDAY, MONDAY, MONDAY)):
        archive.table.store_archive_state(state)
        assert archive.table.archive_state() == state


def test_one_run_at_a_time_has_the_lease(archive):
    take = archive.table.take_lease
    assert take("one", NOW, NOW + HOUR)
    assert take("one", NOW, NOW + HOUR)
    assert not take("other", NOW, NOW + HOUR)

    archive.table.release_lease("other")
    assert not take("other", NOW, NOW + HOUR)
    archive.table.release_lease("one")
    assert take("other", NOW, NOW + HOUR)
    assert take("third", NOW + HOUR, NOW + 2 * HOUR)


# Facts by their hour


def commit(archive, one):
    assert archive.world.facts.commit(FactWrites(invitation=one))
    return one


def found(archive, *hours):
    ids = archive.table.fact_ids(hours or (THAT_HOUR,))
    return {one.id: one for one in archive.table.facts(ids, consistent=True)}


def test_a_fact_is_found_by_its_hour_of_utc_whatever_became_of_it(archive):
    one = sent(archive.world, invitation(ID))
    skipped = commit(archive, invitation(OTHER_ID, objects={}, state="closed", reason="cooldown"))
    commit(archive, invitation(THIRD_ID, objects={}, occurred_at=FACT_AT + HOUR))

    assert set(found(archive)) == {one.id, skipped.id}
    assert set(found(archive, THAT_HOUR, THAT_HOUR + HOUR)) == {ID, OTHER_ID, THIRD_ID}
    assert set(found(archive, THAT_HOUR - HOUR)) == set()


def test_an_answer_is_there_as_it_stands(archive):
    sent(archive.world, invitation(ID))
    archive.world.responses.record(ID, Answer(9, "words"), NOW, "2026-11-22")

    assert found(archive)[ID].answer == Answer(9, "words")


def test_a_test_is_no_fact(archive):
    commit(archive, invitation(ID, answered_day=NO_DAY))

    assert found(archive) == {}


def test_an_answer_from_elsewhere_is_one(archive):
    given = {"answer": Answer(9), "answered_at": NOW, "answered_day": "2026-11-22"}
    world = archive.world
    table = ExternalResponsesTable(world.dynamodb, TABLE) if world.dynamodb else world.facts
    table.keep_answer(invitation(ID, state="closed", reason="collected", **given))

    assert set(found(archive)) == {ID}


def test_more_facts_than_one_call_reads_are_all_found(archive):
    ids = {f"{number:032x}" for number in range(205)}
    for id_ in ids:
        archive.world.facts.commit(FactWrites(invitation=invitation(id_, objects={})))

    assert set(found(archive)) == ids


def test_of_a_removed_person_the_row_is_found_at_noon_and_the_tombstone_is_not(request, archive):
    world = archive.world
    privacy = on_aws(world, request.getfixturevalue("aws")) if world.dynamodb else in_memory(world)
    sent(world, invitation(ID))
    privacy.forget()

    noon = NOW.replace(hour=12, minute=0, second=0)
    (row,) = found(archive, noon).values()
    assert (row.sent_day, row.customer_id) == ("2026-11-22", "")
    assert found(archive) == {}


def test_what_cannot_be_read_is_an_error_in_its_place(archive):
    commit(archive, invitation(ID))
    commit(archive, invitation(OTHER_ID, objects={}))
    if archive.world.dynamodb:
        item = invitation_item(invitation(ID)) | encode({"state": "dreaming"})
        archive.world.dynamodb.put_item(TableName=TABLE, Item=item)
    else:
        archive.table.unreadable.add(ID)

    read = list(archive.table.facts(archive.table.fact_ids([THAT_HOUR]), consistent=False))
    assert sorted(type(one).__name__ for one in read) == ["Invitation", "UnreadableError"]


def test_a_mark_or_a_state_that_nobody_can_read_is_named(aws_world):
    table = ArchiveTable(aws_world.dynamodb, TABLE, clock=clock)
    aws_world.dynamodb.put_item(
        TableName=TABLE, Item=keys.key("CHANGED", "2026-11-22T14:00Z") | encode({"days": {"someday"}})
    )
    aws_world.dynamodb.put_item(TableName=TABLE, Item=keys.archived() | encode({"nightly": "someday"}))

    assert table.changed(PERIOD + HOUR).unreadable == ["CHANGED 2026-11-22T14:00Z: ValueError"]
    with pytest.raises(UnreadableError, match="STATE archive"):
        table.archive_state()


# Files


@pytest.fixture(params=["memory", "aws"])
def files(request):
    if request.param == "memory":
        return MemoryFiles()
    s3 = request.getfixturevalue("aws")("s3")
    s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Files(s3, "archive")


def test_a_file_is_what_was_put_there_last(files):
    assert files.get("facts/a") is None
    for body in (b"one", b"two"):
        files.put("facts/a", body)

    assert files.get("facts/a") == b"two"


def test_names_come_in_order_by_their_beginning_and_deleted_files_are_gone(files):
    for name in ("facts/b", "facts/a", "comments/a"):
        files.put(name, b"")
    assert files.names("facts/") == ["facts/a", "facts/b"]

    files.delete(["facts/a", "facts/never"])
    assert files.names("") == ["comments/a", "facts/b"]
    files.delete([])


def test_errors_of_s3_are_those_that_pass_or_are_raised(aws):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Files(aws("s3"), "nowhere").get("facts/a")

    class Half:
        def delete_objects(self, **_):
            return {"Errors": [{"Code": "SlowDown"}]}

    with pytest.raises(TransientError, match="1 files of the archive were not deleted: SlowDown"):
        S3Files(Half(), "archive").delete(["facts/a"])


# Rows


@pytest.fixture(params=["memory", "parquet"])
def rows(request, tmp_path):
    return JsonRows() if request.param == "memory" else ParquetRows(connect(tmp_path, 300, threads=1), tmp_path)


SURVEY = invitation(
    ID,
    products=('Seats; "two"', "Ünïcode\n"),
    segments={"plan": "pro", "question": "nps", "zeta": "1", "alpha": "2"},
    answer=Answer(0, "words"),
    answered_at=NOW + timedelta(microseconds=1),
    answered_day="2026-11-22",
)
FILLED, EMPTY = (
    row_of(SURVEY, BERLIN, "Acme"),
    row_of(replace(SURVEY, id=OTHER_ID, segments={}, products=(), answer=None), BERLIN, "Acme"),
)


def test_rows_come_back_as_they_were_in_the_order_of_their_ids(rows):
    assert rows.read(rows.written([EMPTY, FILLED], FACTS), FACTS) == [FILLED, EMPTY]


def test_the_same_rows_are_the_same_bytes_in_any_order(rows):
    many = [row_of(replace(SURVEY, id=f"{number:032x}"), BERLIN, "Acme") for number in range(3000)]

    assert rows.written(many, FACTS) == rows.written(many[::-1], FACTS)


def test_a_column_that_a_file_does_not_have_is_none(rows):
    body = rows.written([{"id": "1"}], {"id": "VARCHAR"})

    assert rows.read(body, COMMENTS) == [dict.fromkeys(COMMENTS) | {"id": "1"}]


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, -20), (20, None)], ids=["empty", "cut off", "begun late"])
def test_a_damaged_file_is_told(rows, begin, end):
    with pytest.raises(UnreadableError, match="damaged"):
        rows.read(rows.written([FILLED], FACTS)[begin:end], FACTS)


def test_parquet_leaves_nothing_in_its_folder_and_is_one_group_of_rows(tmp_path):
    database = connect(tmp_path / "scratch", 300, threads=1)
    body = ParquetRows(database, tmp_path / "scratch").written([FILLED, EMPTY], FACTS)

    assert list((tmp_path / "scratch").glob("*.*")) == []
    (tmp_path / "one.parquet").write_bytes(body)
    name = str(tmp_path / "one.parquet")
    groups = database.execute("SELECT count(DISTINCT row_group_id) FROM parquet_metadata(?)", [name]).fetchone()
    described = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", [name]).fetchall()
    assert groups == (1,)
    assert {column: kind for column, kind, *_ in described} == dict(FACTS)


# The queue


def test_a_message_is_json_in_the_queue(aws):
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="reports")["QueueUrl"]
    said, twin = {"kind": "stored", "nightly": True}, MemoryReportQueue()

    for queue in (SqsReportQueue(sqs, url), twin):
        queue.send(said)

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == said
    assert twin.messages == [said]
